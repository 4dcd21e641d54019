"""Pygments colours for code: for Content in lessons and results, and for each line of the editor."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Final, TypeAlias

from pygments.token import Token, _TokenType
from textual.content import Content, Span

from tutor.ui.python_lexer import PythonColours

Stretch: TypeAlias = tuple[int, int, str]
"""Start and end in characters, half open, and the name of a theme variable without its ``$``."""

WHOLE: Final = 20_000
"""Up to this many characters a text is lexed whole; above it, window by window."""
WINDOW: Final = 200
"""Lines in a window of a long text. A string that crosses into a window from above is coloured as code."""

_NAMES: Final[tuple[tuple[_TokenType, str], ...]] = (
    (Token.Comment, "code-comment"),
    (Token.Keyword, "code-keyword"),
    (Token.Operator.Word, "code-keyword"),
    (Token.String, "code-string"),
    (Token.Number, "code-number"),
    (Token.Name.Builtin, "code-call"),
    (Token.Name.Function, "code-call"),
    (Token.Name.Class, "code-call"),
    (Token.Name.Exception, "code-call"),
    (Token.Name.Decorator, "code-decorator"),
    (Token.Operator, "code-operator"),
    (Token.Punctuation, "code-operator"),
)
_LEXER: Final = PythonColours(stripnl=False, ensurenl=False)


@lru_cache(maxsize=64)
def _name(kind: _TokenType) -> str | None:
    return next((name for token, name in _NAMES if _TokenType.__contains__(token, kind)), None)


@lru_cache(maxsize=32)
def stretches(code: str) -> tuple[Stretch, ...]:
    """The coloured stretches of ``code``, in order; none beyond its first ``WHOLE`` characters."""
    found = []
    at = 0
    for kind, text in _LEXER.get_tokens(code[:WHOLE]):
        name = _name(kind)
        if name is not None:
            found.append((at, at + len(text), name))
        at += len(text)
    return tuple(found)


@lru_cache(maxsize=32)
def lines_of_stretches(code: str) -> tuple[tuple[Stretch, ...], ...]:
    """As :func:`stretches`, line by line, counted from each line's start."""
    starts = [0]
    for line in code.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines: list[list[Stretch]] = [[] for _ in starts[:-1]]
    for start, end, name in stretches(code):
        row = bisect_right(starts, start) - 1
        while row < len(lines) and starts[row] < end:
            left, right = max(start, starts[row]), min(end, starts[row + 1] - 1)
            if left < right:
                lines[row].append((left - starts[row], right - starts[row], name))
            row += 1
    return tuple(tuple(line) for line in lines)


def highlighted(code: str) -> Content:
    """``code`` as Content, coloured by the theme. Nothing in it is read as markup."""
    return Content(code, spans=[Span(start, end, f"${name}") for start, end, name in stretches(code)])


def highlighted_lines(code: str) -> list[Content]:
    """:func:`highlighted`, line by line."""
    return [
        Content(line, spans=[Span(start, end, f"${name}") for start, end, name in found])
        for line, found in zip(code.split("\n"), lines_of_stretches(code), strict=True)
    ]
