"""Something was assigned to ``.grad`` that cannot be a gradient of that tensor."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceStatement
from tutor.explaining.changes.expressions import tight
from tutor.explaining.facts import Facts, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    event, failing = facts.failed_event, facts.failing
    statement = None if failing is None else facts.code.statement_of(failing)
    if event is None or not event.inputs or statement is None:
        return None
    tensor = facts.tensor(event.inputs[0])
    given = facts.tensor(event.inputs[1]) if len(event.inputs) > 1 else None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    grad = facts.code.segment(target) if target is not None else f"{facts.name(event.inputs[0]) or 'x'}.grad"
    kind = event.argument("type") or _("value")
    if tensor is None:
        return None
    if given is not None:
        what = _("a tensor of shape {given} and dtype {dtype}").format(given=shape(given.shape), dtype=given.dtype)
    else:
        what = _("a value of type {kind}").format(kind=kind)
    owner = grad.removesuffix(".grad")
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("In line {line} `{grad}` is given {what}; it must be None or a tensor like `{owner}`.").format(
            line=facts.line, grad=grad, what=what, owner=owner
        ),
        why=_(
            "`{grad}` holds one number for each element of `{owner}`: shape {shape}, dtype {dtype}. To clear it "
            "assign None, `{grad} = None`, or fill it with zeros, `{grad}.zero_()`."
        ).format(grad=grad, owner=owner, shape=shape(tensor.shape), dtype=tensor.dtype),
        mendings=tuple(_mendings(facts, statement, grad, owner, tensor_given=given is not None)),
    )


def _mendings(facts: Facts, statement: ast.stmt, grad: str, owner: str, *, tensor_given: bool) -> list[Mending]:
    if not isinstance(statement, ast.Assign):
        return []
    value = facts.code.of(statement.value)
    new = ["None", f"torch.zeros_like({owner})"]
    if tensor_given:
        cast = f"{tight(value)}.to({owner}.dtype)"
        new = [cast, f"{tight(value)}.reshape({owner}.shape)", f"{tight(value)}.expand_as({owner}).clone()", *new]
    column = facts.code.start(statement)
    return [
        Mending(
            title=_("Write `{text}` in line {line}").format(text=f"{grad} = {one}", line=statement.lineno),
            changes=(ReplaceStatement(statement.lineno, f"{grad} = {one}", column),),
        )
        for one in new
    ]


ASSIGNED_GRADIENT_INVALID = Kind(
    slug="assigned-gradient-invalid",
    rank=20,
    suspects=lambda facts: facts.raised("assigned grad", "attempting to assign a gradient", "assign a gradient"),
    find=_find,
    page=Page(
        title=_("Not a gradient for this tensor"),
        what=_(
            "`x.grad` can be None or a tensor with the shape, dtype and device of `x`; nothing else can be assigned."
        ),
        mend=_("Clear it with `x.grad = None` or `x.grad.zero_()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Fader:\n"
                "    def __init__(self):\n"
                "        self.level = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
                "    def reset(self):\n"
                "        self.level.grad = torch.zeros(2)\n"
                "fader = Fader()\n"
                "(fader.level ** 2).sum().backward()\n"
                "fader.reset()\n"
            ),
            line=6,
            facts=(r"self\.level\.grad", r"\(2,\)", r"\(3,\)", "None"),
        ),
    ),
)
