"""The form of an explanation: what happened, where, why, and changes that were tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "silent", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A changed program. ``verified`` only if it was run and did what it was meant to."""

    title: str
    code: str
    """The whole program, mended."""
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Lines are counted from 1 in the learner's file. ``headline`` is one sentence with the learner's own names."""

    kind: str
    severity: Severity
    line: int | None = None
    cause_line: int | None = None
    headline: str
    why: str
    fixes: tuple[Fix, ...] = ()
    lesson: str | None = None
    """``pack/lesson`` or ``pack/lesson/step`` to read on."""
