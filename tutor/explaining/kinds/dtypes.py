"""Dtypes that do not go together."""

from __future__ import annotations

import ast
from typing import Final

from tutor.autograd import TensorValue
from tutor.explaining.changes import Change, FloatLiterals, ReplaceExpression, SetKeyword, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.operands import Operand, operands
from tutor.words import _

_MESSAGES: Final = (
    "to have the same dtype",
    "must have the same dtype",
    "expected both vectors to have same dtype",
    "expected scalar type",
    "expected target dtype",
    "could not infer output dtype",
    "can't be cast to the desired output type",
    "Found dtype",
    "to have one of the following scalar types",
    "not implemented for 'Long'",
    "not implemented for 'Int'",
    "not implemented for 'Bool'",
    "tensors used as indices must be",
    "with a bool tensor is not supported",
    "with two bool tensors is not supported",
    "Input dtype must be either",
    "for Long",
)
_WHOLE: Final = {"int8", "int16", "int32", "int64", "uint8", "bool"}
_METHODS: Final = {"float32": "float()", "float64": "double()", "int64": "long()", "float16": "half()"}
_DTYPED: Final = {"tensor", "zeros", "ones", "full", "rand", "randn", "arange", "linspace", "eye", "empty", "as_tensor"}


def _find(facts: Facts) -> Finding | None:
    given = operands(facts)
    if facts.raised("expected target dtype", "tensors used as indices", "following scalar types"):
        return _whole_wanted(facts, given)
    dtypes = list(dict.fromkeys(one.dtype for one in given))
    if len(dtypes) < 2:
        return _single(facts, given)
    odd = _odd(facts, given)
    other = next(one for one in given if one.dtype != odd.dtype)
    cause = odd.line or other.line
    where = ""
    if odd.line is not None and odd.line != facts.line:
        where = _(" `{name}` becomes {dtype} in line {line}.").format(name=odd.text, dtype=odd.dtype, line=odd.line)
    return Finding(
        line=facts.line,
        cause_line=cause or facts.line,
        headline=_("`{a}` is {one} and `{b}` is {two}; the operation in line {line} needs one dtype for both.").format(
            a=given[0].text, one=given[0].dtype, b=_partner(given).text, two=_partner(given).dtype, line=facts.line
        ),
        why=_(
            "Element by element torch finds a common dtype, but products of matrices and many losses do not.{where}{numpy} Convert one of "
            "them, `{name}.{method}`, or make it with `dtype=torch.{want}`."
        ).format(
            where=where,
            name=odd.text,
            method=_METHODS.get(other.dtype, f"to(torch.{other.dtype})"),
            want=other.dtype,
            numpy=_numpy(odd),
        ),
        mendings=tuple(_mendings(facts, odd, other.dtype)),
    )


def _partner(given: list[Operand]) -> Operand:
    return next(one for one in given if one.dtype != given[0].dtype)


def _numpy(odd: Operand) -> str:
    return _(" numpy's numbers are double (float64) unless you say otherwise.") if odd.dtype == "float64" else ""


def _odd(facts: Facts, given: list[Operand]) -> Operand:
    """The one to convert: not a parameter or a tensor to be learned, rather float64 or whole numbers than float32."""
    tracked = {number for number in (one.number for one in given) if number is not None and _learned(facts, number)}

    def weight(one: Operand) -> tuple[bool, bool]:
        return one.number in tracked, one.dtype == "float32"

    return min(given, key=weight)


def _learned(facts: Facts, number: int) -> bool:
    known = facts.tensor(number)
    return known is not None and known.requires_grad and known.is_leaf


def _mendings(facts: Facts, odd: Operand, dtype: str) -> list[Mending]:
    found: list[Mending] = []
    made: ast.AST | None = facts.node_of(facts.maker(odd.number)) if odd.number is not None else None
    if made is None and odd.line is not None:
        made = facts.code.value_of(odd.text)
    if isinstance(made, ast.Call):
        code = facts.code
        title = _("Make `{name}` {dtype} in line {line}").format(name=odd.text, dtype=dtype, line=made.lineno)
        change: Change | None = None
        if any(one.arg == "dtype" for one in made.keywords) or called_name(made) in _DTYPED:
            change = SetKeyword(made.lineno, called_name(made), "dtype", f"torch.{dtype}", code.start(made))
        elif called_name(made) in {"from_numpy", "as_tensor", "tensor"}:
            change = WithMethod(made.lineno, code.of(made), _METHODS.get(dtype, f"to(torch.{dtype})"), code.start(made))
        if change is not None:
            found.append(Mending(title=title, changes=(change,)))
    node = odd.node
    if node is not None:
        method = _METHODS.get(dtype, f"to(torch.{dtype})")
        title = _("Convert `{name}` where it is used: `{name}.{method}`").format(name=odd.text, method=method)
        found.append(
            Mending(
                title=title, changes=(WithMethod(node.lineno, facts.code.of(node), method, facts.code.start(node)),)
            )
        )
    return found


# One tensor of the wrong dtype


