"""What the fence costs: a process forked and ended, with walls and without, in turns, in one run.

    python tests/benchmarks/fence.py [rounds]

Raised while a spare waits, the walls are not in the learner's way at all; this is what they would cost if they were.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time

from tutor.autograd import Limits
from tutor.running.fence import prepare, raise_walls, wipe
from tutor.running.preloading import preload


def _forked(folder: str, fenced: bool) -> float:
    """Milliseconds from the fork until the child has ended."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        if fenced:
            raise_walls(folder, Limits())
        os._exit(0)
    os.waitpid(pid, 0)
    return 1000 * (time.perf_counter() - began)


def _raised(folder: str) -> tuple[str, ...]:
    """The walls that stand in a child."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, " ".join(raise_walls(folder, Limits())).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as words:
        walls = tuple(words.read().split())
    os.wait()
    return walls


def main(rounds: int = 300) -> None:
    preload()
    prepare()
    gc.freeze()
    folder = tempfile.mkdtemp()
    try:
        print("walls:", ", ".join(_raised(folder)))
        without, within = [], []
        for _ in range(rounds):
            without.append(_forked(folder, fenced=False))
            within.append(_forked(folder, fenced=True))
        for name, times in (("without", without), ("with", within)):
            tenths = statistics.quantiles(times, n=10)
            print(f"{name:>8}: {statistics.median(times):6.2f} ms median, {tenths[0]:6.2f} ms for the quickest tenth")
        extra = statistics.median(within) - statistics.median(without)
        quick = statistics.quantiles(within, n=10)[0] - statistics.quantiles(without, n=10)[0]
        print(f"the fence costs {extra:.2f} ms a process, {quick:.2f} where the machine is free (expected: 3 or less)")
    finally:
        wipe(folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
    sys.stdout.flush()
    # what torch does at the end belongs to the server's life, and is not measured
    os._exit(0)
