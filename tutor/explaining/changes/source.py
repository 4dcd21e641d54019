"""A learner's program with its syntax tree, and exact places in its text.

Python's own tree with positions is used rather than a concrete one: it costs a quarter of a millisecond, not fifteen,
and an edit that replaces only the characters of one node leaves every other character as it was.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TypeAlias

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

Span: TypeAlias = tuple[int, int]
"""A half-open range of characters in the whole text."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters of ``span`` become ``text``."""

    span: Span
    text: str


class Source:
    """A program that parses. Lines count from 1, columns from 0 in characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.lines: tuple[str, ...] = tuple(_LINE.findall(text))
        self._starts = [0, *accumulate(len(line) for line in self.lines)]
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: tuple[ast.AST, ...] = tuple(self._walk(self.tree))

    def _walk(self, node: ast.AST) -> Iterator[ast.AST]:
        yield node
        if isinstance(node, ast.JoinedStr):
            return  # before Python 3.12 the positions inside an f-string are wrong
        for child in ast.iter_child_nodes(node):
            self.parents[child] = node
            yield from self._walk(child)

    def offset(self, line: int, column: int) -> int:
        """Where a line and a column in characters are in the text."""
        return self._starts[line - 1] + column

    def column(self, line: int, utf8: int) -> int:
        """The column in characters of a column in bytes, which is what the tree counts in."""
        text = self.lines[line - 1]
        return utf8 if text.isascii() else len(text.encode()[:utf8].decode(errors="ignore"))

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> Span:
        """The characters of a node: without parentheses around it, with the decorators of a function or class."""
        line, column = node.lineno, self.column(node.lineno, node.col_offset)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            line = node.decorator_list[0].lineno
        last = node.end_lineno or node.lineno
        end = self.column(last, node.end_col_offset or 0)
        return self.offset(line, column), self.offset(last, end)

    def of(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def line_of(self, offset: int) -> int:
        """The line that holds the character at ``offset``."""
        return min(bisect_right(self._starts, offset), max(1, len(self.lines)))

    def newline(self, line: int) -> str:
        text = self.lines[line - 1]
        return text[len(text.rstrip("\r\n")) :] or "\n"

    def indentation(self, line: int) -> str:
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    @property
    def unit(self) -> str:
        """One level of this program's indentation."""
        for node in self.nodes:
            body = getattr(node, "body", None)
            if isinstance(node, ast.stmt) and isinstance(body, list) and body[0].lineno > node.lineno:
                inner, outer = self.indentation(body[0].lineno), self.indentation(node.lineno)
                if inner.startswith(outer) and len(inner) > len(outer):
                    return inner[len(outer) :]
        return "    "

    def statements(self) -> Iterator[ast.stmt]:
        """All statements, outer ones before inner ones."""
        return (node for node in self.nodes if isinstance(node, ast.stmt))

    def first_line(self, statement: ast.stmt) -> int:
        return self.line_of(self.span(statement)[0])

    def last_line(self, statement: ast.stmt) -> int:
        return statement.end_lineno or statement.lineno

    def statement_at(self, line: int, column: int | None = None) -> ast.stmt | None:
        """The outermost statement that begins on ``line``, else the innermost that covers it.

        With a column, the innermost statement that covers that very character.
        """
        covering = [node for node in self.statements() if self.first_line(node) <= line <= self.last_line(node)]
        if column is not None and 1 <= line <= len(self.lines):
            at = self.offset(line, column)
            exact = [node for node in covering if self.span(node)[0] <= at < self.span(node)[1]]
            if exact:
                return exact[-1]
        beginning = [node for node in covering if line in {self.first_line(node), node.lineno}]
        return beginning[0] if beginning else covering[-1] if covering else None

    def block_of(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements among which this one stands."""
        for _name, value in ast.iter_fields(self.parents[statement]):
            if isinstance(value, list) and statement in value:
                return value
        return [statement]

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds ``node``."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def begins_line(self, statement: ast.stmt) -> bool:
        start = self.span(statement)[0]
        line = self.line_of(start)
        return not self.text[self.offset(line, 0) : start].strip(" \t\f")

    def ends_line(self, statement: ast.stmt) -> bool:
        end = self.span(statement)[1]
        rest = self.text[end : self.offset(self.last_line(statement) + 1, 0)].strip()
        return not rest or rest.startswith("#")

    def expressions(self, line: int, expression: str, column: int | None = None) -> tuple[ast.expr, ...]:
        """The expressions on ``line`` that read as ``expression`` whatever their spacing, in order of position."""
        try:
            wanted = ast.parse(expression.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return ()
        normal = ast.unparse(wanted)
        found = [
            node
            for node in self.nodes
            if isinstance(node, type(wanted))
            and isinstance(node, ast.expr)
            and node.lineno <= line <= (node.end_lineno or node.lineno)
            and ast.unparse(node) == normal
            and (column is None or (node.lineno == line and self.column(line, node.col_offset) == column))
        ]
        found.sort(key=lambda node: (node.lineno != line, node.lineno, node.col_offset))
        return tuple(found)

    def inside_strings(self) -> frozenset[int]:
        """Lines that begin inside a string: their indentation is part of a value."""
        return frozenset(
            line
            for node in self.nodes
            if isinstance(node, ast.JoinedStr)
            or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
            for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        )

    def edited(self, *edits: Edit) -> str:
        """The text with all edits made; they must not overlap."""
        text = self.text
        for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
            text = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
        return text


@lru_cache(maxsize=64)
def _parsed(text: str) -> Source | None:
    try:
        return Source(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parsed(text: str) -> Source | None:
    """The program, or None where it does not parse."""
    return _parsed(text)


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
