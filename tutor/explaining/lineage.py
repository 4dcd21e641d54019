"""Why a tensor does not require grad: where, on the way to it, the connection to what could be learnt was lost."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tutor.autograd.history import Event
from tutor.explaining.facts import Facts
from tutor.explaining.flows import EXTRACTIONS, events_within, sources_of

How: TypeAlias = Literal[
    "detached", "tracking-off", "rebuilt", "non-differentiable", "first-gradient", "number", "number-in"
]

_DETACHING = frozenset({"detach", "detach_", "data.__get__", "detach_copy"})
_COPYING = frozenset(
    {"tensor", "as_tensor", "asarray", "from_numpy", "new_tensor", "scalar_tensor", "full", "new_full"}
)
_LIKE = frozenset(
    {
        "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "randint_like", "new_zeros",
        "new_ones", "new_empty",
    }
)  # fmt: skip
_READING = frozenset({"requires_grad_", "retain_grad", "register_hook", "backward", "requires_grad.__set__"})


@dataclass(frozen=True, slots=True)
class Cut:
    """``event`` gave a tensor without history (number ``result``) although ``sources`` had one."""

    how: How
    event: Event
    result: int
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a tensor came from: the cuts on the way, the nearest first, and the tensors at which its history begins."""

    cuts: tuple[Cut, ...]
    origins: tuple[int, ...]


def lineage(facts: Facts, root: int) -> Lineage:
    """Walk back from ``root``, through all that went into it, to cuts and origins."""
    cuts: list[Cut] = []
    origins: list[int] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        number = waiting.pop(0)
        if number in seen:
            continue
        seen.add(number)
        before, further, connected = len(cuts), list[int](), False
        for event in _makers(facts, number):
            cut = _cut(facts, event, number)
            if cut is not None:
                cuts.append(cut)
            elif set(event.inputs) & set(event.tracked) - {number}:
                connected = True
            elif event.op not in _LIKE:
                further.extend(one for one in event.inputs if one != number)
        if not further and not connected and len(cuts) == before:
            origins.append(number)
            cuts.extend(_through_numbers(facts, number))
        waiting.extend(further)
    if not cuts:
        cuts.extend(_numbers_taken_in(facts, seen))
    return Lineage(tuple(cuts), tuple(origins))


def _numbers_taken_in(facts: Facts, numbers: set[int]) -> list[Cut]:
    """Where a plain number, taken out of a tensor that requires grad, went into the making: ``total + loss.item()``."""
    makers = {event.seq: (event, number) for number in numbers for event in _makers(facts, number)}
    for _seq, (event, number) in sorted(makers.items(), reverse=True):
        node = facts.node_of(event)
        if not isinstance(node, (ast.BinOp, ast.AugAssign, ast.Call)) or event.op in _READING:
            continue
        for taken in events_within(facts, sources_of(facts.code, node), *EXTRACTIONS):
            if taken.seq < event.seq and _loses(facts, taken):
                return [Cut("number-in", taken, number, taken.inputs)]
    return []


def _makers(facts: Facts, number: int) -> list[Event]:
    """The event a tensor came from, and those that wrote into it or into what it is a view of, the latest first."""
    known = facts.tensor(number)
    events = list(facts.writers(number))
    if known is not None and known.base is not None:
        events.extend(facts.writers(known.base))
    maker = facts.maker(number)
    if maker is not None and maker.op not in _READING:
        events.append(maker)
    return sorted(set(events), key=lambda event: event.seq, reverse=True)


def _cut(facts: Facts, event: Event, number: int) -> Cut | None:
    tracked = tuple(one for one in event.inputs if one in event.tracked and (one != number or event.op == "detach_"))
    if event.op == "autograd.grad":
        return Cut("first-gradient", event, number, event.inputs)
    if event.op == "grad.__get__":
        passes = [one for one in facts.events("backward", "autograd.backward") if one.seq < event.seq]
        return Cut("first-gradient", passes[-1], number, event.inputs) if passes else None
    if not tracked or event.op in _LIKE:
        return None
    if event.op in _DETACHING:
        return Cut("detached", event, number, tracked)
    if event.op in _COPYING:
        return Cut("rebuilt", event, number, tracked)
    if not event.tracking:
        return Cut("tracking-off", event, number, tracked)
    if number in event.tracked:
        return None
    return Cut("non-differentiable", event, number, tracked)


def _through_numbers(facts: Facts, number: int) -> list[Cut]:
    """A tensor made of plain numbers which had been taken out of tensors that require grad."""
    expression = made_by_expression(facts, number)
    if expression is None:
        return []
    expressions = sources_of(facts.code, expression)
    detaching = events_within(facts, expressions, *_DETACHING)
    freed = {one: event.inputs for event in detaching if _loses(facts, event) for one in event.outputs}
    for event in events_within(facts, expressions, *EXTRACTIONS):
        if _loses(facts, event):
            return [Cut("number", event, number, event.inputs)]
        if set(event.inputs) & set(freed):
            return [Cut("number", event, number, freed[event.inputs[0]])]
    return [Cut("detached", event, number, event.inputs) for event in detaching if _loses(facts, event)][:1]


def _loses(facts: Facts, event: Event) -> bool:
    """Whether history was lost at ``event``; that of a gradient, which is meant to be read, does not count."""
    return bool(set(event.inputs) & set(event.tracked)) and not _is_grad_of_leaf(facts, event)


def _is_grad_of_leaf(facts: Facts, event: Event) -> bool:
    return all((maker := facts.maker(one)) is not None and maker.op == "grad.__get__" for one in event.inputs)


def made_by_expression(facts: Facts, number: int) -> ast.expr | None:
    """The expression a tensor came from; for one that torch's functions did not make, what its name was assigned."""
    maker = facts.maker(number)
    node = facts.node_of(maker) if maker is not None and maker.op not in _READING else None
    if isinstance(node, ast.expr):
        return node
    for name in facts.names(number):
        value = facts.code.value_of(name)
        if value is not None:
            return value
    return _given_expression(facts, number) if maker is None else None


def _given_expression(facts: Facts, number: int) -> ast.expr | None:
    """Where a tensor without a maker and without a name was used at once: ``wave(x)`` in ``wave(x).sum()``."""
    known = facts.tensor(number)
    event = next((one for one in facts.history.events if number in one.inputs and one.place >= 0), None)
    node = facts.node_of(event)
    if event is None or known is None or known.requires_grad or event.inputs[0] != number:
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        return node.func.value
    return node.left if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Call) else None


def is_update(facts: Facts, event: Event) -> bool:
    """Whether an event is a step of descent: it brings a leaf and that leaf's own gradient together."""
    leaves = {one for one in event.inputs if (known := facts.tensor(one)) is not None and known.is_leaf}
    seen: set[int] = set()
    waiting = list(event.inputs)
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        maker = facts.maker(number)
        if maker is None or maker.seq >= event.seq:
            continue
        if maker.op == "grad.__get__" and (leaves & set(maker.inputs) or _same_data(facts, leaves, maker)):
            return True
        if number not in leaves or maker.op in _DETACHING or maker.op == "mul":
            waiting.extend(maker.inputs)
    return False


def _same_data(facts: Facts, numbers: set[int], event: Event) -> bool:
    storages = {known.storage for one in numbers if (known := facts.tensor(one)) is not None}
    return any((known := facts.tensor(one)) is not None and known.storage in storages for one in event.inputs)
