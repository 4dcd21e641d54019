"""Two passes through one graph, the first of which freed it."""

from __future__ import annotations

import ast

from tutor.explaining.changes import RemoveStatement, ReplaceExpression
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.passes import SecondPass, backward_call, second_pass
from tutor.explaining.second_pass import call_text, missing, retain, suspects
from tutor.words import _


def _find_twice(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None:
        return None
    line = facts.line_of(found.first)
    second, first = call_text(facts, found.second), call_text(facts, found.first)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{second}` in line {second_line} needs a graph that `{first}` in line {line} has already freed."
        ).format(second=second, second_line=facts.line, first=first, line=line),
        why=missing(found)
        + _(
            "The pass in line {line} was the one that freed them. If you want two passes, let the first keep the "
            "graph, `retain_graph=True`; if you want the gradient of a sum, go backward once, from the sum."
        ).format(line=line),
        mendings=(*retain(facts, found.first), *_one_pass(found)),
        about=found.seen.roots[:1],
    )


def _one_pass(found: SecondPass) -> tuple[Mending, ...]:
    """One backward of the sum, where two different results are differentiated one right after the other."""
    facts = found.facts
    calls = [backward_call(facts, event) for event in (found.first, found.second)]
    receivers: list[ast.expr] = []
    statements: list[ast.AST] = []
    for call in calls:
        if call is None or call.args or call.keywords or not isinstance(call.func, ast.Attribute):
            return ()
        receivers.append(call.func.value)
        statements.append(facts.code.parents[call])
    block = facts.code.block_of(statements[1]) if isinstance(statements[1], ast.stmt) else []
    if statements[0] not in block or block.index(statements[0]) + 1 != block.index(statements[1]):  # type: ignore[arg-type]
        return ()
    one, two = (facts.code.of(receiver) for receiver in receivers)
    if one == two:
        return ()
    both = f"({one} + {two})"
    return (
        Mending(
            title=_("Go backward once, from the sum: `{both}.backward()`").format(both=both),
            changes=(
                ReplaceExpression(receivers[1].lineno, two, both, facts.code.start(receivers[1])),
                RemoveStatement(receivers[0].lineno, facts.code.start(receivers[0])),
            ),
        ),
    )


BACKWARD_TWICE = Kind(
    slug="backward-twice",
    rank=22,
    suspects=suspects,
    find=_find_twice,
    page=Page(
        title=_("Two passes through one graph"),
        what=_(
            "A backward pass frees the values that the graph's nodes had saved. A second pass through the same nodes "
            "finds them gone. Nodes that save nothing, such as a sum, do not mind."
        ),
        mend=_(
            "Keep the graph in the first pass with `retain_graph=True`, or add the results and go backward once. In a "
            "loop the better answer is nearly always to recompute or to detach."
        ),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def gradient_of(result, source):\n"
                "    result.backward()\n"
                "    return source.grad.clone()\n"
                "depth = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "load = (depth.exp() * 2).sum()\n"
                "print(gradient_of(load, depth))\n"
                "print(gradient_of(load, depth))\n"
            ),
            line=3,
            cause_line=3,
            facts=("retain_graph", "MulBackward0|ExpBackward0", "line 6"),
        ),
        Case(
            code=(
                "import torch\n"
                "base = torch.tensor([0.5, 1.5], requires_grad=True)\n"
                "common = base.sqrt()\n"
                "left, right = common.sum(), (common * 2).sum()\n"
                "left.backward()\n"
                "right.backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("common", "SqrtBackward0", "retain_graph", r"left \+ right"),
        ),
    ),
)
