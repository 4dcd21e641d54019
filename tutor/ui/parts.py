"""What a result is made of, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from textual.content import Content

Tone: TypeAlias = Literal["good", "bad", "calm", "warn", "plain", "head", "code", "muted"]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    content: Content
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things side by side, each under its heading; one below the other where they do not fit."""

    left_heading: str
    left: Content
    right_heading: str
    right: Content


@dataclass(frozen=True, slots=True)
class Offer:
    """A change that can be taken over."""

    number: int
    heading: Content
    diff: Content
    code: str


Part: TypeAlias = Words | Pair | Offer
