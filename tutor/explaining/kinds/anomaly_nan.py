"""Anomaly detection found a NaN on the way back."""

from __future__ import annotations

import ast
import re

from tutor.autograd.graph import Node
from tutor.autograd.history import Event
from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.changes.expressions import tight
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.passes import operation
from tutor.words import _

_SAID = re.compile(r"Function '(\w+)' returned nan values")
_TINY = "1e-12"


def _find(facts: Facts) -> Finding | None:
    said = _SAID.search(facts.exception.message) if facts.exception else None
    if said is None or facts.graph is None:
        return None
    found = _made(facts, said.group(1))
    node, event = found if found is not None else (None, None)
    line = facts.line_of(event)
    text = facts.text_of(event) or said.group(1)
    names = [name for one in (event.inputs if event is not None else ()) if (name := facts.name(one))]
    from_input = f" (`{names[0]}`)" if names else ""
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_("The backward of line {line} gave NaN at `{text}` (line {made}, {op}).").format(
            line=facts.line, text=text, made=line, op=said.group(1)
        ),
        why=_(
            "Anomaly detection stopped at the first node whose gradient is NaN, not a number: the {word} in line "
            "{made}. Its forward value may be fine, but its slope at one of its inputs{input} is infinite or "
            "undefined, as at 0 or below, and 0 times infinity is NaN. Keep the input away from there: "
            "`clamp(min={tiny})`, or a small number added."
        ).format(word=operation(node) if node is not None else said.group(1), made=line, input=from_input, tiny=_TINY),
        mendings=tuple(_mendings(facts, event)),
        about=tuple(event.inputs[:1]) if event is not None else (),
    )


def _made(facts: Facts, op: str) -> tuple[Node, Event] | None:
    """The latest node of that name, and the step of the forward pass that made it."""
    nodes = [node for node in (facts.graph.nodes if facts.graph else ()) if node.op == op and node.event is not None]
    for node in sorted(nodes, key=lambda one: one.sequence or 0, reverse=True):
        event = facts.history.by_seq.get(node.event if node.event is not None else -1)
        if event is not None and event.place >= 0:
            return node, event
    return None


def _mendings(facts: Facts, event: Event | None) -> list[Mending]:
    node = facts.node_of(event)
    return [
        Mending(
            title=_("Keep it away from 0: `{new}` in line {line}").format(new=new, line=part.lineno),
            changes=(ReplaceExpression(part.lineno, facts.code.of(part), new, facts.code.start(part)),),
        )
        for part in _inputs(node)
        for new in (f"{tight(facts.code.of(part))}.clamp(min={_TINY})", f"({facts.code.of(part)} + {_TINY})")
    ]


def _inputs(node: ast.AST | None) -> list[ast.expr]:
    """What the operation was computed from, as written."""
    if isinstance(node, ast.BinOp):
        return [node.right, node.left] if isinstance(node.op, ast.Div) else [node.left]
    if isinstance(node, ast.Call):
        own = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).split(".")[0] not in {
            "torch",
            "F",
            "nn",
        }
        receiver = [node.func.value] if own and isinstance(node.func, ast.Attribute) else []
        return [*receiver, *node.args[:1]]
    return []


ANOMALY_NAN = Kind(
    slug="anomaly-nan",
    rank=20,
    suspects=lambda facts: facts.raised("returned nan values in its"),
    find=_find,
    page=Page(
        title=_("Anomaly detection found a NaN"),
        what=_(
            "With `torch.autograd.set_detect_anomaly(True)` a backward pass stops at the first node that gives NaN. "
            "It names the node; the operation of the forward pass that made it is where to look."
        ),
        mend=_(
            "Keep the input of that operation where its slope is finite: clamp it, add a small number, mask before."
        ),
        lesson="autograd/control-flow",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "gaps = torch.tensor([0.0, 4.0], requires_grad=True)\n"
                "with torch.autograd.set_detect_anomaly(True):\n"
                "    spread = torch.sqrt(gaps) * torch.tensor([0.0, 1.0])\n"
                "    spread.sum().backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("sqrt", "SqrtBackward0", "`gaps`", "line 4", "NaN"),
        ),
        Case(
            code=(
                "import torch\n"
                "torch.autograd.set_detect_anomaly(True)\n"
                "def unit(v):\n"
                "    return v / v.norm()\n"
                "v = torch.zeros(2, requires_grad=True)\n"
                "out = unit(v).sum()\n"
                "out.backward()\n"
            ),
            line=7,
            cause_line=4,
            facts=("DivBackward0", "NaN", "line 4"),
        ),
    ),
)
