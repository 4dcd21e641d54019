"""A thousand runs of mixed honest and hostile programs: outcomes, lateness, orphans, files, memory.

    python tests/benchmarks/thousand_runs.py [runs]

Prints the figures that ``docs/reliability.md`` quotes. Four runs are under way at once.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.hostile.processes import resident_bytes, started_with
from tests.hostile.programs import HONEST, HOSTILE, Hostile
from tutor.running import Runner

_AT_ONCE = 4


@dataclass
class Figures:
    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    honest_harmed: int = 0
    late_ms: list[float] = field(default_factory=list)


async def _one(runner: Runner, hostile: Hostile | None, figures: Figures) -> None:
    program = HONEST if hostile is None else hostile.program
    seen = await runner.run(program)
    figures.runs += 1
    figures.outcomes[seen.outcome] += 1
    if hostile is None:
        figures.honest_harmed += (seen.outcome, seen.stdout) != ("ok", "done\n")
    elif seen.outcome not in hostile.outcomes:
        figures.unexpected.append(f"{hostile.name}: {seen.outcome} ({seen.detail})")
    if seen.outcome == "timeout" and "wall" in seen.detail:
        figures.late_ms.append(seen.elapsed_ms - 1000 * program.limits.wall_seconds)


async def _all(runner: Runner, runs: int, figures: Figures, first: int = 0) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def gated(number: int) -> None:
        async with gate:
            await _one(runner, None if number % 2 else HOSTILE[number // 2 % len(HOSTILE)], figures)

    await asyncio.gather(*map(gated, range(first, first + runs)))


def _trim() -> None:
    """Have the C library give back what it keeps for later: what is left is in use."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@dataclass(frozen=True)
class Memory:
    """MiB of this process, as the screen's would be, before and after giving back what is free; its live objects;
    MiB of the server."""

    client: float
    client_in_use: float
    objects: int
    server: float

    @classmethod
    def now(cls, folder: str) -> Memory:
        gc.collect()
        client = resident_bytes(os.getpid())
        _trim()
        in_use = resident_bytes(os.getpid())
        servers = max((resident_bytes(pid) for pid in started_with(folder)), default=0)
        return cls(client / 2**20, in_use / 2**20, len(gc.get_objects()), servers / 2**20)

    def __str__(self) -> str:
        return (
            f"client {self.client:.1f} MiB, {self.client_in_use:.1f} in use, {self.objects:,} objects; "
            f"server {self.server:.1f} MiB"
        )


def _report(figures: Figures, took: float) -> None:
    print(f"{figures.runs} runs in {took:.0f} s: {dict(figures.outcomes.most_common())}")
    print(f"outcomes that were not right: {len(figures.unexpected)}", *figures.unexpected, sep="\n  ")
    print(f"honest runs harmed: {figures.honest_harmed} of {figures.runs // 2}")
    late = sorted(figures.late_ms)
    if late:
        print(
            f"ended after the wall-time limit, four at once: median {late[len(late) // 2]:.0f} ms, worst {late[-1]:.0f} ms"
        )


async def _late_alone(runner: Runner, rounds: int = 5) -> list[float]:
    """Milliseconds after the wall-time limit, one run at a time, for each program that is to run out of time."""
    late = []
    for hostile in HOSTILE:
        for _ in range(rounds if hostile.outcomes == ("timeout",) and hostile.limits.wall_seconds < 1 else 0):
            began = time.perf_counter()
            await runner.run(hostile.program)
            late.append(1000 * (time.perf_counter() - began - hostile.limits.wall_seconds))
    return sorted(late)


async def main(runs: int = 1000) -> None:
    folder = tempfile.mkdtemp(prefix="thousand-")
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    figures = Figures()
    runner = Runner(spares=_AT_ONCE)
    await runner.start()
    await _all(runner, 2 * len(HOSTILE), Figures())
    print(f"after a first round: {Memory.now(folder)}")
    began = time.perf_counter()
    for quarter in range(4):
        await _all(runner, runs // 4, figures, first=quarter * runs // 4)
        print(f"after {figures.runs} runs: {Memory.now(folder)}")
    _report(figures, time.perf_counter() - began)
    alone = await _late_alone(runner)
    print(f"one at a time, {len(alone)} runs: median {alone[len(alone) // 2]:.0f} ms, worst {alone[-1]:.0f} ms")
    await runner.close()
    print(f"processes left: {len(started_with(folder))}; files left: {len(os.listdir(folder))}")  # noqa: PTH208
    Path(folder).rmdir()  # noqa: ASYNC240


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
