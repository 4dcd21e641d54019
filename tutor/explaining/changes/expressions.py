"""Edits of one expression. The tree of the result is compared with the tree that was meant, so that a missing pair of
parentheses is put in and a wrong place is refused."""

from __future__ import annotations

import ast
import copy
from contextlib import suppress
from dataclasses import dataclass

from tutor.explaining.changes.source import Edit, Source, parsed
from tutor.words import _

_TIGHT = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.ListComp)


_PLACES = (ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Starred)


def tight(text: str) -> str:
    """``text`` as something that ``.name`` or an operator can follow: in parentheses unless it needs none."""
    try:
        node = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError:
        return f"({text})"
    constant = isinstance(node, ast.Constant) and not isinstance(node.value, int | float | complex)
    return text if isinstance(node, _TIGHT) or constant else f"({text})"


def _meant(source: Source, node: ast.expr, text: str) -> tuple[int, str] | None:
    """The outermost statement around ``node``, counted from 0, and its dump with ``node`` as ``text`` says."""
    try:
        new = ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if isinstance(new, _PLACES):
        new.ctx = copy.copy(getattr(node, "ctx", ast.Load()))
    outermost: ast.AST = node
    while not isinstance(source.parents[outermost], ast.Module):
        outermost = source.parents[outermost]
    index = next(at for at, statement in enumerate(source.tree.body) if statement is outermost)
    return index, _dump_with(source, node, new, outermost)


def _dump_with(source: Source, node: ast.expr, new: ast.expr, outermost: ast.AST) -> str:
    """The dump of ``outermost`` with ``new`` in the place of ``node``; the tree is as before afterwards."""
    parent = source.parents[node]
    for name, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, name, new)
            dump = ast.dump(outermost)
            setattr(parent, name, node)
            return dump
        if isinstance(value, list):
            for index, item in enumerate(value):
                if item is node:
                    value[index] = new
                    dump = ast.dump(outermost)
                    value[index] = node
                    return dump
    return ""


def replaced(source: Source, node: ast.expr, text: str) -> str | None:
    """The program with ``node`` reading ``text``, in parentheses if it needs them; None where it does not fit."""
    meant = _meant(source, node, text)
    if meant is None:
        return None
    index, wanted = meant
    for candidate in (text, f"({text})"):
        result = source.edited(Edit(source.span(node), candidate))
        try:
            body = ast.parse(result).body
        except (SyntaxError, ValueError):
            continue
        if len(body) == len(source.tree.body) and ast.dump(body[index]) == wanted:
            return result
    return None


def expression_at(text: str, line: int, expression: str, column: int | None) -> tuple[Source, ast.expr] | None:
    source = parsed(text)
    found = source.expressions(line, expression, column) if source else ()
    return (source, found[0]) if source and found else None


@dataclass(frozen=True, slots=True)
class ReplaceExpression:
    """``expression`` on ``line`` becomes ``new``; with ``every`` wherever it stands on that line."""

    line: int
    expression: str
    new: str
    column: int | None = None
    every: bool = False

    @property
    def title(self) -> str:
        return _("Replace `{old}` by `{new}` in line {line}").format(old=self.expression, new=self.new, line=self.line)

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        if place is None:
            return None
        if not self.every:
            return replaced(*place, self.new)
        tree = place[0]
        result: str | None = source
        for node in reversed(tree.expressions(self.line, self.expression)):
            at = tree.column(node.lineno, node.col_offset)
            result = result and ReplaceExpression(node.lineno, self.expression, self.new, at).apply(result)
        return result


@dataclass(frozen=True, slots=True)
class WithMethod:
    """``expression`` becomes ``expression.method``: ``sum()``, ``clone()``, ``detach()``, ``T``."""

    line: int
    expression: str
    method: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Add `.{method}` to `{expression}` in line {line}").format(
            method=self.method, expression=self.expression, line=self.line
        )

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        return replaced(*place, f"{tight(place[0].of(place[1]))}.{self.method}") if place else None


@dataclass(frozen=True, slots=True)
class InCall:
    """``expression`` becomes ``function(expression, more)``."""

    line: int
    expression: str
    function: str
    more: str = ""
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Put `{expression}` through `{function}` in line {line}").format(
            function=self.function, expression=self.expression, line=self.line
        )

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        if place is None:
            return None
        arguments = f"{place[0].of(place[1])}, {self.more}" if self.more else place[0].of(place[1])
        return replaced(*place, f"{self.function}({arguments})")


@dataclass(frozen=True, slots=True)
class Unwrap:
    """``expression`` becomes what it was made from: ``y.detach()`` and ``y.data`` become ``y``, ``float(y)`` too."""

    line: int
    expression: str
    column: int | None = None

    @property
    def title(self) -> str:
        place = None
        with suppress(SyntaxError):
            place = ast.parse(self.expression, mode="eval").body
        inner = inner_of(place) if place else None
        return _("Use `{inner}` itself in line {line}, not `{expression}`").format(
            inner=ast.unparse(inner) if inner else self.expression, expression=self.expression, line=self.line
        )

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        inner = inner_of(place[1]) if place else None
        return replaced(*place, place[0].of(inner)) if place and inner is not None else None


def inner_of(node: ast.expr) -> ast.expr | None:
    """What a method, an attribute or a function of one argument is applied to."""
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.Call):
        module = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).split(".")[0] in {
            "torch",
            "np",
            "numpy",
            "nn",
            "F",
        }
        if isinstance(node.func, ast.Attribute) and not module:
            return node.func.value
        return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None
    return node.operand if isinstance(node, ast.UnaryOp) else None


@dataclass(frozen=True, slots=True)
class DropMethod:
    """Removes the last ``.name(...)`` or ``.name`` on the line: ``.detach()``, ``.item()``, ``.data``."""

    line: int
    name: str
    column: int | None = None
    """Where the whole chain begins."""

    @property
    def title(self) -> str:
        return _("Remove `.{name}` from line {line}").format(name=self.name, line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        for node in tree.nodes:
            attribute = node.func if isinstance(node, ast.Call) else node
            if (
                isinstance(attribute, ast.Attribute)
                and attribute.attr == self.name
                and isinstance(node, ast.expr)
                and node.lineno <= self.line <= (node.end_lineno or node.lineno)
                and (self.column is None or tree.column(node.lineno, node.col_offset) == self.column)
            ):
                return replaced(tree, node, tree.of(attribute.value))
        return None
