"""Expressions that hand on values without their graph: ``detach``, ``item``, numpy, ``math``, tensors built anew."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Source
from tutor.explaining.experiments.reading import is_module, names_in, text

_MATHEMATICS = (
    "sqrt",
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "tanh",
    "pow",
    "log1p",
    "expm1",
    "atan",
    "acos",
    "asin",
    "fabs",
)
"""Functions of ``math`` that torch has too."""

_REBUILDERS = ("tensor", "as_tensor", "from_numpy", "Tensor", "FloatTensor")


def how_copied(source: Source, node: ast.AST) -> str | None:
    """How an expression hands on its value without its graph; None if it does not."""
    if isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.ctx, ast.Load):
        return ".data"
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"detach", "detach_", "item", "tolist", "numpy"}:
        return f".{node.func.attr}()"
    name = text(node.func)
    if name.startswith("math.") and name.removeprefix("math.") in _MATHEMATICS and names_in(node):
        return f"{name}()"
    if name == "float" and node.args and not isinstance(node.args[0], ast.Constant):
        return "float()"
    of_torch = isinstance(node.func, ast.Attribute) and is_module(source, node.func.value)
    if of_torch and name.split(".")[-1] in _REBUILDERS and node.args and names_in(node.args[0]):
        return f"{name}()"
    return None


def copied(source: Source, node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not is_module(source, node.func.value):
        return node.func.value
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def in_torch(source: Source, node: ast.expr) -> str:
    """An expression of numpy as one of torch: the functions have the same names, and the copies in it are not needed."""
    if not isinstance(node, ast.Call) or text(node.func).split(".")[0] not in {"np", "numpy"}:
        return source.of(node)
    parts = [uncopied(source, _innermost(source, part)) for part in node.args]
    return f"torch.{text(node.func).split('.')[-1]}({', '.join(parts)})"


def _innermost(source: Source, node: ast.expr) -> ast.expr:
    while how_copied(source, node) is not None and (inner := copied(source, node)) is not None:
        node = inner
    return node


def uncopied(source: Source, node: ast.expr) -> str:
    inner = copied(source, node) if how_copied(source, node) else None
    return source.of(inner if inner is not None else node)
