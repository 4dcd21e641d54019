"""A forward pass before the loop that goes backward through it."""

from __future__ import annotations

import ast

from tutor.explaining.code import Loop, flat
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Page
from tutor.explaining.outside import lines_before, moved_inside
from tutor.explaining.passes import SecondPass, second_pass
from tutor.explaining.second_pass import missing, retain, suspects
from tutor.words import _


def _find_outside(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None or found.loop_between is None or not found.built_before:
        return None
    if not found.updated and _reads_its_variable(found.loop_between) and (found.has_new or _other_roots(facts, found)):
        return None  # several gradients of one graph, not a training loop
    built = max(found.built_before, key=lambda event: event.seq)
    statements = _to_move(found)
    cause = statements[-1] if statements else facts.line_of(built)
    name = facts.assigned_name(built) or facts.text_of(built)
    return Finding(
        line=facts.line,
        cause_line=cause,
        headline=_(
            "`{name}` is computed once, in line {cause}, before the loop; the loop goes backward through it again and "
            "again, and the first pass freed its graph."
        ).format(name=name, cause=cause),
        why=missing(found)
        + _(
            "Each turn of the loop in line {loop} needs a graph of its own: compute `{name}` inside the loop, so "
            "that it also sees the updated values. `retain_graph=True` would silence the error and give the old "
            "gradient again."
        ).format(loop=found.loop_between.lineno, name=name),
        mendings=(
            *moved_inside(statements, found.loop_between),
            *retain(facts, found.second),
        ),
    )


def _other_roots(facts: Facts, found: SecondPass) -> bool:
    """Whether the two passes start from different tensors."""
    first = next((seen for seen in facts.history.backwards if seen.event == found.first.seq), None)
    return first is not None and not set(first.roots) & set(found.seen.roots)


def _reads_its_variable(loop: Loop) -> bool:
    """Whether the turns of a loop differ: its body reads what it counts or goes through."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)):
        return False
    variables = {part.id for target in flat(loop.target) for part in ast.walk(target) if isinstance(part, ast.Name)}
    return any(
        isinstance(part, ast.Name) and part.id in variables for statement in loop.body for part in ast.walk(statement)
    )


def _to_move(found: SecondPass) -> list[int]:
    """The lines, beside the loop and before it, whose statements built the graph."""
    return [] if found.loop_between is None else lines_before(found.facts, found.loop_between, found.built_before)


FORWARD_OUTSIDE = Kind(
    slug="forward-outside-loop",
    rank=21,
    suspects=suspects,
    find=_find_outside,
    page=Page(
        title=_("The forward pass is outside the loop"),
        what=_(
            "The loss is computed once and the loop only goes backward. The first pass frees the graph, the second "
            "finds nothing to go through."
        ),
        mend=_(
            "Move the forward pass into the loop, so that each turn builds a new graph with the values of that turn."
        ),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "angle = torch.tensor(0.4, requires_grad=True)\n"
                "height = torch.sin(angle) ** 2\n"
                "for turn in range(3):\n"
                "    height.backward()\n"
                "    with torch.no_grad():\n"
                "        angle += 0.1 * angle.grad\n"
                "    angle.grad = None\n"
            ),
            line=5,
            cause_line=3,
            facts=("`height`", "loop", "inside the loop"),
        ),
    ),
)
