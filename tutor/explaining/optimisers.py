"""What an optimiser was given."""

from __future__ import annotations

import ast

from tutor.explaining.code import keyword
from tutor.explaining.facts import Facts


def given_parameters(facts: Facts) -> ast.expr | None:
    """The first argument of the optimiser, as written."""
    call = facts.failing
    if not isinstance(call, ast.Call):
        calls = [node for node in ast.walk(call) if isinstance(node, ast.Call)] if call is not None else []
        call = calls[0] if calls else None
    if not isinstance(call, ast.Call):
        return None
    return call.args[0] if call.args else keyword(call, "params")
