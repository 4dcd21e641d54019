"""What a result is made of, before it is drawn."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from textual.content import Content

Tone: TypeAlias = Literal["good", "bad", "calm", "warn", "plain", "head", "code", "muted"]


class Words(Struct, frozen=True):
    """A paragraph."""

    content: Content
    tone: Tone = "plain"


class Pair(Struct, frozen=True):
    """Two things side by side, each under its heading; one below the other where they do not fit."""

    left_heading: str
    left: Content
    right_heading: str
    right: Content


class Offer(Struct, frozen=True):
    """A change that can be taken over."""

    number: int
    heading: Content
    diff: Content
    code: str


Part: TypeAlias = Words | Pair | Offer
