"""Positions and dimensions that a tensor does not have, and one number asked of many."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceExpression, WithMethod
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.operands import Operand, operands
from tutor.words import _

_INDEX = re.compile(r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)")
_DIMENSION = re.compile(r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)")
_TO_NUMBER = ("item", "float", "int", "bool", "tolist", "sqrt", "exp", "log", "format")


def _first(facts: Facts) -> Operand | None:
    return next(iter(operands(facts)), None)


def _made(one: Operand | None, facts: Facts) -> str:
    if one is None or one.line is None or one.line == facts.line:
        return ""
    return " " + _("`{name}` gets its shape in line {line}.").format(name=one.text, line=one.line)


# Positions


def _find_index(facts: Facts) -> Finding | None:
    if facts.raised("Target ", "index out of range in self"):
        return _find_class_number(facts)
    match = _INDEX.search(facts.exception.message) if facts.exception else None
    if match is None:
        return None
    index, dimension, size = (int(group) for group in match.groups())
    one = _first(facts)
    text = facts.code.segment(facts.failing)
    name = f"`{one.text}`" if one is not None else f"`{text}`"
    mendings: list[Mending] = []
    node = facts.failing
    for part in ast.walk(node) if node is not None else ():
        if (
            isinstance(part, ast.Constant)
            and part.value == index
            and isinstance(facts.code.parents.get(part), (ast.Subscript, ast.Tuple))
        ):
            change = ReplaceExpression(part.lineno, facts.code.of(part), str(size - 1), facts.code.start(part))
            mendings.append(Mending(title=_("Take the last one: {index}").format(index=size - 1), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=one.line if one is not None and one.line is not None else facts.line,
        headline=_(
            "{name} has {size} elements along dimension {dimension}, and line {line} asks for number {index}."
        ).format(name=name, size=size, dimension=dimension, line=facts.line, index=index),
        why=_("Positions are counted from 0, so the last one here is {last} (or -1).{made}").format(
            last=size - 1, made=_made(one, facts)
        ),
        mendings=tuple(mendings),
    )


_TARGET = re.compile(r"Target (-?\d+) is out of bounds")


def _find_class_number(facts: Facts) -> Finding:
    """A class that the scores have no column for, or a row that an embedding does not have."""
    match = _TARGET.search(facts.exception.message) if facts.exception else None
    given = operands(facts)
    wide = [one for one in given if len(one.shape) == 2]
    table = wide[0] if match is not None and wide else wide[-1] if wide else None
    whole = next((one for one in given if one.dtype.startswith("int")), None)
    count_ = None if table is None else table.shape[1] if match is not None else table.shape[0]
    rows = _("scores for {count} classes") if match is not None else _("{count} rows")
    name = f"`{whole.text}`" if whole is not None else _("the target")
    asked = match.group(1) if match is not None else _("a row")
    mendings: list[Mending] = []
    for call in facts.code.calls("Linear", "Embedding"):
        place = call.args[1 if called_name(call) == "Linear" else 0] if len(call.args) > 1 else None
        if isinstance(place, ast.Constant) and place.value == count_:
            new = str(int(asked if match is not None else str(place.value)) + 1)
            change = ReplaceExpression(place.lineno, facts.code.of(place), new, facts.code.start(place))
            title = _("Make room for it: {new} in line {line}").format(new=new, line=place.lineno)
            mendings.append(Mending(title=title, changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=whole.line if whole is not None and whole.line is not None else facts.line,
        headline=_("{name} asks for {asked} in line {line}, and there are only {rows}.").format(
            name=name, asked=asked, line=facts.line, rows=rows.format(count=count_ if count_ is not None else "?")
        ),
        why=_("Numbers are counted from 0, so the largest that may occur is {last}.").format(
            last=count_ - 1 if count_ is not None else "?"
        ),
        mendings=tuple(mendings),
    )


def _find_dimension(facts: Facts) -> Finding | None:
    match = _DIMENSION.search(facts.exception.message) if facts.exception else None
    if match is None:
        return None
    last, got = int(match.group(2)), int(match.group(3))
    one = _first(facts)
    text = facts.code.segment(facts.failing)
    size = _(" of shape {shape}").format(shape=shape(one.shape)) if one is not None else ""
    name = one.text if one is not None else text
    mendings: list[Mending] = []
    node = facts.failing
    if isinstance(node, ast.Call):
        part = (
            keyword(node, "dim")
            or keyword(node, "axis")
            or next(
                (
                    one
                    for one in node.args
                    if isinstance(one, (ast.Constant, ast.UnaryOp)) and ast.unparse(one) == str(got)
                ),
                None,
            )
        )
        if part is not None:
            for new in dict.fromkeys((last, -1)):
                change = ReplaceExpression(part.lineno, facts.code.of(part), str(new), facts.code.start(part))
                mendings.append(Mending(title=_("Use the last dimension: {new}").format(new=new), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=one.line if one is not None and one.line is not None else facts.line,
        headline=_("`{name}`{size} has no dimension {got}; line {line} asks for it.").format(
            name=name, size=size, got=got, line=facts.line
        ),
        why=_("Dimensions are counted from 0, so here the last one is {last} (or -1).{made}").format(
            last=last, made=_made(one, facts)
        ),
        mendings=tuple(mendings),
    )


# One number of many


def _find_number(facts: Facts) -> Finding | None:
    statement = facts.code.statement_at(facts.line) if facts.line else None
    call = (
        next(
            (node for node in ast.walk(statement) if isinstance(node, ast.Call) and called_name(node) in _TO_NUMBER),
            None,
        )
        if statement
        else None
    )
    one = _first(facts)
    if call is None:
        return None
    receiver = (
        call.func.value
        if isinstance(call.func, ast.Attribute) and not call.args
        else call.args[0]
        if call.args
        else None
    )
    name = facts.code.segment(receiver) if receiver is not None else one.text if one is not None else "?"
    local = facts.local(name)
    size = (
        one.shape
        if one is not None
        else local.tensor.value.shape
        if local is not None and local.tensor is not None
        else None
    )
    text = facts.code.segment(call)
    mendings: list[Mending] = []
    if receiver is not None:
        old, start = facts.code.of(receiver), facts.code.start(receiver)
        for method, title in (("sum()", _("Take the sum")), ("mean()", _("Take the mean"))):
            mendings.append(
                Mending(title=f"{title}: `{name}.{method}`", changes=(WithMethod(receiver.lineno, old, method, start),))
            )
    sized = (
        _(", of shape {shape}, has {count} elements").format(shape=shape(size), count=count(size))
        if size is not None
        else _(" has several elements")
    )
    return Finding(
        line=facts.line,
        cause_line=one.line if one is not None and one.line is not None else facts.line,
        headline=_("`{name}`{sized}, and `{text}` in line {line} needs exactly one.").format(
            name=name, sized=sized, text=text, line=facts.line
        ),
        why=_(
            "A Python number holds one value. Reduce the tensor first, `sum()` or `mean()`, take one element, `{name}[0]`, or use "
            "`tolist()` for all of them.{made}"
        ).format(name=name, made=_made(one, facts)),
        mendings=tuple(mendings),
    )


INDEX_OUT_OF_RANGE = Kind(
    slug="index-out-of-range",
    rank=40,
    suspects=lambda facts: facts.raised(
        "is out of bounds for dimension", "is out of bounds.", "index out of range in self"
    ),
    find=_find_index,
    page=Page(
        title=_("A position that the tensor does not have"),
        what=_("Positions are counted from 0. A tensor with three elements has the positions 0, 1 and 2."),
        mend=_("Use a smaller index, or -1 for the last element."),
    ),
    cases=(
        Case(
            code="import torch\nsteps = torch.ones(3, requires_grad=True)\nlast = steps[3]\nlast.backward()\n",
            line=3,
            facts=("`steps`", "3 elements", "number 3", "line 3"),
        ),
    ),
)

DIMENSION_OUT_OF_RANGE = Kind(
    slug="dimension-out-of-range",
    rank=40,
    suspects=lambda facts: facts.raised("Dimension out of range"),
    find=_find_dimension,
    page=Page(
        title=_("A dimension that the tensor does not have"),
        what=_("Dimensions are counted from 0. A vector has only dimension 0, a matrix 0 and 1."),
        mend=_("Use a smaller `dim`, or -1 for the last."),
    ),
    cases=(
        Case(
            code="import torch\nrow = torch.ones(4, requires_grad=True)\nshares = torch.softmax(row, dim=1)\nshares.sum().backward()\n",
            line=3,
            facts=("`row`", r"\(4,\)", "dimension 1", "line 3"),
        ),
    ),
)

NOT_A_SINGLE_NUMBER = Kind(
    slug="not-a-single-number",
    rank=40,
    suspects=lambda facts: facts.raised("cannot be converted to Scalar", "only one element tensors can be converted"),
    find=_find_number,
    page=Page(
        title=_("One number asked of a tensor with many"),
        what=_("`.item()`, `float()` and the functions of `math` need a tensor with exactly one element."),
        mend=_("Reduce it first, or take one element."),
    ),
    cases=(
        Case(
            code="import torch\nerrors = torch.tensor([1.0, 2.0], requires_grad=True) * 3\nprint(errors.item())\n",
            line=3,
            facts=("`errors`", "2 elements", r"\.item\(\)", "sum", "line 3"),
        ),
        Case(
            code="import math, torch\nerrors = torch.tensor([1.0, 2.0], requires_grad=True)\nroot = math.sqrt(errors)\n",
            line=3,
            facts=("`errors`", r"math\.sqrt"),
        ),
    ),
)
