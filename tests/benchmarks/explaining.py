"""From failure to a full explanation with verified fixes: ``python tests/benchmarks/explaining.py [REPEATS]``.

The programs are the kinds' own cases, lengthened to about twenty lines. Measured on a warm server, the failing run not
counted, the run under observation and the trial of every change counted.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from tutor.autograd import Program
from tutor.explaining import explain
from tutor.explaining.registry import all_kinds
from tutor.running import Runner

LINES = 20
PAUSE = 0.2
"""Seconds between explanations: a learner does not fail faster, and new spares are made meanwhile."""


def lengthened(source: str) -> str:
    """The program with harmless lines before it, up to twenty in all."""
    missing = max(0, LINES - source.count("\n"))
    return "".join(f"unused_{number} = {number}\n" for number in range(missing)) + source


async def measured(runner: Runner, source: str, setup: str) -> tuple[float, int]:
    """Milliseconds from failure to explanation, and how many verified fixes it has."""
    program = Program(source=lengthened(source), setup=setup)
    observation = await runner.run(program)
    await asyncio.sleep(PAUSE)
    began = time.perf_counter()
    told = await explain(program, observation, runner.run)
    elapsed = 1000 * (time.perf_counter() - began)
    return elapsed, sum(fix.verified for one in told for fix in one.fixes)


async def main(repeats: int) -> None:
    times: list[float] = []
    fixes: list[int] = []
    slowest: tuple[float, str] = (0.0, "")
    async with Runner() as runner:
        for _ in range(repeats):
            for kind in all_kinds():
                for case in kind.cases[:1]:
                    elapsed, verified = await measured(runner, case.code, case.setup)
                    times.append(elapsed)
                    fixes.append(verified)
                    slowest = max(slowest, (elapsed, kind.slug))
    times.sort()
    print(f"{len(times)} explanations, {sum(fixes) / len(fixes):.1f} verified fixes each")
    print(f"median {statistics.median(times):.0f} ms, 90 % within {times[int(0.9 * len(times))]:.0f} ms")
    print(f"slowest {slowest[0]:.0f} ms ({slowest[1]})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
