"""A gradient that is to be differentiated again, computed without a graph of its own."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Insert, SetKeyword
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import Cut
from tutor.explaining.untracked import headline, mending, suspects, untracked, way
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    found = untracked(facts)
    cut = found.cut if found is not None else None
    if found is None or cut is None or cut.how != "first-gradient":
        return None
    line = facts.line_of(cut.event)
    name = facts.name(cut.result) or facts.assigned_name(cut.event) or found.written
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("line {line} computed the gradient `{name}` without `create_graph=True`").format(line=line, name=name),
        ),
        why=_(
            "`{text}` gives the values of the gradient only. To differentiate a gradient once more, autograd has to "
            "record how it was computed, and it does that when it is asked with `create_graph=True`. "
        ).format(text=facts.text_of(cut.event))
        + way(facts, found, cut),
        mendings=_mendings(facts, cut),
        about=(found.root,),
    )


def _mendings(facts: Facts, cut: Cut) -> tuple[Mending, ...]:
    call = facts.node_of(cut.event)
    if not isinstance(call, ast.Call):
        return ()
    change = SetKeyword(call.lineno, called_name(call), "create_graph", "True", facts.code.start(call))
    if called_name(call) == "backward":
        return _through_backward(facts, call, change)
    title = _("Record how the gradient is computed: `create_graph=True` in line {line}").format(line=call.lineno)
    return (mending(title, change),)


def _through_backward(facts: Facts, call: ast.Call, change: SetKeyword) -> tuple[Mending, ...]:
    """After ``backward`` the gradient lies in ``.grad``, to which the second pass would add: forget it in between."""
    title = _("Record how the gradient is computed: `create_graph=True` in line {line}").format(line=call.lineno)
    plain = mending(title, change)
    owner = next(
        (node for node in facts.code.nodes if isinstance(node, ast.Attribute) and _reads_grad(facts, node)), None
    )
    failing = None if facts.failing is None else facts.code.statement_of(facts.failing)
    if owner is None or failing is None or not isinstance(facts.code.parents.get(owner), ast.Assign):
        return (plain,)
    clear = Insert(failing.lineno, f"{facts.code.of(owner)} = None", column=facts.code.start(failing))
    both = _(
        "Record how the gradient is computed, `create_graph=True` in line {line}, and clear it before line {second}"
    )
    return (mending(both.format(line=call.lineno, second=failing.lineno), clear, change), plain)


def _reads_grad(facts: Facts, node: ast.Attribute) -> bool:
    """Whether it is ``x.grad``, read before the failing line."""
    return node.attr == "grad" and isinstance(node.ctx, ast.Load) and node.lineno < (facts.line or 0)


MISSING_CREATE_GRAPH = Kind(
    slug="missing-create-graph",
    rank=20,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("A second derivative needs create_graph"),
        what=_(
            "`torch.autograd.grad` and `backward` give gradients as plain values. To differentiate them again, their "
            "own computation has to be recorded."
        ),
        mend=_("Compute the first gradient with `create_graph=True`."),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def velocity(position, time):\n"
                "    return torch.autograd.grad(position.sum(), time)[0]\n"
                "time = torch.tensor([0.5, 1.0], requires_grad=True)\n"
                "position = time ** 3\n"
                "speed = velocity(position, time)\n"
                "force = velocity(speed, time)\n"
            ),
            line=3,
            cause_line=3,
            facts=("create_graph", "line 3"),
        ),
        Case(
            code=(
                "import torch\n"
                "x = torch.tensor(3.0, requires_grad=True)\n"
                "(x ** 4).backward()\n"
                "slope = x.grad\n"
                "slope.backward()\n"
            ),
            line=5,
            cause_line=3,
            facts=("create_graph", "`slope`", "line 3"),
        ),
    ),
)
