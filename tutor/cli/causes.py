"""Explanations, which must not take a verdict along when looking for them fails."""

from __future__ import annotations

import click

from tutor.autograd import Observation, Program, Run
from tutor.explaining import Explanation, Judge, explain
from tutor.judging import Verdict
from tutor.text import safe_line
from tutor.words import _


async def causes(
    program: Program, seen: Observation, run: Run, *, verdict: Verdict | None = None, judge: Judge | None = None
) -> tuple[Explanation, ...]:
    """Explain a run. A fault of ours in doing so is said on standard error, and nothing is explained."""
    try:
        return await explain(program, seen, run, verdict=verdict, judge=judge)
    except Exception as error:  # noqa: BLE001 - whatever it is, the learner still gets the verdict
        text = _("{file}: the tutor failed to look for the cause ({error}). This is a fault of the tutor.")
        what = safe_line(f"{type(error).__name__}: {error}")
        click.echo(text.format(file=safe_line(program.filename), error=what), err=True)
        return ()
