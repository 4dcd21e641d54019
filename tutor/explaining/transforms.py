"""Calls of ``torch.func`` and ``torch.autograd.functional``, with the functions given to them."""

from __future__ import annotations

import ast

from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.words import _

_TRANSFORMS = ("grad", "grad_and_value", "vmap", "jacrev", "jacfwd", "vjp", "jvp", "hessian", "jacobian", "hvp", "vhp")

Function = ast.FunctionDef | ast.Lambda


def transforms(facts: Facts) -> list[tuple[ast.Call, ast.expr, Function | None]]:
    """The calls of transforms, each with the expression of the function it was given and that function's own code."""
    found = []
    for call in facts.code.calls(*_TRANSFORMS):
        given = call.args[0] if call.args else keyword(call, "func")
        if isinstance(given, ast.Call) and called_name(given) in _TRANSFORMS:
            continue
        body: ast.AST | None = given
        if isinstance(given, ast.Name):
            body = facts.code.function(given.id) or facts.code.value_of(given.id)
        elif isinstance(given, ast.Attribute):
            body = facts.code.function(given.attr)
        if given is not None:
            found.append((call, given, body if isinstance(body, (ast.FunctionDef, ast.Lambda)) else None))
    return found


def transformed(facts: Facts) -> tuple[ast.Call, ast.expr, Function | None] | None:
    """The transform that failed: of the function the exception passed through, else the one on or above the line."""
    found = transforms(facts)
    frames = [frame.function.rsplit(".", 1)[-1] for frame in (facts.exception.frames if facts.exception else ())]
    inside = [one for one in found if isinstance(one[2], ast.FunctionDef) and one[2].name in frames]
    here = [one for one in found if facts.line is not None and one[0].lineno == facts.line]
    above = [one for one in found if facts.line is not None and one[0].lineno <= facts.line]
    return next(iter(inside or here or list(reversed(above)) or found), None)


def name_of(facts: Facts, given: ast.expr) -> str:
    return f"`{facts.code.segment(given)}`" if not isinstance(given, ast.Lambda) else _("the `lambda`")


def returned(function: Function | None) -> ast.expr | None:
    if isinstance(function, ast.Lambda):
        return function.body
    if function is None:
        return None
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    return returns[-1].value if returns else None
