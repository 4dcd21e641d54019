"""Which saved tensor was overwritten, by what, and what had saved it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache

from tutor.autograd.graph import Node
from tutor.autograd.history import Event
from tutor.explaining.changes import Move
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.inplace import changed_expression, whole
from tutor.explaining.kind import Mending
from tutor.explaining.passes import operation
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Overwritten:
    """``node`` needs tensor number ``tensor``, called ``name``, which ``changed_by`` changed after ``saved_by``."""

    node: Node
    saved_by: Event
    changed_by: Event
    tensor: int
    name: str
    by_module: ast.Call | None
    """The call with ``inplace=True`` that asked for it."""
    by_step: bool
    """Whether an optimiser's step did it."""
    through: str | None = None
    """Another name under which it was changed, which shares its memory."""
    also: tuple[Node, ...] = ()
    """Further nodes that had saved it."""


@lru_cache(maxsize=4)
def overwritten(facts: Facts) -> Overwritten | None:
    """The first saved tensor that the failed pass found changed; None if there is no trace of the change."""
    graph = facts.graph
    if graph is None:
        return None
    changed = [node for node in graph.nodes if any(one.state == "changed" for one in node.saved)]
    for node in sorted(changed, key=lambda one: one.sequence or 0, reverse=True):
        saved_by = None if node.event is None else facts.history.by_seq.get(node.event)
        change = None if saved_by is None else _change(facts, saved_by)
        if saved_by is None or change is None:
            continue
        event, number = change
        return Overwritten(
            node=node,
            saved_by=saved_by,
            changed_by=event,
            tensor=number,
            name=_name(facts, event, number),
            by_module=asked_in_place(facts, event),
            by_step=_is_step(facts, event),
            through=_through(facts, event, number),
            also=_also(facts, node, changed, number),
        )
    return None


def _also(facts: Facts, node: Node, changed: list[Node], number: int) -> tuple[Node, ...]:
    events = {one.id: facts.history.by_seq.get(one.event) for one in changed if one.event is not None}
    return tuple(
        one
        for one in changed
        if one.id != node.id and (event := events.get(one.id)) is not None and number in (*event.inputs, *event.outputs)
    )


def _through(facts: Facts, event: Event, number: int) -> str | None:
    """The name of the other tensor by which the memory was changed: ``shown = y.detach()``."""
    other = next(iter(event.changed), number)
    known, own = facts.tensor(other), facts.tensor(number)
    if other == number or known is None or own is None or (known.base is not None and known.base == own.id):
        return None
    name = facts.name(other)
    return name if name != facts.name(number) else None


def _change(facts: Facts, saved_by: Event) -> tuple[Event, int] | None:
    """The first event after ``saved_by`` that changed one of its inputs or results in place."""
    numbers = {*saved_by.inputs, *saved_by.outputs}
    storages = {known.storage: number for number in numbers if (known := facts.tensor(number)) is not None}
    for event in facts.history.events:
        if event.seq < saved_by.seq or event.place < 0 or (event.seq == saved_by.seq and not event.changed):
            continue
        for number in event.changed:
            known = facts.tensor(number)
            if number in numbers or (known is not None and known.storage in storages):
                return event, number if number in numbers else storages[known.storage if known else 0]
    return None


def _name(facts: Facts, event: Event, number: int) -> str:
    target = changed_expression(facts, event)
    known = facts.tensor(number)
    if _through(facts, event, number) is not None and (name := facts.name(number)):
        return name
    if known is not None and known.is_leaf and (name := facts.name(number)):
        return name
    if (
        isinstance(target, (ast.Name, ast.Attribute, ast.Subscript))
        and not _is_step(facts, event)
        and not event.library
    ):
        return facts.code.segment(whole(target)).removeprefix("self.")
    return facts.name(number) or facts.text_of(facts.maker(number)) or facts.text_of(event)


def _is_step(facts: Facts, event: Event) -> bool:
    return any(
        step.seq <= event.seq and step.place == event.place and event.seq - step.seq < 2_000
        for step in facts.events("optimizer.step")
    )


def asked_in_place(facts: Facts, event: Event) -> ast.Call | None:
    """The call with ``inplace=True``: of the function itself, or that made the module that ran."""
    if event.op.endswith("_") and not event.library.endswith("_"):
        return None
    if event.argument("inplace") != "True" and not event.library:
        return None
    asking = [
        node
        for node in facts.code.nodes
        if isinstance(node, ast.Call)
        and isinstance(flag := keyword(node, "inplace") or (node.args[-1] if node.args else None), ast.Constant)
        and flag.value is True
    ]
    return _likeliest(facts, event, asking)


def _likeliest(facts: Facts, event: Event, asking: list[ast.Call]) -> ast.Call | None:
    """Of several such calls: the one at the place itself, the one assigned to what was called, one of that name."""
    node = facts.node_of(event)
    if node in asking:
        return next(call for call in asking if call is node)
    written = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    name = event.op.replace("_", "")
    for call in asking:
        if any(ast.unparse(target) == written for target in facts.code.targets(call)):
            return call
    same = [call for call in asking if called_name(call).lower().replace("_", "") == name]
    return next(iter(same or asking), None)


def flag_of(call: ast.Call) -> str | int:
    """How a call was given its ``inplace=True``: by name, or by position."""
    return "inplace" if keyword(call, "inplace") is not None else len(call.args) - 1


def suspects(facts: Facts) -> bool:
    return facts.raised("has been modified by an inplace operation")


def saving(facts: Facts, found: Overwritten) -> str:
    """Which operation saved it, in a sentence."""
    text, line = facts.text_of(found.saved_by), facts.line_of(found.saved_by)
    return (
        _(
            "The {word} `{text}`{where} ({op}) keeps `{name}` for its backward: it needs the value to compute the "
            "gradient. "
        ).format(
            word=operation(found.node),
            text=text or found.node.op,
            where=_(" in line {line}").format(line=line) if line else "",
            op=found.node.op,
            name=found.name,
        )
        + _further(facts, found)
        + _shared(found)
    )


def _shared(found: Overwritten) -> str:
    if found.through is None:
        return ""
    return _("`{other}` shares the memory of `{name}`: what is written into one is in both. ").format(
        other=found.through, name=found.name
    )


def _further(facts: Facts, found: Overwritten) -> str:
    texts = [
        f"`{text}` ({node.op})" for node in found.also if (text := facts.text_of(facts.history.by_seq[node.event or 0]))
    ]
    if not texts:
        return ""
    return _("So does {others}. ").format(others=_(" and ").join(dict.fromkeys(texts[:2])))


def after_backward(facts: Facts, event: Event) -> list[Mending]:
    """The update moved behind the backward, or the backward before it."""
    changing, failing = facts.node_of(event), facts.failing
    if changing is None or failing is None:
        return []
    statement, backward = facts.code.statement_of(changing), facts.code.statement_of(failing)
    block = facts.code.with_block(changing, "no_grad", "set_grad_enabled")
    moved = block if block is not None and len(block.body) == 1 else statement
    if backward not in facts.code.block_of(moved):
        return []
    title = _("Update after the backward: move line {line} behind line {backward}").format(
        line=moved.lineno, backward=backward.lineno
    )
    earlier = _("Go backward before the update: move line {backward} before line {line}").format(
        line=moved.lineno, backward=backward.lineno
    )
    return [
        Mending(title=earlier, changes=(Move(backward.lineno, moved.lineno),)),
        Mending(title=title, changes=(Move(moved.lineno, backward.lineno, after=True),)),
    ]
