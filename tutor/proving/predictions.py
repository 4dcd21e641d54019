"""A predict step proved: its code runs, twice alike, and what it asks for has a value."""

from __future__ import annotations

import asyncio

from tutor.autograd import Observation, Program, Run
from tutor.judging.outcomes import exception_text
from tutor.packs.format import PredictStep
from tutor.proving.proved import Findings
from tutor.proving.runs import differing, how_it_ended, setup_line
from tutor.words import _

_SLIPS = frozenset({"NameError", "UnboundLocalError", "ModuleNotFoundError", "ImportError", "SyntaxError"})
"""Errors of an author's own typing: nobody is asked to predict those."""


async def prove_prediction(step: PredictStep, findings: Findings, run: Run) -> None:
    program = Program(source=step.code, filename="code.py", setup=step.setup, probes=(step.ask,), collect=frozenset())
    seen, again = await asyncio.gather(run(program), run(program))
    before = len(findings.problems)
    if seen.outcome == "ok":
        _value(step, seen, findings)
    else:
        _broken(step, seen, findings)
    difference = differing(seen, again)
    if difference is not None and len(findings.problems) == before:
        message = _("found two runs of the code that differ in {what}; expected them to be alike, to be predictable")
        findings.say(("code",), message.format(what=difference), "not-deterministic")
    if len(findings.problems) == before:
        findings.held.append("prediction")


def _value(step: PredictStep, seen: Observation, findings: Findings) -> None:
    probe = seen.probes[0] if seen.probes else None
    if probe is None or (probe.value is None and probe.error is None):
        findings.say(("ask",), _("found no value for `ask`; expected one after the code ran"), "no-value")
    elif probe.error is not None and probe.error.type in {*_SLIPS, "AttributeError"}:
        message = _("found {error} for `ask`; expected an expression that has a value after the code ran")
        findings.say(("ask",), message.format(error=exception_text(probe.error)), "no-value")
    elif probe.error is not None:
        _is_error(step, exception_text(probe.error), findings)


def _broken(step: PredictStep, seen: Observation, findings: Findings) -> None:
    line = setup_line(seen)
    if line is not None:
        message = _("found a setup that ends in {error}; expected it to run to its end")
        findings.say(("setup",), message.format(error=how_it_ended(seen)), "setup", line=line)
    elif seen.outcome != "exception" or seen.exception is None or seen.exception.type in _SLIPS:
        message = _("found code that ends in {error}; expected it to run, or to raise an error worth predicting")
        at = seen.exception.line if seen.exception else None
        findings.say(("code",), message.format(error=how_it_ended(seen)), "code", line=at)
    else:
        _is_error(step, how_it_ended(seen), findings)


def _is_error(step: PredictStep, error: str, findings: Findings) -> None:
    """``error`` is a fair thing to predict; if no word of the step speaks of one, the author may not know."""
    findings.held.append("prediction")
    words = " ".join([step.text, step.why or "", *step.hints]).lower()
    if not any(word in words for word in ("error", "raise", "exception", "fail", error.partition(":")[0].lower())):
        message = _("the right prediction is `error`: the code ends in {error}")
        findings.note(("ask",), message.format(error=error), "predicts-error")
