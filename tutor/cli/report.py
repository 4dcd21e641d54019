"""A verdict and its explanations, for people."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from tutor.autograd import Observation
from tutor.cli.frames import code_frame, diff, side_by_side
from tutor.explaining.explanation import Explanation, Fix
from tutor.explaining.registry import find_kind
from tutor.judging import CheckResult, Verdict
from tutor.text import safe, safe_line
from tutor.words import _, ngettext

_MOST_OUTPUT: Final = 40


def verdict_lines(file: str, verdict: Verdict, seen: Observation) -> Iterator[str]:
    """The file, whether it passed, and each check with what was found."""
    name = click.style(safe_line(file), bold=True)
    took = click.style(f"{seen.elapsed_ms:.0f} ms", dim=True)
    if verdict.internal is not None:
        yield f"{name}  {click.style('! ' + _('not judged'), fg='yellow')}"
        yield from indented(wrapped(verdict.internal))
        return
    word = click.style("✓ " + _("passed"), fg="green") if verdict.passed else click.style("✗ " + _("not yet"), fg="red")
    yield f"{name}  {word}  {took}"
    for result in _without_repetition(verdict.checks):
        yield from indented(_check_lines(result))
    if verdict.passed and verdict.other_inputs:
        words = ngettext(
            "It holds on {count} other input too.", "It holds on {count} other inputs too.", verdict.other_inputs
        )
        yield from indented([click.style("✓ ", fg="green") + words.format(count=verdict.other_inputs)])
    if verdict.foreseen is not None:
        yield from indented(["", *wrapped(verdict.foreseen)])


def _without_repetition(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Of checks that were not looked at, the first: why the program stopped need be said once."""
    not_run = [check for check in checks if check.cause == "not-run"]
    return [check for check in checks if check.cause != "not-run" or check is not_run[0] or check.variant is not None]


def _check_lines(result: CheckResult) -> Iterator[str]:
    mark = click.style("✓ ", fg="green") if result.passed else click.style("✗ ", fg="red")
    first, *rest = wrapped(result.text, 4)
    yield mark + first
    yield from indented(rest)
    yield from indented(side_by_side(result))
    if result.message is not None:
        yield from indented(wrapped(result.message, 4))


def explanation_lines(explanation: Explanation, source: str) -> Iterator[str]:
    """Headline, code frame, what autograd was doing, and the fixes as diffs."""
    colour = {"error": "red", "silent": "red", "warning": "yellow", "note": "cyan"}[explanation.severity]
    yield from (click.style(line, fg=colour, bold=True) for line in wrapped(safe(explanation.headline)))
    yield ""
    if explanation.line is not None:
        yield from indented(code_frame(source, explanation.line, explanation.cause_line))
        yield ""
    yield from wrapped(safe(explanation.why))
    for fix in explanation.fixes:
        yield from _fix_lines(fix, source)
    if explanation.lesson is not None:
        yield ""
        yield _("Read on: {command}").format(command=click.style(f"tutor {explanation.lesson}", bold=True))
    if find_kind(explanation.kind) is not None:
        yield click.style(_("More: tutor explain --kind {kind}").format(kind=explanation.kind), dim=True)


def _fix_lines(fix: Fix, source: str) -> Iterator[str]:
    tried = _("tried: it works") if fix.verified else _("not tried to its end")
    yield ""
    yield click.style(safe_line(fix.title), fg="green" if fix.verified else None, bold=True) + click.style(
        f"  ({tried})", dim=True
    )
    yield from indented(diff(source, fix.code))


def output_lines(seen: Observation) -> Iterator[str]:
    """What the program printed, its tail where that is long."""
    text = "".join(chunk.text for chunk in seen.output).rstrip("\n")
    lines = text.split("\n") if text else []
    if len(lines) > _MOST_OUTPUT or seen.output_dropped:
        yield click.style(_("… only the last lines of its output"), dim=True)
    yield from lines[-_MOST_OUTPUT:]


def wrapped(text: str, indent: int = 2) -> list[str]:
    """Text in lines that fit the terminal; its own line breaks stay."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100) - indent
    lines = [
        textwrap.wrap(line, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]
        for line in text.split("\n")
    ]
    return [piece for line in lines for piece in line]


def indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
