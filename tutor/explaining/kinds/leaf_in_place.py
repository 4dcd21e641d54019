"""A leaf that requires grad, changed in place while tracking is on."""

from __future__ import annotations

import ast

from tutor.explaining.facts import Facts, shape
from tutor.explaining.inplace import changed_expression, out_of_place, under_no_grad
from tutor.explaining.kind import Case, Finding, Kind, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("leaf Variable that requires grad is being used in an in-place")


def _find(facts: Facts) -> Finding | None:
    event, node = facts.failed_event, facts.failing
    if event is None or node is None or not event.inputs:
        return None
    statement = facts.code.statement_of(node)
    number = event.inputs[0]
    known = facts.tensor(number)
    target = changed_expression(facts, event)
    base = known.base if known is not None and known.base is not None else number
    name = facts.name(base) or facts.code.segment(target) or _("the tensor")
    text = facts.text_of(event)
    view = base != number or isinstance(target, ast.Subscript)
    operation = event.op if event.op.endswith("_") and not event.op.startswith("__") else "="
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "`{text}` in line {line} changes `{name}` in place, and `{name}` is a leaf that requires grad."
        ).format(text=text, line=facts.line, name=name),
        why=_(
            "A leaf is a tensor created by you with `requires_grad=True`{of}: its gradient belongs to the values it "
            "has, so autograd does not let a tracked operation (`{operation}`) overwrite them. "
        ).format(
            of=_(", of shape {shape}").format(shape=shape(known.shape)) if known and not view else "",
            operation=operation,
        )
        + (_("What is written to is a view of it. ") if view else "")
        + _(
            "An update is not part of the computation: make it under `torch.no_grad()` (`no_grad` switches tracking "
            "off)."
        ),
        mendings=(under_no_grad(statement), *out_of_place(facts, event)),
        about=(base,),
    )


LEAF_IN_PLACE = Kind(
    slug="leaf-in-place",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A leaf changed in place"),
        what=_(
            "A tensor that you made with `requires_grad=True` is a leaf. While tracking is on it cannot be "
            "overwritten: its gradient would belong to values that are gone."
        ),
        mend=_("Update it under `torch.no_grad()`, or compute a new tensor from it: `y = x + 1`, not `x += 1`."),
        lesson="autograd/in-place",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "layer = nn.Linear(2, 1)\n"
                "layer.weight[0, 0] = 1.0\n"
                "layer(torch.ones(1, 2)).sum().backward()\n"
            ),
            line=4,
            facts=(r"layer\.weight", "leaf", "no_grad", "line 4"),
        ),
        Case(
            code=(
                "import torch\n"
                "params = {'a': torch.tensor(2.0, requires_grad=True), 'b': torch.tensor(1.0, requires_grad=True)}\n"
                "loss = (params['a'] * 3 - params['b']) ** 2\n"
                "loss.backward()\n"
                "for name in params:\n"
                "    params[name].sub_(0.1 * params[name].grad)\n"
            ),
            line=6,
            facts=(r"params\['a'\]", "sub_", "no_grad"),
        ),
    ),
)
