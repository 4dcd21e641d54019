"""Plain numbers taken out of tensors: how they were, and the same expression with tensors kept."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import Edit, ReplaceExpression
from tutor.explaining.code import Code, called_name
from tutor.explaining.facts import Facts

_METHODS = frozenset({"item", "tolist", "numpy", "detach", "cpu"})
_FUNCTIONS = frozenset({"float", "int", "round"})
_MATHS = frozenset({"math", "np", "numpy"})


def extraction_text(facts: Facts, event: Event) -> str:
    """How the number was taken out, as a learner would say it: ``.item()``, ``float(...)``, ``.numpy()``."""
    node = facts.node_of(event)
    name = called_name(node) if node is not None else ""
    if event.op in {"__float__", "__int__", "__array__", "__index__"} and name:
        return f"{facts.code.segment(node.func) if isinstance(node, ast.Call) else name}(…)"
    return f".{event.op}()"


def as_tensors(code: Code, expression: ast.expr) -> str:
    """The text of ``expression`` without ``.item()``, ``float(...)`` and the like; ``math.exp`` as ``torch.exp``."""
    start, end = code.span(expression)
    edits: list[Edit] = []
    for node in ast.walk(expression):
        if not isinstance(node, ast.Call):
            continue
        edits.extend(_kept(code, node))
    text = code.edited(*edits)
    return text[start : end + len(text) - len(code.text)]


def _kept(code: Code, call: ast.Call) -> list[Edit]:
    start, end = code.span(call)
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS and not call.args:
        name_ends = code.span(call.func)[1]
        dot = name_ends - len(call.func.attr) - 1
        return [Edit((dot, end), "")] if code.text[dot] == "." else []
    if isinstance(call.func, ast.Name) and call.func.id in _FUNCTIONS and call.args:
        inner = code.span(call.args[0])
        tight = not isinstance(call.args[0], (ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp))
        return [Edit((start, inner[0]), "" if tight else "("), Edit((inner[1], end), "" if tight else ")")]
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in _MATHS:
        return [Edit(code.span(call.func.value), "torch")]
    return []


def kept_as_tensors(code: Code, expressions: list[ast.expr]) -> tuple[ReplaceExpression, ...]:
    """Changes that keep tensors in all of ``expressions``, the last first; those within another are left to it."""
    outermost = [
        one
        for one in expressions
        if one in code.parents and not any(above in expressions for above in code.ancestors(one))
    ]
    changes = [
        ReplaceExpression(one.lineno, text, kept, code.start(one))
        for one in outermost
        if (kept := as_tensors(code, one)) != (text := code.of(one))
    ]
    return tuple(sorted(changes, key=lambda change: (change.line, change.column or 0), reverse=True))
