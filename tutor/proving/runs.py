"""Runs of a pack's own code: where they broke, and whether two of them agree."""

from __future__ import annotations

from tutor.autograd import Observation, Probe
from tutor.judging.comparing import Wanted, compare
from tutor.judging.outcomes import exception_text
from tutor.text import safe_line
from tutor.words import _


def how_it_ended(seen: Observation) -> str:
    """Return on one line how a run ended that should have ended well: its exception, or the limit it met."""
    if seen.exception is not None:
        return exception_text(seen.exception)
    return f"{seen.outcome} ({safe_line(seen.detail, 200)})" if seen.detail else seen.outcome


def setup_line(seen: Observation) -> int | None:
    """Return the line of the setup at which the run broke, None when the setup ran to its end."""
    if seen.exception is None or any(frame.where == "answer" for frame in seen.exception.frames):
        return None
    lines = [frame.line for frame in seen.exception.frames if frame.where == "setup"]
    return lines[-1] if lines else None


def same_probe(one: Probe, other: Probe) -> bool:
    """Whether an expression gave the same in two runs, within the tolerance of its dtype."""
    if one.value is None or other.value is None:
        errors = [(probe.error.type, probe.error.message) for probe in (one, other) if probe.error is not None]
        return len(errors) == 2 and errors[0] == errors[1]
    return compare(one.expression, one.value, Wanted(other.value)).equal


def differing(one: Observation, other: Observation) -> str | None:
    """Return what differs between two runs of one program: an expression, or how they ended; None when nothing does."""
    if one.outcome != other.outcome:
        return _("its end: {one}, then {other}").format(one=how_it_ended(one), other=how_it_ended(other))
    for mine, theirs in zip(one.probes, other.probes, strict=False):
        if not same_probe(mine, theirs):
            return f"`{safe_line(mine.expression, 60)}`"
    return None
