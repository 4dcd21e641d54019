"""What a program does with autograd, read from its syntax tree: backward calls, updates, loops, parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from tutor.explaining.changes import Source

Loop: TypeAlias = ast.For | ast.While
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Called:
    """A call, with what it is called on: ``loss`` in ``loss.backward()``, "" for a function."""

    node: ast.Call
    on: str
    name: str
    """The last part of the function's name."""
    full: str
    line: int
    column: int

    @property
    def order(self) -> tuple[int, int]:
        """Sorts calls as they stand in the text."""
        return self.node.end_lineno or self.line, self.node.end_col_offset or 0


@lru_cache(maxsize=20_000)
def text(node: ast.AST | None) -> str:
    """How a node reads, whatever its spacing. Rules ask for the same nodes again and again."""
    return "" if node is None else ast.unparse(node)


def calls(source: Source, *names: str, within: ast.AST | None = None) -> Iterator[Called]:
    """Calls whose last name is one of ``names``, in the order of their lines."""
    inside = None if within is None else {id(node) for node in ast.walk(within)}
    for called in _all_calls(source):
        if (not names or called.name in names) and (inside is None or id(called.node) in inside):
            yield called


@lru_cache(maxsize=16)
def _all_calls(source: Source) -> tuple[Called, ...]:
    found = [node for node in source.nodes if isinstance(node, ast.Call)]
    found.sort(key=lambda node: (node.end_lineno or node.lineno, node.end_col_offset or 0))
    return tuple(called for node in found if (called := _called(source, node)) is not None)


def _called(source: Source, node: ast.Call) -> Called | None:
    column = source.column(node.lineno, node.col_offset)
    if isinstance(node.func, ast.Attribute):
        on, name = text(node.func.value), node.func.attr
        return Called(node, on, name, f"{on}.{name}", _line_of_attribute(node), column)
    if isinstance(node.func, ast.Name):
        return Called(node, "", node.func.id, node.func.id, node.lineno, column)
    if isinstance(node.func, ast.Call):  # nn.CrossEntropyLoss()(scores, target)
        made = text(node.func.func)
        return Called(node, "", made.split(".")[-1], made, node.lineno, column)
    return None


def _line_of_attribute(node: ast.Call) -> int:
    return node.func.end_lineno or node.lineno


@lru_cache(maxsize=16)
def backwards(source: Source) -> tuple[Called, ...]:
    """``….backward(…)`` calls in the order of their lines; those of ``autograd.backward`` too."""
    functions = {
        id(node)
        for outer in source.nodes
        if isinstance(outer, ast.ClassDef) and any("Function" in text(base) for base in outer.bases)
        for node in ast.walk(outer)
    }
    return tuple(called for called in calls(source, "backward") if id(called.node) not in functions)


@lru_cache(maxsize=16)
def gradients_cleared(source: Source) -> tuple[tuple[ast.stmt, str], ...]:
    """Statements that clear a gradient, each with whose: ``x`` for ``x.grad = None``, ``opt`` for ``opt.zero_grad()``."""
    return tuple(_clearing_statements(source))


