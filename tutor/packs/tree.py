"""YAML as a tree of nodes with offsets, and what unquoted text means in the YAML 1.2 core schema."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Atom: TypeAlias = str | int | float | bool | None
Style: TypeAlias = Literal["plain", "'", '"', "|", ">", "unknown"]
"""``unknown``: what was meant cannot be told and was said already; nothing more is to be said of it."""


@dataclass(slots=True)
class Scalar:
    start: int
    end: int
    text: str
    style: Style
    value: Atom


@dataclass(slots=True)
class Items:
    start: int
    end: int
    items: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class Mapping:
    start: int
    end: int
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)
    size: int = 1

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)


Node: TypeAlias = Scalar | Items | Mapping


def size(node: Node) -> int:
    """Return how many values ``node`` holds with its aliases written out; a long text counts for several."""
    return 1 + len(node.text) // 1000 if isinstance(node, Scalar) else node.size


_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_BASED: Final = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: Final[dict[str, Atom]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_MAX_DIGITS: Final = 400


def plain_value(text: str) -> Atom:
    """Return what an unquoted scalar means in the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    return float(text) if _FLOAT.match(text) else text