def _single(facts: Facts, given: list[Operand]) -> Finding | None:
    one = next((part for part in given if part.dtype in _WHOLE), None)
    if one is None:
        return _unknown(facts)
    subtraction = facts.raised("Subtraction, the `-` operator")
    in_place = facts.raised("can't be cast to the desired output type")
    kind = _("True and False (bool)") if one.dtype == "bool" else _("whole numbers ({dtype})").format(dtype=one.dtype)
    if in_place:
        why = _(
            "An operation in place keeps the dtype of the tensor it changes, and there is no room for fractions in {kind}."
        )
    elif subtraction:
        why = _(
            "torch does not subtract bools, {kind}, since it is not clear what was meant. Convert to float, or use `~` and `^`."
        )
    else:
        why = _(
            "The result of this operation is a fraction in general, so torch wants floating point numbers, not {kind}."
        )
    made = facts.node_of(facts.maker(one.number)) if one.number is not None else None
    mendings: list[Mending] = []
    if isinstance(made, ast.Call) and called_name(made) in _DTYPED and one.dtype != "bool":
        literals = FloatLiterals(made.lineno, facts.code.of(made), facts.code.start(made))
        title = _("Write the numbers in line {line} with a dot: they become float32").format(line=made.lineno)
        mendings.append(Mending(title=title, changes=(literals,)))
    mendings.extend(_mendings(facts, one, "float32"))
    where = _(" `{name}` is made in line {line}.").format(name=one.text, line=one.line) if one.line is not None else ""
    return Finding(
        line=facts.line,
        cause_line=one.line or facts.line,
        headline=_("`{name}` holds {kind}, and `{text}` in line {line} needs floating point numbers (float32).").format(
            name=one.text, kind=kind, text=facts.code.segment(facts.failing), line=facts.line
        ),
        why=why.format(kind=kind) + where,
        mendings=tuple(mendings),
    )


def _whole_wanted(facts: Facts, given: list[Operand]) -> Finding | None:
    floating = [one for one in given if one.dtype not in _WHOLE]
    if not floating:
        return _unknown(facts)
    one = next(
        (part for part in reversed(floating) if part.number is None or not _learned(facts, part.number)), floating[-1]
    )
    loss = facts.raised("expected target dtype")
    what = _("classes are counted: 0, 1, 2") if loss else _("positions are counted: 0, 1, 2")
    where = _(" `{name}` is made in line {line}.").format(name=one.text, line=one.line) if one.line is not None else ""
    return Finding(
        line=facts.line,
        cause_line=one.line or facts.line,
        headline=_("`{name}` is {dtype}, and in line {line} it has to hold whole numbers (int64).").format(
            name=one.text, dtype=one.dtype, line=facts.line
        ),
        why=_("Here {what}, so the dtype must be a whole number's, `torch.long`, not float.{where}").format(
            what=what, where=where
        ),
        mendings=tuple(_mendings(facts, one, "int64")),
    )


def _unknown(facts: Facts) -> Finding | None:
    """When the operation's tensors are not known: what the variables of the failing line hold."""
    node = facts.failing
    if node is None or facts.exception is None:
        return None
    held = []
    for part in ast.walk(node):
        local = facts.local(part.id) if isinstance(part, ast.Name) else None
        if local is not None and isinstance(local.value, TensorValue):
            held.append(f"`{local.name}` {local.value.dtype}")
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("The dtypes in `{text}`, line {line}, do not fit: {held}.").format(
            text=facts.code.segment(node),
            line=facts.line,
            held=", ".join(dict.fromkeys(held)) or facts.exception.message,
        ),
        why=_("torch says: {message}. Convert with `.float()`, `.double()` or `.long()`.").format(
            message=facts.exception.message.rstrip(".")
        ),
        mendings=tuple(
            Mending(
                title=_("Convert to floating point: `{name}.float()`").format(name=part.id),
                changes=(ReplaceExpression(part.lineno, part.id, f"{part.id}.float()", facts.code.start(part)),),
            )
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and f"`{part.id}`" in " ".join(held)
        )[:2],
    )


DTYPE_MISMATCH = Kind(
    slug="dtype-mismatch",
    rank=30,
    suspects=lambda facts: facts.raised(*_MESSAGES),
    find=_find,
    page=Page(
        title=_("Dtypes that do not go together"),
        what=_(
            "A product of matrices needs one dtype on both sides. torch makes float32, numpy makes float64, and `torch.tensor([1, 2])` "
            "holds whole numbers."
        ),
        mend=_("Convert with `.float()`, or give the `dtype` where the tensor is made."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "import numpy as np\n"
                "class Fit:\n"
                "    def __init__(self, data):\n"
                "        self.data = torch.from_numpy(data)\n"
                "        self.weights = torch.zeros(3, requires_grad=True)\n"
                "    def loss(self):\n"
                "        return (self.data @ self.weights).pow(2).sum()\n"
                "Fit(np.ones((4, 3))).loss().backward()\n"
            ),
            line=8,
            cause_line=5,
            facts=(r"`self\.data`", r"`self\.weights`", "float64", "float32", "line 5", r"float\(\)", "line 8"),
        ),
        Case(
            code=("import torch\nhits = torch.tensor([3, 4, 5])\nrate = hits.mean()\nprint(rate)\n"),
            line=3,
            cause_line=2,
            facts=("`hits`", "int64", "whole", "float"),
        ),
        Case(
            code=(
                "import torch\n"
                "scores = torch.zeros(2, 3, requires_grad=True)\n"
                "labels = torch.tensor([0.0, 2.0])\n"
                "torch.nn.functional.cross_entropy(scores, labels).backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`labels`", "float32", "int64", "long"),
        ),
        Case(
            code=("import torch\nsteps = torch.arange(3)\nsteps += 0.5\n"),
            line=3,
            cause_line=2,
            facts=("`steps`", "in place"),
        ),
    ),
)
