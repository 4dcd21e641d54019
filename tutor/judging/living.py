"""The part of a syntax tree that can run: without what stands after ``return``, under ``if False``, or in a function
that nothing names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, TypeAlias

_LEAVING: Final = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def living(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that can run, in the order they are written."""
    unnamed: frozenset[str] = frozenset()
    while True:
        nodes = list(_walk(tree, unnamed))
        named = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        functions = {node.name for node in ast.walk(tree) if isinstance(node, _Function) and not node.decorator_list}
        grown = frozenset(functions - named - _methods(tree))
        if grown == unnamed:
            yield from nodes
            return
        unnamed = grown | unnamed


def _methods(tree: ast.AST) -> set[str]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {item.name for owner in classes for item in owner.body if isinstance(item, _Function)}


def _walk(node: ast.AST, unnamed: frozenset[str]) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [node]
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at, _Function) and at.name in unnamed:
            continue
        waiting.extend(reversed(list(_children(at))))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node that can run."""
    dead = _dead_fields(node)
    for name, value in ast.iter_fields(node):
        if name in dead:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from _reached([item for item in value if isinstance(item, ast.AST)], node)


def _reached(items: list[ast.AST], parent: ast.AST) -> Iterator[ast.AST]:
    truth = {ast.And: False, ast.Or: True}
    for item in items:
        yield item
        if isinstance(item, _LEAVING):
            return
        if isinstance(parent, ast.BoolOp) and _constant(item) is truth[type(parent.op)]:
            return


def _dead_fields(node: ast.AST) -> frozenset[str]:
    if isinstance(node, (ast.If, ast.IfExp)):
        known = _constant(node.test)
        return frozenset() if known is None else frozenset({"orelse" if known else "body"})
    if isinstance(node, ast.While) and _constant(node.test) is False:
        return frozenset({"body"})
    if isinstance(node, (ast.For, ast.AsyncFor)) and _constant(node.iter) is False:
        return frozenset({"body"})
    return frozenset()


def _constant(node: ast.AST) -> bool | None:
    """The truth of an expression that is known without running it, None where it is not."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and not node.elts:
        return False
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _constant(node.operand)
        return None if inner is None else not inner
    return None
