"""An answer against its step: everything is run at once, then held against the checks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tutor.autograd import Observation, Run
from tutor.judging.checking import Broken, check_values
from tutor.judging.foreseen import foresee
from tutor.judging.outcomes import came_from_answer, exception_text
from tutor.judging.programs import answer_program, reference_program, setups
from tutor.judging.references import References
from tutor.judging.structure import check_structure
from tutor.judging.verdict import Assessment, CheckResult, Verdict
from tutor.packs.format import CodeStep
from tutor.words import _

_HOPELESS = frozenset({"syntax-error", "timeout", "memory-limit", "output-limit", "crashed", "cancelled", "internal"})
"""Outcomes on the step's own input after which its variants are not waited for."""


async def assess(
    step: CodeStep,
    answer: str,
    run: Run,
    references: References,
    *,
    filename: str = "answer.py",
    with_mistakes: bool = True,
) -> Assessment:
    """Judge ``answer``, on the step's own setup and on every variant.

    ``with_mistakes``: after a failure also run the mistakes that the author foresaw, and say so if the answer gives
    the same wrong result; :func:`tutor.judging.foresee` does it later. Never raises for what an answer or a pack does.
    """
    own, *others = [asyncio.ensure_future(run(answer_program(step, answer, setup, filename))) for setup in setups(step)]
    solutions = asyncio.gather(*(references.observe(reference_program(step, setup)) for setup in setups(step)))
    try:
        observation = await own
        hopeless = observation.outcome in _HOPELESS
        seen = [observation] if hopeless else [observation, *await asyncio.gather(*others)]
        reference_runs = await solutions
    finally:
        solutions.cancel()
        for task in (own, *others):
            task.cancel()
        await asyncio.gather(own, *others, solutions, return_exceptions=True)
    assessment = Assessment(
        verdict=judge(step, answer, seen, reference_runs),
        observation=observation,
        others=tuple(seen[1:]),
    )
    return await foresee(step, answer, assessment, references) if with_mistakes else assessment


def judge(step: CodeStep, answer: str, seen: Sequence[Observation], references: Sequence[Observation]) -> Verdict:
    """Return the verdict on runs that have been seen: ``seen`` and ``references`` on the step's own setup, then on its
    variants in order. ``seen`` may be shorter, where the first run made the others pointless."""
    own = seen[0]
    fault = _fault_of_ours(own)
    if fault is not None:
        return Verdict(passed=False, outcome=own.outcome, checks=(), internal=fault)
    try:
        values = check_values(step, own, references[0])
        held, failing = _other_inputs(step, seen, references) if _all_passed(values) else (0, ())
    except Broken as broken:
        text = _("{why} This is a fault of the lesson, not of your answer.").format(why=broken.why)
        return Verdict(passed=False, outcome=own.outcome, checks=(), internal=text)
    results = (*values, *check_structure(step, answer, own), *failing)
    ended_well = own.outcome == "ok" or any(check.kind == "raises" and check.passed for check in values)
    return Verdict(
        passed=ended_well and _all_passed(results) and held == len(step.variants),
        outcome=own.outcome,
        checks=results,
        other_inputs=held,
    )


def _fault_of_ours(own: Observation) -> str | None:
    if own.outcome == "internal":
        text = _("Your answer could not be run, and the fault is not yours: {detail}")
        return text.format(detail=own.detail or _("the runner failed.")).strip()
    if own.exception is not None and not came_from_answer(own.exception):
        text = _("The setup of this step does not run: {error}. This is a fault of the lesson, not of your answer.")
        return text.format(error=exception_text(own.exception).rstrip("."))
    return None


def _other_inputs(
    step: CodeStep, seen: Sequence[Observation], references: Sequence[Observation]
) -> tuple[int, tuple[CheckResult, ...]]:
    """Return on how many variants the answer held, and the failed checks of the first on which it did not."""
    held = 0
    pairs = zip(step.variants, seen[1:], references[1:], strict=False)
    for number, (variant, observation, reference) in enumerate(pairs, 1):
        results = check_values(step, observation, reference)
        failing = tuple(result for result in results if not result.passed)
        if failing:
            return held, tuple(_on_variant(result, number, step.setup, variant.setup) for result in failing)
        held += 1
    return held, ()


def _on_variant(result: CheckResult, number: int, own_setup: str, setup: str) -> CheckResult:
    text = _("On another input, `{input}`: {text}").format(input=input_in_short(setup, own_setup), text=result.text)
    return replace(result, text=text, variant=number, variant_setup=setup)


def input_in_short(setup: str, own_setup: str) -> str:
    """Return the lines of a variant's setup that its step's own setup has not, on one line."""
    known = {line.strip() for line in own_setup.splitlines()}
    lines = [line.strip() for line in setup.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    text = "; ".join([line for line in lines if line not in known] or lines)
    return text if len(text) <= 120 else text[:119] + "…"


def _all_passed(checks: Sequence[CheckResult]) -> bool:
    return all(check.passed for check in checks)
