"""A tensor that requires grad, handed to numpy."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("Can't call numpy() on Tensor that requires grad")


def _find(facts: Facts) -> Finding | None:
    event, node = facts.failed_event, facts.failing
    number = event.inputs[0] if event is not None and event.inputs else None
    written = _written(facts, node, number)
    name = facts.code.segment(written)
    if number is not None and facts.names(number) and name not in facts.names(number):
        name = facts.name(number) or name
    name = name or _("the tensor")
    maker = None if number is None else facts.maker(number)
    known = None if number is None else facts.tensor(number)
    made = facts.line_of(maker)
    where = _(" (made in line {line})").format(line=made) if made and made != facts.line else ""
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{name}` requires grad, and line {line} hands it to numpy, which cannot follow gradients.").format(
            name=name, line=facts.line
        ),
        why=_(
            "`{name}`{where} is part of a graph{function}. A numpy array has no place for that, so torch asks you to "
            "say that the values alone are wanted: `{name}.detach().numpy()`. Gradients will not flow through the "
            "array."
        ).format(name=name, where=where, function=f" ({known.grad_fn})" if known is not None and known.grad_fn else ""),
        mendings=_mendings(facts, written),
        about=() if number is None else (number,),
    )


def _written(facts: Facts, node: ast.AST | None, number: int | None) -> ast.expr | None:
    """The tensor as written: the receiver of ``numpy()``, or the argument that numpy was given."""
    if node is None:
        return None
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        if called_name(call) == "numpy" and isinstance(call.func, ast.Attribute):
            return call.func.value
    names = facts.names(number) if number is not None else []
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        for argument in call.args:
            if ast.unparse(argument) in names or len(call.args) == 1:
                return argument
    return None


def _mendings(facts: Facts, written: ast.expr | None) -> tuple[Mending, ...]:
    if written is None:
        return ()
    title = _("Take the values alone: `{name}.detach()`").format(name=facts.code.segment(written))
    column, text = facts.code.start(written), facts.code.of(written)
    found = [Mending(title=title, changes=(WithMethod(written.lineno, text, "detach()", column),))]
    many = f"[part.detach() for part in {text}]"
    change = ReplaceExpression(written.lineno, text, many, column)
    found.append(Mending(title=_("Take the values of each: `{new}`").format(new=many), changes=(change,)))
    return tuple(found)


NUMPY_ON_TRACKED_TENSOR = Kind(
    slug="numpy-on-tracked-tensor",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("numpy and a tensor that requires grad"),
        what=_(
            "A numpy array cannot carry a graph. torch refuses to make one silently from a tensor that has a graph."
        ),
        mend=_("Say that the values are enough: `y.detach().numpy()`. For a single number: `y.item()`."),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import numpy as np\n"
                "import torch\n"
                "class Curve:\n"
                "    def __init__(self):\n"
                "        self.bend = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "    def export(self):\n"
                "        return np.array(self.bend)\n"
                "print(Curve().export())\n"
            ),
            line=7,
            facts=(r"self\.bend", "detach", "numpy"),
        ),
        Case(
            code=(
                "import torch\nrate = torch.tensor([1.0, 2.0], requires_grad=True)\ngrown = (rate * 2 + 1).numpy()\n"
            ),
            line=3,
            facts=("detach", "numpy", r"rate \* 2 \+ 1"),
        ),
    ),
)
