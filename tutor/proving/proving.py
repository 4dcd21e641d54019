"""Lessons proved step by step, a few steps at a time, reported in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from tutor.autograd import Run
from tutor.judging import References
from tutor.packs import Loaded
from tutor.packs.format import CodeStep, Lesson, PredictStep
from tutor.proving.code_steps import prove_code
from tutor.proving.predictions import prove_prediction
from tutor.proving.proved import Findings, StepProved

_AT_ONCE: Final = 3


async def prove(lessons: Iterable[Loaded[Lesson]], run: Run) -> AsyncGenerator[StepProved, None]:
    """Run every step of ``lessons`` and yield what was found, in order.

    Never raises for what a pack does. Closing the iterator ends what is under way.
    """
    waiting = deque((lesson, number) for lesson in lessons for number in range(len(lesson.value.steps)))
    under_way: deque[asyncio.Task[StepProved]] = deque()
    references = References(run)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < _AT_ONCE:
                under_way.append(asyncio.create_task(_prove_step(*waiting.popleft(), run, references)))
            yield await under_way[0]
            under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await references.close()


async def _prove_step(lesson: Loaded[Lesson], number: int, run: Run, references: References) -> StepProved:
    findings = Findings(lesson, number)
    step = lesson.value.steps[number]
    if isinstance(step, CodeStep):
        await prove_code(step, findings, run, references)
    elif isinstance(step, PredictStep):
        await prove_prediction(step, findings, run)
    return findings.proved()
