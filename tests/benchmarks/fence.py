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
            print(f"{name:>8}: {statistics.median(times):5.2f} ms median, {statistics.quantiles(times)[2]:5.2f} ms p75")
        extra = statistics.median(b - a for a, b in zip(without, within, strict=True))
        print(f"the fence costs {extra:.2f} ms a process (expected: 3 ms or less)")
    finally:
        wipe(folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
