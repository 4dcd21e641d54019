"""The operands of the operation that failed: as written, with their shapes and dtypes, and where they come from."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tutor.autograd import TensorValue
from tutor.explaining.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A tensor that the failing operation was given."""

    text: str
    """As the learner wrote it, or the name of what it is: ``samples``, ``layer.weight``."""
    shape: tuple[int, ...]
    dtype: str
    line: int | None
    """Where it was made, in the learner's file."""
    node: ast.expr | None = None
    """The expression in the failing statement, if it stands there."""
    number: int | None = None


def operands(facts: Facts) -> list[Operand]:
    """The tensors that went into the failing operation, in order, each once; parameters of a layer by their names."""
    event, node = facts.failed_event, facts.failing
    found: list[Operand] = []
    written = _written(node)
    given = (
        node.args if isinstance(node, ast.Call) and len(node.args) == len(event.inputs if event else ()) else written
    )
    for number in event.inputs if event is not None else ():
        known = facts.tensor(number)
        if known is None or any(one.number == number for one in found):
            continue
        name = facts.expression(number)
        here = next(
            (part for part in written if name is not None and ast.unparse(part) == name),
            next((part for part in written if facts.code.segment(part) == facts.text_of(facts.maker(number))), None),
        )
        if here is None and name is None and event is not None and len(given) == len(event.inputs):
            here = given[event.inputs.index(number)]
        text = facts.code.segment(here) if here is not None else name or facts.text_of(facts.maker(number))
        made = facts.maker(number)
        line = facts.line_of(made) if made is not None else _assigned(facts, text)
        found.append(
            Operand(text=text or "?", shape=known.shape, dtype=known.dtype, line=line, node=here, number=number)
        )
    return found or _from_frame(facts, written)


def _assigned(facts: Facts, text: str) -> int | None:
    """The line that assigns to ``text``, for tensors that came from elsewhere: ``torch.from_numpy``, a file."""
    statements = facts.code.assignments(text) if text else []
    return statements[-1].lineno if statements else None


def _written(node: ast.AST | None) -> list[ast.expr]:
    """The operands as they stand in the failing expression."""
    if isinstance(node, ast.Expr):
        node = node.value
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)):
        node = node.value
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call):
        parts: list[ast.expr] = []
        for argument in (*node.args, *(one.value for one in node.keywords)):
            parts.extend(argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument])
        return ([node.func.value] if isinstance(node.func, ast.Attribute) else []) + parts
    if isinstance(node, ast.Subscript):
        return [node.value, node.slice]
    return []


def _from_frame(facts: Facts, written: list[ast.expr]) -> list[Operand]:
    """The same from the variables of the failing frame, where the history does not know the operation."""
    found = []
    for part in written:
        text = ast.unparse(part)
        transposed = isinstance(part, ast.Attribute) and part.attr in {"T", "mT"}
        local = facts.local(ast.unparse(part.value) if isinstance(part, ast.Attribute) and transposed else text)
        if local is not None and isinstance(local.value, TensorValue):
            size = local.value.shape
            if transposed:
                size = (*size[:-2], *size[-2:][::-1])
            made = facts.code.value_of(local.name, facts.line, facts.code.scope(part)) or facts.code.value_of(
                local.name
            )
            line = made.lineno if made is not None else None
            found.append(Operand(text=text, shape=size, dtype=local.value.dtype, line=line, node=part))
    return found
