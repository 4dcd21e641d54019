"""Small changes of a learner's program, made on its syntax tree: comments, layout and untouched lines stay as they are.

Each is a frozen value with a ``title`` and ``apply(source)``, which gives the changed program or None where the change
does not fit. Lines count from 1 and columns from 0, in characters, in the program the change is applied to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tutor.explaining.changes.blocks import AddReturn, Lift, RemoveDecorator, Under, UpdateInPlace
from tutor.explaining.changes.calls import AddArgument, DropArgument, SetArgument, SetKeyword
from tutor.explaining.changes.expressions import DropMethod, InCall, ReplaceExpression, Unwrap, WithMethod
from tutor.explaining.changes.operands import FlipSign, FloatLiterals, RenameAttribute, ReplaceText, SwapOperands
from tutor.explaining.changes.source import Edit, Source, parsed, parses
from tutor.explaining.changes.statements import Insert, Move, RemoveStatement, ReplaceStatement, Swap


class Change(Protocol):
    """A change of a program."""

    @property
    def title(self) -> str:
        """What it does, in the imperative, in one line."""
        ...

    def apply(self, source: str) -> str | None:
        """The changed program; None where the change does not fit or would not parse."""
        ...


@dataclass(frozen=True, slots=True)
class Together:
    """Several changes, each applied to what the one before gave: order them from the last line up."""

    changes: tuple[Change, ...]
    words: str = ""

    @property
    def title(self) -> str:
        return self.words or "; ".join(change.title for change in self.changes)

    def apply(self, source: str) -> str | None:
        result: str | None = source
        for change in self.changes:
            result = change.apply(result) if result is not None else None
        return result


def titled(words: str, *changes: Change) -> Together:
    """Changes under a title of one's own."""
    return Together(tuple(changes), words)


def first_fitting(source: str, changes: Sequence[Change]) -> tuple[Change, str] | None:
    """The first change that fits, with its result."""
    for change in changes:
        result = change.apply(source)
        if result is not None and result != source:
            return change, result
    return None


__all__ = [
    "AddArgument",
    "AddReturn",
    "Change",
    "DropArgument",
    "DropMethod",
    "Edit",
    "FlipSign",
    "FloatLiterals",
    "InCall",
    "Insert",
    "Lift",
    "Move",
    "RemoveDecorator",
    "RemoveStatement",
    "RenameAttribute",
    "ReplaceExpression",
    "ReplaceStatement",
    "ReplaceText",
    "SetArgument",
    "SetKeyword",
    "Source",
    "Swap",
    "SwapOperands",
    "Together",
    "Under",
    "Unwrap",
    "UpdateInPlace",
    "WithMethod",
    "first_fitting",
    "parsed",
    "parses",
    "titled",
]
