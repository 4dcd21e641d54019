"""Each check of a step, held against what was seen of the answer and of the solution."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tutor.autograd import Observation, PlainValue, Probe, TensorValue
from tutor.judging.comparing import Wanted, compare
from tutor.judging.literals import literal_value
from tutor.judging.outcomes import came_from_answer, exception_text, is_a, why_it_stopped
from tutor.judging.patterns import TakesForEver, is_found
from tutor.judging.programs import LIMITS, expected_expression, is_meant_to_raise
from tutor.judging.tolerance import Asked
from tutor.judging.verdict import CheckResult
from tutor.packs.format import CodeStep, RaisesCheck, ValueCheck
from tutor.text import safe_line
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Broken(Exception):  # noqa: N818 - it says what the lesson is
    """The lesson's own part of a comparison is at fault. ``why`` is for the instructor."""

    why: str


def check_values(step: CodeStep, seen: Observation, reference: Observation) -> tuple[CheckResult, ...]:
    """Return the results of the value and raises checks on one input, in the order of the step.

    Raises:
        Broken: the solution did not run as it must, or an expected value cannot be had.
    """
    _demand_sound(step, reference)
    results: list[CheckResult] = []
    for check in step.checks:
        if isinstance(check, ValueCheck):
            results.append(_value(step, check, seen, reference))
        elif isinstance(check, RaisesCheck):
            results.append(_raises(check, seen, reference))
    return tuple(results)


def _demand_sound(step: CodeStep, reference: Observation) -> None:
    if reference.outcome == "ok":
        return
    exception = reference.exception
    if reference.outcome == "exception" and exception is not None:
        if not came_from_answer(exception):
            raise Broken(_("The setup of this step does not run: {error}.").format(error=exception_text(exception)))
        if is_meant_to_raise(step):
            return
        text = _("The solution of this step does not run: line {line}: {error}.")
        raise Broken(text.format(line=exception.line, error=exception_text(exception)))
    detail = exception_text(exception) if exception is not None else reference.detail
    text = _("The solution of this step did not run to its end: {outcome} {detail}")
    raise Broken(text.format(outcome=reference.outcome, detail=detail).strip())


def _value(step: CodeStep, check: ValueCheck, seen: Observation, reference: Observation) -> CheckResult:
    wanted = _wanted(check, reference)
    probe = _probe(seen, check.value)
    stopped = seen.outcome != "ok" and not (seen.outcome == "exception" and is_meant_to_raise(step))
    if stopped or probe is None:
        text = _("{why} `{name}` was not looked at.").format(why=why_it_stopped(seen, LIMITS), name=check.value)
        return CheckResult(kind="value", label=check.value, passed=False, cause="not-run", want=wanted.value, text=text)
    if probe.value is None:
        return CheckResult(
            kind="value",
            label=check.value,
            passed=False,
            cause="missing",
            want=wanted.value,
            text=_missing(check.value, probe),
            message=check.message,
        )
    found = compare(check.value, probe.value, wanted)
    return CheckResult(
        kind="value",
        label=check.value,
        passed=found.equal,
        cause=found.cause,
        got=probe.value,
        want=found.want,
        difference=found.difference,
        text=found.text,
        message=None if found.equal else check.message,
    )


def _wanted(check: ValueCheck, reference: Observation) -> Wanted:
    tolerance = Asked(check.rtol, check.atol)
    expression = expected_expression(check)
    if expression is None:
        return Wanted(literal_value(check.equals), literal=True, tolerance=tolerance)
    probe = _probe(reference, expression)
    if probe is None or probe.value is None:
        error = (
            exception_text(probe.error) if probe is not None and probe.error is not None else _("it was not reached")
        )
        text = _("`{expression}` has no value where the solution of this step ran: {error}.")
        raise Broken(text.format(expression=expression, error=error))
    own = _probe(reference, check.value)
    dtype = own.value.dtype if own is not None and isinstance(own.value, TensorValue) else None
    return Wanted(probe.value, dtype=dtype, tolerance=tolerance)


def _probe(seen: Observation, expression: str) -> Probe | None:
    return next((probe for probe in seen.probes if probe.expression == expression), None)


def _missing(name: str, probe: Probe) -> str:
    error = probe.error
    if error is None:
        return _("`{name}` has no value at the end of your program.").format(name=name)
    unknown = re.match(r"name '(\w+)' is not defined", error.message) if error.type == "NameError" else None
    if unknown is not None:
        return _("`{name}` does not exist at the end of your program: nothing is called `{unknown}`.").format(
            name=name, unknown=unknown[1]
        )
    return _("`{name}` cannot be evaluated at the end of your program: {error}.").format(
        name=name, error=exception_text(error).rstrip(".")
    )


def _raises(check: RaisesCheck, seen: Observation, reference: Observation) -> CheckResult:
    if not _holds(check, reference):
        raise Broken(_("The solution of this step does not raise {name} as its check asks.").format(name=check.raises))
    exception = seen.exception
    passed = _holds(check, seen)
    got = None
    if exception is not None and seen.outcome == "exception":
        got = PlainValue(python_type=exception.type, text=exception_text(exception))
    return CheckResult(
        kind="raises",
        label=check.raises,
        passed=passed,
        cause="equal" if passed else "raises" if seen.outcome in {"ok", "exception"} else "not-run",
        got=got,
        want=PlainValue(python_type=check.raises, text=check.match or check.raises),
        text=_raises_text(check, seen, passed),
        message=None if passed else check.message,
    )


def _holds(check: RaisesCheck, seen: Observation) -> bool:
    exception = seen.exception
    if seen.outcome != "exception" or exception is None or not came_from_answer(exception):
        return False
    if not is_a(exception, check.raises):
        return False
    return check.match is None or _search(check.match, exception.message)


def _search(pattern: str, message: str) -> bool:
    try:
        return is_found(pattern, message)
    except re.error as error:
        text = _("`match: {pattern}` is not a regular expression: {error}.")
        raise Broken(text.format(pattern=safe_line(pattern, 80), error=error)) from error
    except TakesForEver as late:
        text = _("`match: {pattern}` takes for ever on the message; write it without a repetition inside another.")
        raise Broken(text.format(pattern=safe_line(pattern, 80))) from late


def _raises_text(check: RaisesCheck, seen: Observation, passed: bool) -> str:
    if passed:
        return _("Your program stopped with {name}, as it was meant to.").format(name=check.raises)
    if seen.outcome == "ok":
        return _("Your program ran to its end; it was meant to stop with {name}.").format(name=check.raises)
    why = why_it_stopped(seen, LIMITS)
    exception = seen.exception
    if exception is not None and is_a(exception, check.raises) and check.match is not None:
        text = _("{why} It was meant to stop with another message, one that matches `{match}`.")
        return text.format(why=why, match=safe_line(check.match, 120))
    return _("{why} It was meant to stop with {name}.").format(why=why, name=check.raises)
