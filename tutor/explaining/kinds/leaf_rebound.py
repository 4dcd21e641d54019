"""The name of a parameter was given to a new tensor, which is not the leaf that gets gradients."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.absent import Absent, absent_gradient
from tutor.explaining.changes import Change, ReplaceExpression, UpdateInPlace, WithMethod
from tutor.explaining.changes.expressions import tight
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.kinds.grad_is_none import suspects
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    found = absent_gradient(facts)
    if found is None or found.cause is None or found.why not in {"rebound", "rebound-untracked"}:
        return None
    statement = bound_by(facts, found.cause)
    name = (facts.assigned_name(found.cause) or found.written.removesuffix(".grad")).removeprefix("self.")
    line = statement.lineno if statement is not None else facts.line_of(found.cause)
    text = facts.code.segment(statement)
    untracked = found.why == "rebound-untracked"
    new = (
        _("a new tensor that does not require grad")
        if untracked
        else _("a new tensor, computed from the old one: not a leaf, so `backward()` leaves its `.grad` None")
    )
    return Finding(
        kind="leaf-rebound-under-no-grad" if untracked else None,
        line=facts.line,
        cause_line=line,
        headline=_("`{grad}` is None in line {line}: line {cause} made `{name}` {new}.").format(
            grad=found.written, line=facts.line, cause=line, name=name, new=new
        ),
        why=_(
            "`{text}` does not change the leaf `{name}`, it computes another tensor and gives it the same name; the "
            "leaf, with its gradient, is no longer reached. Change it in place under `no_grad`, `{name} -= …`, or "
            "make the new tensor a leaf again with `.detach().requires_grad_()`."
        ).format(text=text, name=name),
        mendings=(*_mendings(statement, facts, found), *_where_computed(facts, found)),
        about=(found.tensor.id,),
    )


def _mendings(statement: ast.stmt | None, facts: Facts, found: Absent) -> tuple[Mending, ...]:
    if not isinstance(statement, ast.Assign):
        return ()
    name, column = facts.code.of(statement.targets[0]), facts.code.start(statement)
    value, text = statement.value, facts.code.of(statement.value)
    detached = f"{tight(text)}.detach().requires_grad_()"
    where = (value.lineno, text)
    in_place: Change = UpdateInPlace(statement.lineno, no_grad=found.why == "rebound", column=column)
    anew: Change = ReplaceExpression(*where, detached, facts.code.start(value))
    if found.why == "rebound-untracked":
        anew = WithMethod(*where, "requires_grad_()", facts.code.start(value))
    return (
        Mending(
            title=_("Change `{name}` in place under `no_grad`: `{name} -= …`").format(name=name), changes=(in_place,)
        ),
        Mending(title=_("Make the new `{name}` a leaf that requires grad").format(name=name), changes=(anew,)),
    )


def bound_by(facts: Facts, event: Event) -> ast.stmt | None:
    """The statement that gave the new tensor the leaf's name; else the one that computed it."""
    bound, node = facts.binding(event), facts.node_of(event)
    if bound is not None:
        return bound[0]
    return None if node is None else facts.code.statement_of(node)


def _where_computed(facts: Facts, found: Absent) -> list[Mending]:
    node = facts.node_of(found.cause)
    if not isinstance(node, ast.expr):
        return []
    text = facts.code.of(node)
    new = (
        f"{tight(text)}.requires_grad_()"
        if found.why == "rebound-untracked"
        else f"{tight(text)}.detach().requires_grad_()"
    )
    return [
        Mending(
            title=_("Make each new tensor a leaf again: `{new}` in line {line}").format(new=new, line=node.lineno),
            changes=(ReplaceExpression(node.lineno, text, new, facts.code.start(node)),),
        )
    ]


LEAF_REBOUND = Kind(
    slug="leaf-rebound",
    rank=23,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("The parameter's name went to a new tensor"),
        what=_(
            "`w = w - lr * w.grad` computes a new tensor from the leaf and calls it `w`. It is not a leaf, so "
            "`w.grad` is None after the next backward."
        ),
        mend=_("Update in place: `with torch.no_grad(): w -= lr * w.grad`."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Line:\n"
                "    def __init__(self):\n"
                "        self.slope = torch.tensor(1.0, requires_grad=True)\n"
                "    def fit(self, xs, ys, rate):\n"
                "        ((self.slope * xs - ys) ** 2).mean().backward()\n"
                "        self.slope = self.slope - rate * self.slope.grad\n"
                "line = Line()\n"
                "xs, ys = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])\n"
                "for turn in range(3):\n"
                "    line.fit(xs, ys, 0.1)\n"
            ),
            line=7,
            cause_line=7,
            facts=("slope", "None", "no_grad", "leaf"),
        ),
        Case(
            code=(
                "import torch\n"
                "k = torch.tensor([2.0, 1.0], requires_grad=True)\n"
                "(k * k).sum().backward()\n"
                "with torch.no_grad():\n"
                "    k = k - 0.1 * k.grad\n"
                "k.grad.zero_()\n"
            ),
            line=6,
            cause_line=5,
            facts=("`k`", "None", "no_grad"),
            kind="leaf-rebound-under-no-grad",
        ),
    ),
)
