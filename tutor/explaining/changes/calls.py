"""Edits of a call's arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tutor.explaining.changes.expressions import replaced
from tutor.explaining.changes.source import Edit, Source, parsed, parses
from tutor.words import _


def calls(source: Source, line: int, function: str, column: int | None = None) -> Iterator[ast.Call]:
    """Calls of ``function`` on the line: its full text (``torch.tensor``), or its last name (``backward``)."""
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if column is not None and source.column(node.lineno, node.col_offset) != column:
            continue
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if function in {last, ast.unparse(node.func)}:
            yield node


def _after_arguments(source: Source, call: ast.Call) -> tuple[int, bool]:
    """Where a further argument goes, and whether one stands before it."""
    parts: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    ends = [source.span(part)[1] for part in parts]
    close = source.span(call)[1] - 1
    if not ends:
        return close, False
    place = position = max(ends)
    while position < close and source.text[position] not in ",#":
        position += 1
        if source.text[position - 1] == ")":  # closes parentheses around the last argument
            place = position
    return place, True


@dataclass(frozen=True, slots=True)
class SetKeyword:
    """Adds ``name=value`` to the call, or changes the value it has."""

    line: int
    function: str
    name: str
    value: str
    column: int | None = None
    """Where the call begins, ``loss`` in ``loss.backward()``."""

    @property
    def title(self) -> str:
        return _("Pass `{name}={value}` to `{function}` in line {line}").format(
            name=self.name, value=self.value, function=self.function, line=self.line
        )

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        call = next(calls(tree, self.line, self.function, self.column), None) if tree else None
        if tree is None or call is None:
            return None
        for keyword in call.keywords:
            if keyword.arg == self.name:
                return replaced(tree, keyword.value, self.value)
        place, more = _after_arguments(tree, call)
        result = tree.edited(Edit((place, place), f"{', ' if more else ''}{self.name}={self.value}"))
        return result if parses(result) else None


@dataclass(frozen=True, slots=True)
class AddArgument:
    """Adds a positional argument after the others."""

    line: int
    function: str
    value: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Pass `{value}` to `{function}` in line {line}").format(
            value=self.value, function=self.function, line=self.line
        )

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        call = next(calls(tree, self.line, self.function, self.column), None) if tree else None
        if tree is None or call is None:
            return None
        if call.keywords:
            start = min(tree.span(keyword)[0] for keyword in call.keywords)
            result = tree.edited(Edit((start, start), f"{self.value}, "))
        else:
            place, more = _after_arguments(tree, call)
            result = tree.edited(Edit((place, place), f"{', ' if more else ''}{self.value}"))
        return result if parses(result) else None


@dataclass(frozen=True, slots=True)
class SetArgument:
    """Changes the positional argument at ``index``."""

    line: int
    function: str
    index: int
    value: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Pass `{value}` to `{function}` in line {line}").format(
            value=self.value, function=self.function, line=self.line
        )

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        call = next(calls(tree, self.line, self.function, self.column), None) if tree else None
        if tree is None or call is None or not 0 <= self.index < len(call.args):
            return None
        return replaced(tree, call.args[self.index], self.value)


@dataclass(frozen=True, slots=True)
class DropArgument:
    """Removes the keyword ``name`` from the call, or the positional argument at an index."""

    line: int
    function: str
    name: str | int
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Leave out `{name}` in line {line}").format(name=self.name, line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        for call in calls(tree, self.line, self.function, self.column):
            parts: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
            parts.sort(key=tree.span)
            index = next((at for at, part in enumerate(parts) if self._is(part, call)), None)
            if index is None:
                continue
            start, end = tree.span(parts[index])
            if index:
                start = tree.span(parts[index - 1])[1]
                start += len(tree.text[start:end]) - len(tree.text[start:end].lstrip(")"))
            elif len(parts) > 1:
                end = tree.span(parts[1])[0]
            result = tree.edited(Edit((start, end), ""))
            return result if parses(result) else None
        return None

    def _is(self, part: ast.expr | ast.keyword, call: ast.Call) -> bool:
        if isinstance(part, ast.keyword):
            return part.arg == self.name
        return isinstance(self.name, int) and self.name < len(call.args) and call.args[self.name] is part
