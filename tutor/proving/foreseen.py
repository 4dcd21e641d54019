"""Foreseen mistakes proved: each fails, and gets the words that its author meant."""

from __future__ import annotations

import asyncio

from tutor.autograd import Program, Run
from tutor.explaining import explain
from tutor.judging import Assessment, References, Verdict, assess, candidate_judge
from tutor.packs.format import CodeStep, Mistake
from tutor.proving.proved import Findings
from tutor.text import safe_line
from tutor.words import _


async def prove_mistakes(step: CodeStep, findings: Findings, run: Run, references: References) -> None:
    await asyncio.gather(
        *(_prove(step, number, mistake, findings, run, references) for number, mistake in enumerate(step.mistakes))
    )


async def _prove(
    step: CodeStep, number: int, mistake: Mistake, findings: Findings, run: Run, references: References
) -> None:
    part = ("mistakes", number)
    seen = await assess(step, mistake.code, run, references)
    if seen.verdict.passed:
        message = _("found a mistake that passes every check; expected it to fail")
        findings.say((*part, "code"), message, "mistake")
        return
    if seen.verdict.internal is not None:
        message = _("found a mistake that cannot be judged: {why}")
        findings.say((*part, "code"), message.format(why=seen.verdict.internal), "judging")
        return
    held = _has_message(step, number, mistake, seen.verdict, findings)
    if mistake.kind is not None:
        held &= await _has_kind(step, number, mistake, seen, findings, run, references)
    if held:
        findings.held.append(f"mistake {number + 1}")


def _has_message(step: CodeStep, number: int, mistake: Mistake, verdict: Verdict, findings: Findings) -> bool:
    if mistake.message is None or verdict.foreseen == mistake.message:
        return True
    others = [other for other, one in enumerate(step.mistakes) if one.message == verdict.foreseen and other != number]
    if verdict.foreseen is not None and others:
        message = _(
            "found the message of mistake {other} for this one: both give the same result; expected one of them"
        )
        findings.say(("mistakes", number, "message"), message.format(other=others[0] + 1), "mistake")
    else:
        message = _(
            "found that this message does not appear for its own code; expected a result that can be recognised"
        )
        findings.say(("mistakes", number, "message"), message, "mistake")
    return False


async def _has_kind(
    step: CodeStep,
    number: int,
    mistake: Mistake,
    seen: Assessment,
    findings: Findings,
    run: Run,
    references: References,
) -> bool:
    judged = candidate_judge(step, run, references)
    program = Program(source=mistake.code, setup=step.setup)
    found = await explain(program, seen.observation, run, verdict=seen.verdict, judge=judged)
    kinds = [explanation.kind for explanation in found]
    if mistake.kind in kinds:
        return True
    message = _("found {found}; expected the explanation `{kind}` for this code")
    shown = _("the explanation {kinds}").format(kinds=", ".join(f"`{kind}`" for kind in kinds))
    text = message.format(found=shown if kinds else _("no explanation"), kind=safe_line(mistake.kind or ""))
    findings.say(("mistakes", number, "kind"), text, "mistake")
    return False
