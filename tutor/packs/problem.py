"""What is wrong with a pack, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tutor.text import safe_line
from tutor.words import _

SHOWN_WHOLE = 60

Severity: TypeAlias = Literal["error", "note"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """Something found in a pack. ``line`` and ``column`` count from 1; a ``note`` keeps nobody from using the pack."""

    file: str
    line: int = 1
    column: int = 1
    message: str
    severity: Severity = "error"
    code: str = ""
    """A slug for programs to look at: ``unknown-key``, ``duplicate-id``."""

    def __str__(self) -> str:
        note = _("note: ") if self.severity == "note" else ""
        return f"{safe_line(self.file)}:{self.line}:{self.column}: {note}{self.message}"


class PackError(Exception):
    """A pack, or one lesson of it, cannot be used. ``problems`` says all that was found, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def quoted(text: str) -> str:
    """Return ``text`` as one short safe line between backticks, as messages show what was found."""
    return f"`{safe_line(text, SHOWN_WHOLE)}`"


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def near_miss(found: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that ``found`` was probably meant to be."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for problems

    names = list(known)
    plain = {name.lower().replace("_", "-"): name for name in names}
    wanted = found.lower().replace("_", "-").replace(" ", "-")[:SHOWN_WHOLE]
    if wanted in plain:
        return plain[wanted]
    meant = _MEANT.get(wanted, ())
    for name in meant:
        if name in names:
            return name
    close = get_close_matches(wanted, plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` or nothing."""
    return suggestion(near_miss(found, known))


def suggestion(name: str | None) -> str:
    return _("; did you mean `{name}`?").format(name=name) if name else ""


_MEANT = {
    "answer": ("solution",),
    "answers": ("options",),
    "body": ("text",),
    "choices": ("options",),
    "content": ("text",),
    "description": ("summary", "text"),
    "exercise": ("code",),
    "expect": ("equals",),
    "expected": ("equals",),
    "explanation": ("why",),
    "expression": ("value", "ask"),
    "feedback": ("message", "why"),
    "forbids": ("avoids",),
    "guess": ("predict",),
    "heading": ("title",),
    "initial": ("starter",),
    "licence": ("license",),
    "multiple-choice": ("choice",),
    "name": ("id", "title"),
    "prompt": ("text",),
    "question": ("text", "choice"),
    "quiz": ("choice",),
    "requires": ("uses",),
    "skeleton": ("starter",),
    "template": ("starter",),
    "tests": ("checks",),
    "tolerance": ("rtol", "atol"),
    "type": ("kind",),
}
"""Words that instructors reach for, and what the format calls them."""
