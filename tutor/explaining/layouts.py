"""Shapes that a layer, a view or a loss does not take: channels, orders in memory, columns of classes."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import RenameAttribute, ReplaceExpression, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Finding, Mending
from tutor.explaining.operands import Operand
from tutor.explaining.sizes import other_sizes
from tutor.words import _

VIEW = re.compile(r"shape '\[(.*?)\]' is invalid for input of size (\d+)")
CHANNELS = re.compile(r"to have (\d+) channels, but got (\d+) channels")


def channels(facts: Facts, given: list[Operand], wanted: int, got: int) -> Finding:
    event = facts.failed_event
    layer = event.op.replace("_", "") if event is not None else "conv"
    call = next(
        (
            one
            for one in facts.code.nodes
            if isinstance(one, ast.Call)
            and called_name(one).lower().replace("_", "").startswith(layer[:4])
            and _first(one) is not None
            and ast.unparse(_first(one) or one) == str(wanted)
        ),
        None,
    )
    targets = facts.code.targets(call) if call is not None else []
    name = facts.code.segment(targets[0]) if targets else _("the layer")
    first = given[0] if given else None
    text = first.text if first is not None else facts.code.segment(facts.failing)
    size = shape(first.shape) if first is not None else "?"
    mendings: list[Mending] = []
    number = _first(call) if call is not None else None
    if call is not None and number is not None:
        change = ReplaceExpression(number.lineno, facts.code.of(number), str(got), facts.code.start(number))
        title = _("Let `{layer}` expect {got} channels: line {line}").format(layer=name, got=got, line=call.lineno)
        mendings.append(Mending(title=title, changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=call.lineno if call is not None else facts.line,
        headline=_("`{layer}` expects {wanted} channels, and `{x}` of shape {size} has {got}.").format(
            layer=name, wanted=wanted, x=text, size=size, got=got
        ),
        why=_(
            "The second size of a batch of images is the number of channels, and it must match what the layer was made for: "
            "{wanted}, not {got}. Change the layer, or the order of the sizes if the channels come last."
        ).format(wanted=wanted, got=got),
        mendings=(*mendings, *other_sizes(facts, given)),
    )


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "in_channels"), None)


def scattered(facts: Facts, given: list[Operand]) -> Finding:
    name = given[0].text if given else facts.code.segment(facts.failing)
    node, mendings = facts.failing, list[Mending]()
    if isinstance(node, ast.Call):
        title = _("Let torch copy if it must: `reshape` in place of `view` in line {line}").format(line=node.lineno)
        mendings.append(Mending(title=title, changes=(RenameAttribute(node.lineno, called_name(node), "reshape"),)))
    size = _(" of shape {shape}").format(shape=shape(given[0].shape)) if given else ""
    return Finding(
        line=facts.line,
        cause_line=given[0].line if given and given[0].line is not None else facts.line,
        headline=_(
            "The elements of `{name}`{size} do not lie in memory in the order that `view` in line {line} needs."
        ).format(name=name, size=size, line=facts.line),
        why=_(
            "`view` never copies, so it works only where neighbours in the new shape are neighbours in memory. After `t()`, "
            "`transpose` or `permute` they are not. `reshape` copies where it has to; `contiguous().view(…)` does the same."
        ),
        mendings=tuple(mendings),
    )


def view_of(facts: Facts, given: list[Operand], wanted: str, size: int) -> Finding:
    name = given[0].text if given else facts.code.segment(facts.failing)
    sizes = [int(part) for part in wanted.split(",") if part.strip()]
    known = [part for part in sizes if part != -1]
    product = count(tuple(known))
    now = _(" of shape {shape}").format(shape=shape(given[0].shape)) if given else ""
    node = facts.failing
    mendings: list[Mending] = []
    if isinstance(node, ast.Call) and -1 not in sizes:
        parts = node.args[0].elts if node.args and isinstance(node.args[0], (ast.Tuple, ast.List)) else node.args
        for index, part in enumerate(parts):
            rest = count(tuple(value for place, value in enumerate(sizes) if place != index))
            if rest and size % rest == 0:
                change = ReplaceExpression(part.lineno, facts.code.of(part), "-1", facts.code.start(part))
                title = _("Let torch work out that size: `-1` in place of {old}").format(old=facts.code.segment(part))
                mendings.append(Mending(title=title, changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=given[0].line if given and given[0].line is not None else facts.line,
        headline=_(
            "`{name}`{now} has {size} elements, and the shape ({wanted}) asked for in line {line} needs {product}."
        ).format(
            name=name,
            now=now,
            size=size,
            wanted=wanted,
            line=facts.line,
            product=product if -1 not in sizes else _("a multiple of {n}").format(n=product),
        ),
        why=_(
            "`view` and `reshape` put the same elements in another order of rows and columns; they neither add nor drop any. "
            "So the sizes must multiply to {size}. One of them may be -1: torch works it out."
        ).format(size=size),
        mendings=tuple(mendings),
    )


def column_of_classes(facts: Facts, given: list[Operand]) -> list[Mending]:
    """Class numbers as a column, ``(n, 1)``: the loss wants ``(n,)``."""
    column = next((one for one in given if len(one.shape) == 2 and one.shape[1] == 1 and one.node is not None), None)
    if column is None or column.node is None or not facts.raised("multi-target"):
        return []
    change = WithMethod(column.node.lineno, facts.code.of(column.node), "squeeze(1)", facts.code.start(column.node))
    return [
        Mending(title=_("One number for each sample: `{name}.squeeze(1)`").format(name=column.text), changes=(change,))
    ]
