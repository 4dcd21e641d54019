"""An operation for which torch has no derivative, though it is in the graph."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import RenameAttribute, Unwrap
from tutor.explaining.changes.raw import Respell
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    event = _without_derivative(facts)
    if event is None:
        return None
    node, line = facts.node_of(event), facts.line_of(event)
    name = facts.name(event.outputs[0]) if event.outputs else None
    floor = event.op in {"floor_divide", "__floordiv__", "__rfloordiv__"}
    instead = (
        _("True division, `{text}`, has one.").format(text=facts.text_of(event).replace("//", "/", 1))
        if floor
        else _("Use another operation there, or `detach()` what needs no gradient.")
    )
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{text}` in line {line} has no derivative in torch, and the backward of line {backward} goes through it."
        ).format(text=facts.text_of(event), line=line, backward=facts.line),
        why=_("The forward pass of `{op}` works{to}, but nobody has written its backward{flat}. {instead}").format(
            op="//" if floor else event.op,
            to=_(" and gives `{name}`").format(name=name) if name else "",
            flat=_(": floor division gives steps, whose slope is 0 everywhere but at the jumps") if floor else "",
            instead=instead,
        ),
        mendings=tuple(_mendings(facts, node)),
    )


def _without_derivative(facts: Facts) -> Event | None:
    """The event of the node that could not go backward."""
    graph = facts.graph
    for node in graph.nodes if graph is not None else ():
        if node.op in {"NotImplemented", "Error", "FloorDivideBackward0"} or node.op.startswith("NotImplemented"):
            event = facts.history.by_seq.get(node.event) if node.event is not None else None
            if event is not None:
                return event
    message = facts.exception.message if facts.exception else ""
    word = message.split("aten::")[-1].split(" ")[0] if "aten::" in message else message.split("'")[1:2]
    name = word if isinstance(word, str) else "".join(word)
    events = [event for event in facts.history.events if event.op.strip("_") == name.strip("_") and event.place >= 0]
    return events[-1] if events else None


def _mendings(facts: Facts, node: ast.AST | None) -> list[Mending]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        left, right = facts.code.of(node.left), facts.code.of(node.right)
        text = facts.code.of(node)
        between = text[len(left) : len(text) - len(right)]
        new = f"{left}{between.replace('//', '/')}{right}"
        title = _("Divide without rounding: `{new}` in line {line}").format(new=new, line=node.lineno)
        return [Mending(title=title, changes=(Respell(node.lineno, text, new, facts.code.start(node)),))]
    if not isinstance(node, ast.Call):
        return []
    title = _("Divide without rounding: `div` in line {line}").format(line=node.lineno)
    around = _("Leave it out of the computation in line {line}").format(line=node.lineno)
    found = [Mending(title=around, changes=(Unwrap(node.lineno, facts.code.of(node), facts.code.start(node)),))]
    if called_name(node) in {"floor_divide", "floor_divide_"}:
        found.insert(0, Mending(title=title, changes=(RenameAttribute(node.lineno, called_name(node), "div"),)))
    return found


DERIVATIVE_NOT_IMPLEMENTED = Kind(
    slug="derivative-not-implemented",
    rank=20,
    suspects=lambda facts: facts.raised("derivative for", "is not implemented") and facts.raised("not implemented"),
    find=_find,
    page=Page(
        title=_("No derivative was written"),
        what=_("Some operations, such as `//`, have a forward pass but no backward in torch."),
        mend=_("Use a differentiable operation, `/` for `//`, or detach that part."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def bins(values, width):\n"
                "    return torch.floor_divide(values, width)\n"
                "marks = torch.tensor([3.0, 7.0], requires_grad=True)\n"
                "total = bins(marks, 2).sum()\n"
                "total.backward()\n"
            ),
            line=6,
            cause_line=3,
            facts=("floor", "line 3"),
        ),
    ),
)
