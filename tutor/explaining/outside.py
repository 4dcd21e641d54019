"""Statements before a loop that built a graph which the loop needs anew."""

from __future__ import annotations

from collections.abc import Iterable

from tutor.autograd.history import Event
from tutor.explaining.changes import Move
from tutor.explaining.changes.loops import IntoLoop
from tutor.explaining.code import Loop
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.words import _


def lines_before(facts: Facts, loop: Loop, events: Iterable[Event]) -> list[int]:
    """The lines, beside the loop and before it, whose statements led to ``events``; empty if one was led to otherwise."""
    block = facts.code.block_of(loop)
    lines: set[int] = set()
    for event in events:
        for place in [facts.place_of(event), *facts.callers(event)]:
            node = facts.code.at(place)
            statement = None if node is None else facts.code.statement_of(node)
            if statement is not None and statement in block and statement.lineno < loop.lineno:
                lines.add(statement.lineno)
                break
        else:
            return []
    return sorted(lines)


def moved_inside(lines: list[int], loop: Loop) -> list[Mending]:
    """The change that computes them in each turn."""
    if not lines:
        return []
    title = _("Recompute the forward pass inside the loop")
    return [Mending(title=title, changes=(IntoLoop(tuple(lines), loop.lineno),))]


def recomputed_in_loop(facts: Facts) -> list[Mending]:
    """For a graph that the failing backward, in a loop, goes through and that was built in part before the loop."""
    loop = None if facts.failing is None else facts.code.loop(facts.failing)
    if loop is None or facts.graph is None:
        return []
    made = [facts.history.by_seq.get(node.event) for node in facts.graph.nodes if node.event is not None]
    before = [event for event in made if event is not None and not _within(facts, loop, event)]
    return moved_inside(lines_before(facts, loop, before), loop)


def stepped_behind(facts: Facts, step: Event) -> list[Mending]:
    """For a step in a loop over several losses of one graph: all backwards first, one step behind the loop."""
    node, failing = facts.node_of(step), facts.failing
    loop = None if failing is None else facts.code.loop(failing)
    statement = None if node is None else facts.code.statement_of(node)
    if loop is None or statement not in loop.body:
        return []
    changes: list[Move] = [Move(statement.lineno, loop.lineno, after=True, column=facts.code.start(statement))]
    for call in facts.code.calls("zero_grad", within=loop):
        clearing = facts.code.statement_of(call)
        if clearing in loop.body:
            changes.append(Move(clearing.lineno, loop.lineno, column=facts.code.start(clearing)))
    changes.sort(key=lambda change: change.line, reverse=True)
    title = _("Go backward from every loss first, and step once behind the loop in line {line}").format(
        line=loop.lineno
    )
    return [Mending(title=title, changes=tuple(changes))]


def _within(facts: Facts, loop: Loop, event: Event) -> bool:
    nodes = [facts.code.at(place) for place in [facts.place_of(event), *facts.callers(event)]]
    return any(above is loop for node in nodes if node is not None for above in facts.code.ancestors(node))
