"""In-place changes as the program writes them, and the same change out of place."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import (
    Change,
    DropArgument,
    Insert,
    RenameAttribute,
    ReplaceExpression,
    ReplaceStatement,
    Under,
)
from tutor.explaining.code import Code, called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.words import _

_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%", ast.MatMult: "@",
}  # fmt: skip


_ONLY_IN_PLACE = frozenset({"zero", "fill", "copy", "normal", "uniform", "exponential", "bernoulli", "set", "resize"})


def changed_expression(facts: Facts, event: Event) -> ast.expr | None:
    """The tensor that an in-place operation changes, as written: ``y`` in ``y += 1``, ``y.add_(1)``, ``y[0] = 1``."""
    node = facts.node_of(event)
    if isinstance(node, ast.AugAssign):
        return node.target
    if isinstance(node, ast.Assign):
        node = node.targets[0]
    if isinstance(node, ast.Subscript):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        module = ast.unparse(node.func.value).split(".")[0] in {"torch", "nn", "F", "functional", "init"}
        return node.args[0] if module and node.args else node.func.value
    return node if isinstance(node, ast.expr) else None


def whole(expression: ast.expr) -> ast.expr:
    """``y`` for ``y[0][1:]``: what is changed when an element of it is."""
    while isinstance(expression, ast.Subscript):
        expression = expression.value
    return expression


def under_no_grad(statement: ast.stmt) -> Mending:
    """The statement put under ``torch.no_grad()``."""
    last = statement.end_lineno or statement.lineno
    change: Change = Under(statement.lineno, last)
    return Mending(
        title=_("Change it without tracking: put line {line} under `with torch.no_grad():`").format(
            line=statement.lineno
        ),
        changes=(change,),
    )


def out_of_place(facts: Facts, event: Event) -> list[Mending]:
    """The change of ``event`` as a new tensor: ``y = y + 1`` for ``y += 1``, ``y = y.add(1)`` for ``y.add_(1)``."""
    node = facts.node_of(event)
    if isinstance(node, ast.AugAssign) and type(node.op) in _OPERATORS:
        return _new_value(facts.code, node)
    if isinstance(node, ast.Call):
        return _method(facts.code, node)
    statement = None if node is None else facts.code.statement_of(node)
    target = changed_expression(facts, event)
    if statement is None or target is None:
        return []
    return _copied_first(facts.code, statement, whole(target))


def _new_value(code: Code, node: ast.AugAssign) -> list[Mending]:
    target = code.of(node.target)
    right = code.of(node.value)
    if isinstance(node.value, (ast.BinOp, ast.IfExp, ast.Compare, ast.BoolOp)):
        right = f"({right})"
    text = f"{target} = {target} {_OPERATORS[type(node.op)]} {right}"
    new = [
        Mending(
            title=_("Make a new tensor instead: `{text}` in line {line}").format(text=text, line=node.lineno),
            changes=(ReplaceStatement(node.lineno, text, code.start(node)),),
        )
    ]
    if isinstance(node.target, ast.Subscript):
        return _copied_first(code, node, whole(node.target))
    return new


def _copied_first(code: Code, statement: ast.stmt, target: ast.expr) -> list[Mending]:
    name = code.of(target)
    return [
        Mending(
            title=_("Change a copy: `{name} = {name}.clone()` before line {line}").format(
                name=name, line=statement.lineno
            ),
            changes=(Insert(statement.lineno, f"{name} = {name}.clone()", column=code.start(statement)),),
        )
    ]


def _method(code: Code, call: ast.Call) -> list[Mending]:
    flag = keyword(call, "inplace")
    if flag is not None:
        title = _("Leave `inplace=True` out in line {line}").format(line=call.lineno)
        dropped = DropArgument(call.lineno, called_name(call), "inplace", code.start(call))
        statement = code.statement_of(call)
        if isinstance(statement, ast.Expr) and statement.value is call and call.args:
            text = f"{code.of(call.args[0])} = {code.of(call)}"
            return [Mending(title=title, changes=(ReplaceStatement(call.lineno, text, code.start(call)), dropped))]
        return [Mending(title=title, changes=(dropped,))]
    name = called_name(call)
    if not isinstance(call.func, ast.Attribute) or not name.endswith("_") or name.endswith("__"):
        return []
    plain = name[:-1]
    statement = code.statement_of(call)
    if plain in _ONLY_IN_PLACE:
        return _copied_first(code, statement, whole(call.func.value))
    title = _("Make a new tensor instead: `{plain}` for `{name}` in line {line}").format(
        plain=plain, name=name, line=call.lineno
    )
    renamed = RenameAttribute(call.lineno, name, plain)
    if isinstance(statement, ast.Expr) and statement.value is call:
        receiver = call.args[0] if ast.unparse(call.func.value) == "torch" and call.args else call.func.value
        if not isinstance(receiver, (ast.Name, ast.Attribute)):
            return _copied_first(code, statement, whole(receiver))
        text = f"{code.of(receiver)} = {code.of(call)}"
        return [Mending(title=title, changes=(ReplaceStatement(call.lineno, text, code.start(call)), renamed))]
    return [Mending(title=title, changes=(renamed,))]


def cloned(facts: Facts, expressions: list[ast.expr]) -> list[Mending]:
    """A copy where ``expressions`` are read, so that what is saved is not what is changed later."""
    if not expressions:
        return []
    last_first = sorted(expressions, key=lambda one: (one.lineno, one.col_offset), reverse=True)
    return [
        Mending(
            title=_("Let the operation keep a copy: `{text}.clone()` in line {line}").format(
                text=facts.code.segment(last_first[-1]), line=last_first[-1].lineno
            ),
            changes=tuple(
                ReplaceExpression(one.lineno, text := facts.code.of(one), f"{text}.clone()", facts.code.start(one))
                for one in last_first
            ),
        )
    ]
