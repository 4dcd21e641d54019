"""A thousand runs of mixed honest and hostile programs: outcomes, lateness, orphans, files, memory.

    python tests/benchmarks/thousand_runs.py [runs]

Prints the figures that ``docs/reliability.md`` quotes. Four runs are under way at once.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.hostile.processes import resident_bytes, started_with
from tests.hostile.programs import HONEST, HOSTILE, Hostile
from tutor.running import Runner

_AT_ONCE = 4
_WARMING_RUNS = 50


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


async def _all(runner: Runner, runs: int, figures: Figures) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def gated(number: int) -> None:
        async with gate:
            await _one(runner, None if number % 2 else HOSTILE[number // 2 % len(HOSTILE)], figures)

    await asyncio.gather(*map(gated, range(runs)))


def _memory(folder: str) -> tuple[float, float]:
    """MiB of this process, as the screen's would be, and of the servers."""
    gc.collect()
    servers = max((resident_bytes(pid) for pid in started_with(folder)), default=0)
    return resident_bytes(os.getpid()) / 2**20, servers / 2**20


async def main(runs: int = 1000) -> None:
    folder = tempfile.mkdtemp(prefix="thousand-")
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    figures = Figures()
    runner = Runner(spares=_AT_ONCE)
    await runner.start()
    await _all(runner, max(_WARMING_RUNS, 2 * len(HOSTILE)), Figures())
    before = _memory(folder)
    began = time.perf_counter()
    await _all(runner, runs, figures)
    took = time.perf_counter() - began
    after = _memory(folder)
    await runner.close()
    print(f"{figures.runs} runs in {took:.0f} s: {dict(figures.outcomes.most_common())}")
    print(f"outcomes that were not right: {len(figures.unexpected)}", *figures.unexpected, sep="\n  ")
    print(f"honest runs harmed: {figures.honest_harmed} of {runs // 2}")
    late = sorted(figures.late_ms)
    print(f"ended after the wall-time limit: median {late[len(late) // 2]:.0f} ms, worst {late[-1]:.0f} ms")
    print(f"processes left: {len(started_with(folder))}; files left: {len(list(Path(folder).iterdir()))}")  # noqa: ASYNC240
    for name, was, now in zip(("client", "server"), before, after, strict=True):
        print(f"memory of the {name}: {was:.1f} MiB before, {now:.1f} MiB after")
    Path(folder).rmdir()  # noqa: ASYNC240


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
