"""Is this wrong answer one that the author foresaw? It is when it gives the same wrong result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tutor.autograd import Observation, Probe
from tutor.judging.comparing import Wanted, compare
from tutor.judging.programs import answer_program, setups
from tutor.judging.references import References
from tutor.judging.structure import check_structure
from tutor.judging.verdict import Assessment
from tutor.packs.format import CodeStep, Mistake

_COMPARABLE = frozenset({"ok", "exception"})


async def foresee(step: CodeStep, answer: str, assessment: Assessment, references: References) -> Assessment:
    """Return the assessment with the author's words, if a foreseen mistake gives the same wrong result as the answer.

    The same result: every checked value equal, on the step's own setup and every variant, or the same exception with
    the same message; and the same structure found and missed. Mistakes are run once and kept.
    """
    verdict = assessment.verdict
    if verdict.passed or verdict.internal or not step.mistakes or verdict.outcome not in _COMPARABLE:
        return assessment
    seen = (assessment.observation, *assessment.others)
    runs = await asyncio.gather(*(_runs(step, mistake, references) for mistake in step.mistakes))
    for mistake, expected in zip(step.mistakes, runs, strict=True):
        if _same_results(seen, expected) and _same_structure(step, answer, seen[0], mistake, expected[0]):
            foreseen = replace(verdict, foreseen=mistake.message, foreseen_kind=mistake.kind)
            return replace(assessment, verdict=foreseen)
    return assessment


async def _runs(step: CodeStep, mistake: Mistake, references: References) -> Sequence[Observation]:
    programs = [
        replace(answer_program(step, mistake.code, setup, "answer.py"), collect=frozenset()) for setup in setups(step)
    ]
    return await asyncio.gather(*(references.observe(program) for program in programs))


def _same_results(seen: Sequence[Observation], expected: Sequence[Observation]) -> bool:
    return all(_same_result(mine, theirs) for mine, theirs in zip(seen, expected, strict=True))


def _same_result(mine: Observation, theirs: Observation) -> bool:
    if mine.outcome != theirs.outcome:
        return False
    if mine.exception is not None and theirs.exception is not None:
        return (mine.exception.type, mine.exception.message) == (theirs.exception.type, theirs.exception.message)
    return all(_same_probe(one, other) for one, other in zip(mine.probes, theirs.probes, strict=False))


def _same_probe(mine: Probe, theirs: Probe) -> bool:
    if mine.value is None or theirs.value is None:
        errors = [(probe.error.type, probe.error.message) for probe in (mine, theirs) if probe.error is not None]
        return len(errors) == 2 and errors[0] == errors[1]
    return compare(mine.expression, mine.value, Wanted(theirs.value)).equal


def _same_structure(step: CodeStep, answer: str, mine: Observation, mistake: Mistake, theirs: Observation) -> bool:
    found = [
        [check.passed for check in check_structure(step, *pair)] for pair in ((answer, mine), (mistake.code, theirs))
    ]
    return found[0] == found[1]