def _clearing_statements(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    for statement in source.statements():
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
            target = statement.targets[0]
            empty = text(statement.value) == "None" or "zeros" in text(statement.value)
            if target.attr == "grad" and empty:
                yield statement, text(target.value)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            if not isinstance(function, ast.Attribute):
                continue
            if function.attr == "zero_grad":
                yield statement, text(function.value)
            elif function.attr == "zero_" and isinstance(function.value, ast.Attribute):
                inner = function.value.value if function.value.attr == "data" else function.value
                if isinstance(inner, ast.Attribute) and inner.attr == "grad":
                    yield statement, text(inner.value)


@lru_cache(maxsize=16)
def modules_imported(source: Source) -> frozenset[str]:
    """Names under which modules are known: ``torch`` as it is implied, ``t`` of ``import torch as t``, ``F``."""
    found = {"torch"}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            found |= {name.asname or name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            found |= {name.asname or name.name for name in node.names if name.name in {"nn", "functional", "optim"}}
    return frozenset(found)


def is_module(source: Source, node: ast.expr) -> bool:
    """Whether an expression names a module (``torch``, ``F``, ``torch.nn.functional``), not a tensor."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in modules_imported(source)


def around(source: Source, node: ast.AST, *kinds: type[ast.AST]) -> ast.AST | None:
    """The innermost node of one of ``kinds`` that holds ``node``."""
    parent = source.parents.get(node)
    while parent is not None and not isinstance(parent, kinds):
        parent = source.parents.get(parent)
    return parent


def loop_of(source: Source, node: ast.AST) -> Loop | None:
    """The innermost loop around ``node``, within the same function."""
    found = around(source, node, ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return found if isinstance(found, ast.For | ast.While) else None


def function_of(source: Source, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    found = around(source, node, ast.FunctionDef, ast.AsyncFunctionDef)
    return found if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) else None


def assignments(source: Source, name: str | None = None) -> Iterator[tuple[str, ast.Assign]]:
    """Plain assignments to one target, with what the target reads as."""
    return ((target, statement) for target, statement in _all_assignments(source) if name in {None, target})


@lru_cache(maxsize=16)
def _all_assignments(source: Source) -> tuple[tuple[str, ast.Assign], ...]:
    return tuple(
        (text(statement.targets[0]), statement)
        for statement in source.statements()
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1
    )


def assigned_name(source: Source, node: ast.AST) -> str | None:
    """The name that the statement around ``node`` gives its result to."""
    statement = source.statement_of(node)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return text(statement.targets[0])
    if isinstance(statement, ast.AugAssign | ast.AnnAssign):
        return text(statement.target)
    return None


@lru_cache(maxsize=16)
def optimizers(source: Source) -> dict[str, ast.Assign]:
    """Names given to ``torch.optim.…(…)``."""
    return {
        name: statement
        for name, statement in assignments(source)
        if isinstance(statement.value, ast.Call)
        and text(statement.value.func).split(".")[-1]
        in {
            "SGD",
            "Adam",
            "AdamW",
            "RMSprop",
            "Adagrad",
            "LBFGS",
            "Adadelta",
            "Adamax",
            "NAdam",
            "RAdam",
            "ASGD",
            "Rprop",
        }
    }


def names_in(node: ast.AST) -> tuple[str, ...]:
    """Names that are read in ``node``, in order, each once; not those of functions and modules that are called."""
    called = {
        id(
            part.func.value
            if isinstance(part.func, ast.Attribute) and isinstance(part.func.value, ast.Name)
            else part.func
        )
        for part in ast.walk(node)
        if isinstance(part, ast.Call)
        and (isinstance(part.func, ast.Name) or text(part.func).split(".")[0] in {"torch", "nn", "F", "np", "math"})
    }
    found = [
        (part.lineno, part.col_offset, part.id)
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and id(part) not in called
    ]
    return tuple(
        dict.fromkeys(name for _line, _column, name in sorted(found) if name not in {"torch", "nn", "F", "np"})
    )


def is_under(source: Source, node: ast.AST, manager: str) -> ast.With | None:
    """The ``with`` around ``node`` that enters a manager whose name contains ``manager``."""
    parent = source.parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.With) and any(manager in text(item.context_expr) for item in parent.items):
            return parent
        parent = source.parents.get(parent)
    return None


def column_of(source: Source, node: ast.expr | ast.stmt) -> int:
    return source.column(node.lineno, node.col_offset)


def gradients_read(source: Source, function: ast.AST | None) -> tuple[str, ...]:
    """Whose ``.grad`` is read in a function (or at the top level): ``w``, ``self.theta``; not in a loop over parameters."""
    looped = {
        part.id
        for node in source.nodes
        if isinstance(node, ast.For)
        for part in ast.walk(node.target)
        if isinstance(part, ast.Name)
    }
    found = [
        text(node.value)
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr == "grad" and function_of(source, node) is function
    ]
    return tuple(name for name in dict.fromkeys(found) if name.split(".")[0] not in looped)


@lru_cache(maxsize=16)
def leaves(source: Source) -> tuple[str, ...]:
    """Names of the module's top level that are given a tensor asked to require grad, or a parameter."""
    found = []
    for name, statement in assignments(source):
        made = text(statement.value)
        wanted = "requires_grad=True" in made or ".requires_grad_()" in made or "Parameter(" in made
        if wanted and name.isidentifier() and function_of(source, statement) is None:
            found.append(name)
    return tuple(dict.fromkeys(found))


def cuts(node: ast.AST) -> bool:
    """Whether an expression hands on a value without its graph: ``.detach()``, ``.item()``, ``.data``."""
    return any(
        isinstance(part, ast.Attribute) and part.attr in {"detach", "item", "data", "tolist", "numpy"}
        for part in ast.walk(node)
    )


def plus(words: str, more: str) -> str:
    """Two sentences as one paragraph, the second left out when empty."""
    return f"{words} {more}".strip()
