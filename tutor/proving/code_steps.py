"""A code step proved: the solution passes, and nothing passes that should not."""

from __future__ import annotations

import asyncio
import re

from tutor.autograd import Observation, Run
from tutor.judging import CheckResult, References, Verdict, assess
from tutor.judging.outcomes import is_a
from tutor.judging.programs import is_meant_to_raise, reference_program, setups, value_checks
from tutor.packs.format import AvoidsCheck, Check, CodeStep, RaisesCheck, UsesCheck
from tutor.proving.foreseen import prove_mistakes
from tutor.proving.proved import Findings
from tutor.proving.runs import differing, how_it_ended, same_probe, setup_line
from tutor.text import safe_line
from tutor.words import _


async def prove_code(step: CodeStep, findings: Findings, run: Run, references: References) -> None:
    """Say what keeps ``step`` from being proven. What rests on the solution is tried only if the solution runs."""
    if not await _solution_runs(step, findings, run, references):
        return
    verdict = (await assess(step, step.solution, run, references, filename="solution.py", with_mistakes=False)).verdict
    if not verdict.passed:
        _solution_fails(step, verdict, findings)
        return
    findings.held.append("solution")
    await _starter(step, findings, run, references)
    await _variants(step, findings, references)
    await prove_mistakes(step, findings, run, references)


async def _solution_runs(step: CodeStep, findings: Findings, run: Run, references: References) -> bool:
    """Run the solution twice on each input. It must end as it is meant to, and alike."""
    before = len(findings.problems)
    programs = [reference_program(step, setup) for setup in setups(step)]
    first = await asyncio.gather(*(references.observe(program) for program in programs))
    second = await asyncio.gather(*(run(program) for program in programs))
    for number, (seen, again) in enumerate(zip(first, second, strict=True)):
        part: tuple[str | int, ...] = ("setup",) if number == 0 else ("variants", number - 1, "setup")
        if not _ended_well(step, seen, part, findings):
            continue
        _raises(step, seen, findings)
        difference = differing(seen, again)
        if difference is not None:
            message = _("found two runs of the solution that differ in {what}; expected them to be alike")
            findings.say(("solution",), message.format(what=difference), "not-deterministic")
    return len(findings.problems) == before


def _ended_well(step: CodeStep, seen: Observation, part: tuple[str | int, ...], findings: Findings) -> bool:
    if seen.outcome == "ok" or (is_meant_to_raise(step) and seen.outcome == "exception" and setup_line(seen) is None):
        return True
    line = setup_line(seen)
    if line is not None:
        message = _("found a setup that ends in {error}; expected it to run to its end")
        findings.say(part, message.format(error=how_it_ended(seen)), "setup", line=line)
    else:
        where = _(" on this variant") if part[0] == "variants" else ""
        message = _("found a solution that ends in {error}{where}; expected it to run to its end")
        at = seen.exception.line if seen.exception else None
        place = part if where else ("solution",)
        text = message.format(error=how_it_ended(seen), where=where)
        findings.say(place, text, "solution", line=None if where else at)
    return False


def _raises(step: CodeStep, seen: Observation, findings: Findings) -> None:
    """A solution that is meant to raise must raise just that, on every input."""
    for number, check in enumerate(step.checks):
        if not isinstance(check, RaisesCheck):
            continue
        wanted = check.raises if check.match is None else f"{check.raises}, {check.match}"
        exception = seen.exception
        if exception is None:
            message = _("found a solution that raises nothing; expected {wanted}")
            findings.say(("checks", number), message.format(wanted=wanted), "raises")
        elif not is_a(exception, check.raises) or not re.search(check.match or "", exception.message):
            message = _("found a solution that ends in {found}; expected {wanted}")
            text = message.format(found=how_it_ended(seen), wanted=safe_line(wanted))
            findings.say(("checks", number), text, "raises")


def _solution_fails(step: CodeStep, verdict: Verdict, findings: Findings) -> None:
    if verdict.internal is not None:
        findings.say(
            ("solution",), _("found a step that cannot be judged: {why}").format(why=verdict.internal), "judging"
        )
    for result in verdict.checks:
        if result.passed:
            continue
        part: tuple[str | int, ...] = ("checks", _check_number(step, result))
        if result.variant is not None:
            part = ("variants", result.variant - 1)
        message = _("found a solution that fails this: {text} Expected it to pass every check on every variant")
        findings.say(part, message.format(text=safe_line(result.text)), "solution")
    if verdict.internal is None and all(result.passed for result in verdict.checks):
        message = _("found a solution that does not pass ({outcome}); expected it to")
        findings.say(("solution",), message.format(outcome=verdict.outcome), "solution")


def _check_number(step: CodeStep, result: CheckResult) -> int:
    return next((number for number, check in enumerate(step.checks) if _is_of(check, result)), 0)


def _is_of(check: Check, result: CheckResult) -> bool:
    if isinstance(check, UsesCheck):
        return result.kind == "uses" and result.label in check.uses
    if isinstance(check, AvoidsCheck):
        return result.kind == "avoids" and result.label in check.avoids
    if isinstance(check, RaisesCheck):
        return result.kind == "raises"
    return result.kind == "value" and result.label == check.value


async def _starter(step: CodeStep, findings: Findings, run: Run, references: References) -> None:
    seen = await assess(step, step.starter, run, references, filename="starter.py", with_mistakes=False)
    if not seen.verdict.passed:
        findings.held.append("starter")
        return
    if step.starter.strip():
        message = _("found a starter that passes already; expected it to fail until the learner has changed it")
    else:
        message = _("found checks that an empty answer passes; expected them to fail until the learner has written one")
    findings.say(("starter",), message, "starter")


async def _variants(step: CodeStep, findings: Findings, references: References) -> None:
    """Values that are the same on every input can be copied from one run of the solution."""
    checks = value_checks(step)
    if not step.variants or not checks:
        return
    seen = [await references.observe(reference_program(step, setup)) for setup in setups(step)]
    constant = [check.value for check in checks if all(_same(check.value, seen[0], other) for other in seen[1:])]
    if len(constant) == len(checks):
        message = _("found variants on which {values} is what it is without them; expected a variant that changes it, ")
        message += _("or a copied value passes")
        findings.say(("variants", 0), message.format(values=_listed(constant)), "hard-coded")
        return
    gradients = [value for value in constant if value.endswith(".grad")]
    if gradients:
        message = _("{values} is the same on every variant: a copied gradient passes")
        findings.note(("variants", 0), message.format(values=_listed(gradients)), "hard-coded")
    findings.held.append("variants")


def _listed(values: list[str]) -> str:
    return ", ".join(f"`{safe_line(value, 60)}`" for value in dict.fromkeys(values))


def _same(expression: str, one: Observation, other: Observation) -> bool:
    mine, theirs = (
        next((probe for probe in seen.probes if probe.expression == expression), None) for seen in (one, other)
    )
    return mine is not None and theirs is not None and same_probe(mine, theirs)
