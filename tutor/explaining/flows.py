"""Which expressions of a program may flow into another: read off the syntax tree, so more than truly do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tutor.autograd.history import Event
from tutor.explaining.code import Assignment, Code, called_name, flat
from tutor.explaining.facts import Facts

_EXPRESSIONS = 200
_ADDS = frozenset({"append", "extend", "insert", "add", "update"})

EXTRACTIONS = ("item", "__float__", "__int__", "tolist", "numpy", "__array__", "__index__")
"""The operations that turn a tensor into plain numbers."""


def sources_of(code: Code, expression: ast.expr | ast.AugAssign) -> list[ast.expr]:
    """``expression`` and every expression whose value may be part of its value, the nearest first."""
    found: list[ast.expr] = [expression.value if isinstance(expression, ast.AugAssign) else expression]
    seen: set[tuple[str, ast.AST]] = set()
    position = 0
    while position < len(found) and len(found) < _EXPRESSIONS:
        current = found[position]
        position += 1
        for name in _read(current):
            scope = code.scope(current)
            if (name, scope) not in seen:
                seen.add((name, scope))
                found.extend(part for part in _given_to(code, name, scope) if part not in found)
        for call in (part for part in ast.walk(current) if isinstance(part, ast.Call)):
            found.extend(part for part in _returned(code, call) if part not in found)
    return found


def _read(expression: ast.expr) -> Iterator[str]:
    for part in ast.walk(expression):
        if isinstance(part, (ast.Name, ast.Attribute)) and isinstance(part.ctx, ast.Load):
            yield ast.unparse(part)


def _given_to(code: Code, name: str, scope: ast.AST) -> Iterable[ast.expr]:
    """All values that ``name`` is given within ``scope``, or at the top where the function has no such name."""
    values = list(_assigned(name, scope))
    if not values and isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        values = list(_passed(code, name, scope))
    if not values and scope is not code.tree:
        values = list(_assigned(name, code.tree))
    return values


def _assigned(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, Assignment) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(ast.unparse(part) == name for target in targets for part in flat(target)):
                yield node.value
        elif isinstance(node, (ast.For, ast.comprehension)):
            if any(ast.unparse(part) == name for part in flat(node.target)):
                yield node.iter
        elif isinstance(node, ast.Call) and _adds_to(node, name):
            yield from node.args


def _adds_to(call: ast.Call, name: str) -> bool:
    """Whether the call is ``name.append(…)`` or its like."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in _ADDS and ast.unparse(call.func.value) == name


def _passed(code: Code, name: str, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.expr]:
    """What the program's calls of ``function`` pass as its parameter ``name``."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    called = "" if isinstance(function, ast.Lambda) else function.name
    if not called or name not in names:
        return
    for call in code.calls(called):
        shift = 1 if names[:1] == ["self"] else 0
        index = names.index(name) - shift
        if 0 <= index < len(call.args):
            yield call.args[index]
        yield from (one.value for one in call.keywords if one.arg == name)


def _returned(code: Code, call: ast.Call) -> Iterator[ast.expr]:
    function = code.function(called_name(call))
    if function is not None:
        yield from (
            node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None
        )


def events_within(facts: Facts, expressions: Iterable[ast.expr], *ops: str) -> list[Event]:
    """The events of these operations that happened while one of ``expressions`` was evaluated, the latest first."""
    inside = {part for expression in expressions for part in ast.walk(expression)}
    found = []
    for event in reversed(facts.events(*ops)):
        places = [facts.place_of(event), *facts.callers(event)]
        if any(facts.code.at(place) in inside for place in places):
            found.append(event)
    return found
