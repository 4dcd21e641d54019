"""What a run gave, as parts to show: the verdict, differences, explanations, output, tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from textual.content import Content

from tutor.autograd import Observation, Value
from tutor.ui.commands import key_of
from tutor.ui.frames import change, code_frame
from tutor.ui.highlight import highlighted
from tutor.ui.markdown import inline_text, spoken
from tutor.ui.parts import Offer, Pair, Part, Tone, Words
from tutor.ui.values import RIGHT, Tolerance, describe, show
from tutor.words import _, ngettext

if TYPE_CHECKING:
    from tutor.explaining.explanation import Explanation, Fix
    from tutor.judging import CheckResult, PredictionVerdict, Verdict
    from tutor.session import Result

_ENDINGS: Final = {
    "timeout": lambda: _("Stopped at the time limit"),
    "memory-limit": lambda: _("Stopped at the memory limit"),
    "output-limit": lambda: _("Stopped: it printed more than it may"),
    "crashed": lambda: _("Python itself crashed"),
    "no-result": lambda: _("It ended without handing anything back"),
    "forged-result": lambda: _("What came back was not made by the tutor"),
    "cancelled": lambda: _("Stopped"),
    "internal": lambda: _("The tutor could not run this; that is not your fault"),
}


def result_parts(result: Result, following: str = "") -> Iterator[Part]:
    """The verdict first, then what failed and why, then what held. ``following`` is the title of the next step."""
    verdict, observation = result.assessment.verdict, result.assessment.observation
    errors = [each for each in result.explanations if each.severity == "error"]
    if not errors or verdict.passed or is_unfinished(result):
        yield Words(_headline(result), _tone(result))
    if verdict.internal:
        yield Words(spoken(verdict.internal), "warn")
        return
    if is_unfinished(result):
        return
    if verdict.foreseen:
        yield Words(inline_text(verdict.foreseen), "warn")
    explanations = sorted(result.explanations, key=lambda each: _ORDER[each.severity])
    if not errors and not verdict.passed:
        yield from _exception_parts(result, observation)
    if observation.outcome in {"ok", "exception"}:
        for check in verdict.checks:
            if not check.passed and (check.cause != "not-run" or check.variant is not None):
                yield from _check_parts(check)
    offered = 0
    for explanation in explanations:
        yield from _explanation_parts(explanation, result, offered)
        offered += len(explanation.fixes)
    if result.explaining and not verdict.passed:
        yield Words(Content(_("Looking for the cause …")), "muted")
    held = [check for check in verdict.checks if check.passed]
    if held:
        yield Words(Content("\n").join(_held_line(check) for check in held), "plain")
    if verdict.passed:
        yield Words(_after_passing(following), "muted")


def is_unfinished(result: Result) -> bool:
    """It ran by itself, in the middle of a line: nothing to complain about."""
    return result.assessment.verdict.outcome == "syntax-error" and not result.asked


def _tone(result: Result) -> Tone:
    verdict = result.assessment.verdict
    if verdict.passed:
        return "good"
    if verdict.internal or verdict.outcome == "internal":
        return "warn"
    return "calm" if is_unfinished(result) or verdict.outcome == "cancelled" else "bad"


def _headline(result: Result) -> Content:
    verdict, observation = result.assessment.verdict, result.assessment.observation
    if verdict.passed:
        return _passed_line(verdict)
    line = observation.exception.line if observation.exception else None
    where = _(" on line {line}").format(line=line) if line is not None else ""
    match observation.outcome:
        case "syntax-error" if is_unfinished(result):
            return Content(_("… not finished yet{where}").format(where=where))
        case "syntax-error":
            return Content(_("✗ Python cannot read this yet{where}.").format(where=where))
        case "exception" if observation.exception is not None:
            text = _("✗ It ended in {type}{where}.").format(type=observation.exception.type, where=where)
            return Content(text)
        case "ok" | "exception":
            failed = sum(not check.passed for check in verdict.checks)
            words = ngettext(
                "✗ {failed} of {total} check fails.", "✗ {failed} of {total} checks fail.", len(verdict.checks)
            )
            return Content(words.format(failed=failed, total=len(verdict.checks)))
        case outcome:
            detail = f": {observation.detail}" if observation.detail else ""
            return Content(f"✗ {_ENDINGS[outcome]()}{detail}.")


def _passed_line(verdict: Verdict) -> Content:
    count = len(verdict.checks)
    checks = ngettext("The check passes", "All {count} checks pass", count).format(count=count)
    inputs = ""
    if verdict.other_inputs:
        words = ngettext(", on {count} other input too", ", on {count} other inputs too", verdict.other_inputs)
        inputs = words.format(count=verdict.other_inputs)
    return Content.assemble((_("✓ Right."), "bold"), f" {checks}{inputs}.")


def _after_passing(following: str) -> Content:
    compare = _("{key} compares with the solution").format(key=key_of("solution"))
    onward = _("{key} goes on").format(key=key_of("next"))
    return Content(f"{compare} · {onward}: {following}" if following else f"{compare} · {onward}")


def _exception_parts(result: Result, observation: Observation) -> Iterator[Part]:
    exception = observation.exception
    if exception is None:
        return
    yield Words(Content(f"{exception.type}: {exception.message}" if exception.message else exception.type), "plain")
    frame = code_frame(result.text, exception.line)
    if frame:
        yield Words(frame, "code")


def _held_line(check: CheckResult) -> Content:
    words = {"uses": _("uses {name}"), "avoids": _("does without {name}"), "raises": _("ends in {name}")}
    label = words[check.kind].format(name=check.label) if check.kind in words else check.label
    value = Content()
    if check.kind == "value" and check.got is not None:
        lines = show(check.got).split("\n")
        value = Content.assemble("  ", lines[0] if len(lines) == 1 else describe(check.got)).stylize("$muted")
    return Content.assemble(("✓ ", "bold $success"), label, value)


def _check_parts(check: CheckResult) -> Iterator[Part]:
    where = ("", "")
    if check.variant is not None:
        where = (_("on other input {number}  ").format(number=check.variant), "$warning")
    yield Words(Content.assemble(("✗ ", "bold $error"), where, *_what_failed(check)), "head" if check.want else "plain")
    if check.message:
        yield Words(inline_text(check.message), "warn")
    if check.variant_setup:
        yield Words(highlighted(check.variant_setup.rstrip()), "code")
    if check.got is not None and check.want is not None and check.kind == "value":
        yield _side_by_side(check.want, check.got, check)


def _what_failed(check: CheckResult) -> Iterator[Content | tuple[str, str]]:
    """One sentence; what the pair below it shows is not said twice."""
    difference = check.difference
    if check.cause != "values" or difference is None:
        yield spoken(check.text) if check.text else (check.label, "bold")
        return
    yield (check.label, "bold $code-call")
    if difference.total > 1:
        words = ngettext(
            "{differing} of {total} element differs", "{differing} of {total} elements differ", difference.total
        )
        yield Content("  " + words.format(differing=difference.differing, total=difference.total))
    else:
        yield Content(_("  differs"))
    if difference.rtol or difference.atol:
        allowed = _("  allowed: {atol:g} + {rtol:g} · |expected|").format(atol=difference.atol, rtol=difference.rtol)
        yield (allowed, "$muted")


def _side_by_side(want: Value, got: Value, check: CheckResult) -> Pair:
    difference = check.difference
    tolerance = Tolerance(difference.rtol, difference.atol) if difference else Tolerance(0.0, 0.0)
    marking = check.cause == "values"
    return Pair(
        _("expected  {kind}").format(kind=describe(want)),
        show(want, got if marking else None, tolerance, RIGHT),
        _("yours  {kind}").format(kind=describe(got)),
        show(got, want if marking else None, tolerance),
    )


_ORDER: Final = {"error": 0, "silent": 1, "warning": 2, "note": 3}
_SIGNS: Final = {
    "error": ("✗", "error"),
    "silent": ("≠", "error"),
    "warning": ("!", "warning"),
    "note": ("i", "secondary"),
}


def _explanation_parts(explanation: Explanation, result: Result, offered: int) -> Iterator[Part]:
    sign, colour = _SIGNS[explanation.severity]
    headline = Content.assemble((f"{sign} ", f"bold ${colour}"), spoken(explanation.headline).stylize("bold"))
    yield Words(headline, "head")
    frame = code_frame(result.text, explanation.line, explanation.cause_line)
    if frame:
        yield Words(frame, "code")
    exception = result.assessment.observation.exception
    if explanation.severity == "error" and exception is not None:
        said = f"{exception.type}: {exception.message}" if exception.message else exception.type
        yield Words(Content(said), "muted")
    yield Words(spoken(explanation.why), "plain")
    for number, fix in enumerate(explanation.fixes, offered + 1):
        yield _offer(number, fix, result.text)
    if explanation.lesson:
        words = _("{key} shows it in the lesson {lesson}")
        yield Words(Content(words.format(key=key_of("read_on"), lesson=explanation.lesson)), "muted")


def _offer(number: int, fix: Fix, code: str) -> Offer:
    key = key_of("fix") if number == 1 else _("Enter")
    tried = (_("  ✓ tried, it works"), "$success") if fix.verified else ("", "")
    heading = Content.assemble((_("Fix "), "bold $success"), (f"{key}  ", "bold $primary"), spoken(fix.title), tried)
    return Offer(number, heading, change(code, fix.code), fix.code)


def prediction_parts(typed: str, verdict: PredictionVerdict) -> Iterator[Part]:
    """What was predicted beside what the program gave."""
    if verdict.unreadable is not None:
        yield Words(spoken(verdict.unreadable), "warn")
        return
    if verdict.passed:
        yield Words(Content.assemble(("✓ ", "bold"), spoken(verdict.text)), "good")
    else:
        yield Words(Content.assemble(("≠ ", "bold"), spoken(verdict.text)), "warn")
    said = show(verdict.typed, verdict.actual) if verdict.typed is not None else Content(typed)
    if verdict.exception is not None:
        gave, kind = Content(f"{verdict.exception.type}: {verdict.exception.message}"), _("an error")
    elif verdict.actual is not None:
        gave, kind = show(verdict.actual, verdict.typed, mark=RIGHT), describe(verdict.actual)
    else:
        return
    yield Pair(_("you said"), said, _("it is  {kind}").format(kind=kind), gave)


def output_parts(observation: Observation) -> Iterator[Part]:
    """What the program printed, in order, then its warnings."""
    text = Content.assemble(
        *((chunk.text, "$error" if chunk.stream == "stderr" else "") for chunk in observation.output)
    )
    if text.plain.strip():
        yield Words(text, "plain")
    else:
        yield Words(Content(_("It printed nothing.")), "muted")
    if observation.output_dropped:
        words = _("… {count} bytes in the middle are left out").format(count=observation.output_dropped)
        yield Words(Content(words), "muted")
    for warning in observation.warnings:
        where = _(" on line {line}").format(line=warning.line) if warning.line is not None else ""
        yield Words(Content(f"{warning.category}{where}: {warning.message}"), "warn")
