"""The learner's program as a syntax tree, and the way from a place in a run to an expression in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from tutor.autograd.history import Place
from tutor.explaining.changes import Source

_LONGEST: Final = 70

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Loop = ast.For | ast.While | ast.AsyncFor
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


class Code(Source):
    """A program that parses, with what rules ask of it."""

    @cached_property
    def _by_span(self) -> dict[tuple[int, int, int, int], ast.expr | ast.stmt]:
        spans: dict[tuple[int, int, int, int], ast.expr | ast.stmt] = {}
        for node in self.nodes:
            if isinstance(node, (ast.expr, ast.stmt)):
                key = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
                if key not in spans or isinstance(spans[key], ast.Expr):
                    spans[key] = node
        return spans

    def at(self, place: Place | None) -> ast.expr | ast.stmt | None:
        """The expression (or statement) that was being evaluated at ``place``."""
        if place is None or place.where != "answer":
            return None
        exact = self._by_span.get((place.line, place.column, place.end_line, place.end_column))
        return exact if exact is not None else self.statement_at(place.line)

    def between(self, line: int, column: int, end_line: int, end_column: int) -> ast.expr | ast.stmt | None:
        """The node with exactly these bounds; columns in characters."""
        for node in self._by_span.values():
            if (
                node.lineno == line
                and node.end_lineno == end_line
                and self.column(line, node.col_offset) == column
                and self.column(end_line, node.end_col_offset or 0) == end_column
            ):
                return node
        return None

    def start(self, node: ast.expr | ast.stmt) -> int:
        """The column, in characters, at which ``node`` begins."""
        return self.column(node.lineno, node.col_offset)

    def segment(self, node: ast.AST | None) -> str:
        """The text of ``node`` as written, on one line, cut where it is long."""
        if not isinstance(node, (ast.expr, ast.stmt)):
            return ""
        line = " ".join(self.of(node).split())
        return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above

    def scope(self, node: ast.AST) -> Scope:
        """The function (or class, or module) whose body ``node`` stands in."""
        return next((above for above in self.ancestors(node) if isinstance(above, Scope)), self.tree)

    def loop(self, node: ast.AST) -> Loop | None:
        """The innermost loop around ``node`` within its own function."""
        below: ast.AST = node
        for above in self.ancestors(node):
            if isinstance(above, Definition):
                return None
            if isinstance(above, Loop) and below in above.body:
                return above
            below = above
        return None

    def with_block(self, node: ast.AST, *names: str) -> ast.With | None:
        """The innermost ``with`` around ``node`` whose context is a call of one of ``names`` (``no_grad``)."""
        for above in (node, *self.ancestors(node)):
            if isinstance(above, ast.With) and any(called_name(item.context_expr) in names for item in above.items):
                return above
        return None

    def targets(self, node: ast.AST) -> list[ast.expr]:
        """What the value of ``node`` is assigned to, when the statement assigns that value and nothing else."""
        if isinstance(node, ast.AugAssign):
            return [node.target]
        above = self.parents.get(node)
        if isinstance(above, ast.Assign) and above.value is node:
            return list(above.targets)
        if isinstance(above, (ast.AnnAssign, ast.NamedExpr)) and above.value is node:
            return [above.target]
        if isinstance(above, (ast.Tuple, ast.List)):
            return self._paired(node, above)
        return []

    def _paired(self, node: ast.AST, display: ast.Tuple | ast.List) -> list[ast.expr]:
        index = next(place for place, part in enumerate(display.elts) if part is node)
        return [
            target.elts[index]
            for target in self.targets(display)
            if isinstance(target, (ast.Tuple, ast.List)) and len(target.elts) == len(display.elts)
        ]

    def assignments(self, name: str, scope: ast.AST | None = None) -> list[Assignment]:
        """The statements within ``scope`` that assign to ``name`` (an expression as written), in order."""
        found: list[Assignment] = []
        for node in ast.walk(scope or self.tree):
            if isinstance(node, Assignment):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(ast.unparse(part) == name for target in targets for part in flat(target)):
                    found.append(node)
        return sorted(found, key=lambda node: node.lineno)

    def value_of(self, name: str, before: int | None = None, scope: ast.AST | None = None) -> ast.expr | None:
        """What ``name`` was last assigned in ``scope`` above line ``before``; None for tuples that do not pair up."""
        for statement in reversed(self.assignments(name, scope)):
            if before is not None and statement.lineno >= before:
                continue
            return paired_value(statement, name)
        return None

    def function(self, name: str) -> ast.FunctionDef | None:
        return next((node for node in self.nodes if isinstance(node, ast.FunctionDef) and node.name == name), None)

    def classes(self) -> list[ast.ClassDef]:
        return [node for node in self.nodes if isinstance(node, ast.ClassDef)]

    def calls(self, *names: str, within: ast.AST | None = None) -> list[ast.Call]:
        """The calls of a function or method of one of these names, in order."""
        nodes = self.nodes if within is None else tuple(ast.walk(within))
        found = [node for node in nodes if isinstance(node, ast.Call) and called_name(node) in names]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def paired_value(statement: Assignment, name: str) -> ast.expr | None:
    """The part of the statement's value that goes to ``name``."""
    if not isinstance(statement, ast.Assign):
        return statement.value
    for target in statement.targets:
        if ast.unparse(target) == name:
            return statement.value
        if (
            isinstance(target, (ast.Tuple, ast.List))
            and isinstance(statement.value, (ast.Tuple, ast.List))
            and len(target.elts) == len(statement.value.elts)
        ):
            for part, value in zip(target.elts, statement.value.elts, strict=True):
                if ast.unparse(part) == name:
                    return value
    return None


def flat(target: ast.expr) -> Iterator[ast.expr]:
    """The single targets of an assignment: ``a, (b, *c)`` gives a, b and c."""
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from flat(part)
    elif isinstance(target, ast.Starred):
        yield from flat(target.value)
    else:
        yield target


def called_name(node: ast.AST) -> str:
    """``no_grad`` for ``torch.no_grad()``, ``torch.no_grad`` and ``no_grad``; "" for what has no name."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value that ``call`` gives to its keyword argument ``name``."""
    return next((one.value for one in call.keywords if one.arg == name), None)
