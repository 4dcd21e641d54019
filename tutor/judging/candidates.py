"""Judging changed programs, of which many are tried and most fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tutor.autograd import Observation, Run
from tutor.judging.assess import judge
from tutor.judging.programs import answer_program, reference_program, setups
from tutor.judging.references import References
from tutor.judging.verdict import Verdict
from tutor.packs.format import CodeStep


def candidate_judge(
    step: CodeStep, run: Run, references: References, *, filename: str = "answer.py"
) -> Callable[[str], Awaitable[Verdict]]:
    """Return what judges a changed answer to ``step`` as :func:`tutor.judging.assess` does, with fewer runs.

    The variants wait until the step's own input holds, nothing is brought back but what the checks look at, and
    foreseen mistakes are left out. A text that was judged before is not run again.
    """
    known: dict[str, Verdict] = {}

    async def seen(code: str, setup: str) -> Observation:
        return await run(replace(answer_program(step, code, setup, filename), collect=frozenset()))

    async def judged(code: str) -> Verdict:
        if code not in known:
            own_setup, *others = setups(step)
            solutions = [await references.observe(reference_program(step, setup)) for setup in setups(step)]
            own = await seen(code, own_setup)
            verdict = judge(step, code, [own], solutions)
            if others and verdict.internal is None and all(check.passed for check in verdict.checks):
                rest = await asyncio.gather(*(seen(code, setup) for setup in others))
                verdict = judge(step, code, [own, *rest], solutions)
            known[code] = verdict
        return known[code]

    return judged
