"""A gradient that is None: of which tensor, and why nothing has arrived there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from tutor.autograd.history import BackwardSeen, Event, TensorKnown
from tutor.explaining.code import Code
from tutor.explaining.facts import Facts
from tutor.explaining.lineage import is_update

Why: TypeAlias = Literal[
    "rebound",  # the name now refers to the result of an update, not to the leaf
    "rebound-untracked",  # the same, computed under no_grad
    "not-a-leaf",
    "not-asked",
    "no-backward",
    "cleared",  # by zero_grad, or by the program itself
    "recreated",  # a new leaf since the last backward
    "unreached",
]

_PASSES = ("backward", "autograd.backward")


@dataclass(frozen=True, slots=True)
class Absent:
    """``tensor.grad`` was read in ``read`` and was None. ``cause`` is the event that explains it, where there is one."""

    read: Event
    tensor: TensorKnown
    written: str
    """The gradient as the program writes it: ``x.grad``."""
    why: Why
    cause: Event | None


@lru_cache(maxsize=4)
def absent_gradient(facts: Facts) -> Absent | None:
    """The gradient that was None in the failing expression; None if that was not what failed."""
    read = _read(facts)
    tensor = None if read is None else facts.tensor(read.inputs[0])
    if read is None or tensor is None:
        return None
    why, cause = _reason(facts, read, tensor)
    return Absent(read, tensor, gradient_text(facts, read), why, cause)


def gradient_text(facts: Facts, read: Event) -> str:
    """``x.grad`` as written; the name of the tensor with ``.grad`` where it is read in other words."""
    node = facts.node_of(read)
    text = facts.code.segment(node)
    if isinstance(node, ast.Attribute) and node.attr == "grad":
        return text
    return f"{facts.name(read.inputs[0]) or 'x'}.grad"


def _read(facts: Facts) -> Event | None:
    """The latest read of a gradient that gave None, if the failing expression depends on it."""
    failing = facts.failing
    if failing is None:
        return None
    statement = facts.code.statement_of(failing)
    nothing = [event for event in facts.events("grad.__get__") if event.argument("type") == "'NoneType'"] or [
        event for event in facts.events("grad.__get__") if event.argument("type") == "NoneType"
    ]
    if not nothing:
        return None
    latest = nothing[-1]
    node = facts.node_of(latest)
    if node is not None and (node in ast.walk(statement) or _names_it(facts.code, node, failing)):
        return latest
    lines = {place.line for place in facts.callers(latest)} | {facts.line_of(latest)}
    return latest if facts.line in lines else None


def _names_it(code: Code, node: ast.AST, failing: ast.AST) -> bool:
    """Whether the failing expression reads a variable that the gradient was put into."""
    targets = {ast.unparse(target) for target in code.targets(node)}
    for above in code.ancestors(node):
        if isinstance(above, ast.stmt):
            targets |= {ast.unparse(one) for one in getattr(above, "targets", [])}
            break
    return any(
        ast.unparse(part) in targets for part in ast.walk(failing) if isinstance(part, (ast.Name, ast.Subscript))
    )


def _reason(facts: Facts, read: Event, tensor: TensorKnown) -> tuple[Why, Event | None]:
    maker = facts.maker(tensor.id)
    if not tensor.is_leaf:
        return ("rebound" if maker is not None and is_update(facts, maker) else "not-a-leaf"), maker
    if not tensor.requires_grad:
        if maker is not None and is_update(facts, maker):
            return ("rebound-untracked" if not maker.tracking else "rebound"), maker
        return "not-asked", maker
    passes = [seen for seen in facts.history.backwards if seen.event < read.seq and _is_pass(facts, seen)]
    if not passes:
        return "no-backward", None
    reaching = [seen for seen in passes if tensor.id in seen.leaves]
    cleared = _clearing(facts, read, tensor, reaching)
    if cleared is not None:
        return "cleared", cleared
    if maker is not None and maker.seq > passes[-1].event:
        return "recreated", maker
    return "unreached", _losing(facts, tensor)


def _is_pass(facts: Facts, seen: BackwardSeen) -> bool:
    event = facts.history.by_seq.get(seen.event)
    return event is not None and event.op in _PASSES and not event.error


def _clearing(facts: Facts, read: Event, tensor: TensorKnown, reaching: list[BackwardSeen]) -> Event | None:
    """What set the gradient to None after a pass had given one."""
    if not reaching:
        return None
    for event in reversed(facts.events("grad.__set__")):
        if (
            reaching[-1].event < event.seq < read.seq
            and tensor.id in event.inputs
            and event.argument("type") == "NoneType"
        ):
            return event
    return None


def _losing(facts: Facts, tensor: TensorKnown) -> Event | None:
    """Where what was computed from the tensor lost its history; None when it was not used at all."""
    descended = {tensor.id}
    lost: Event | None = None
    for event in facts.history.events:
        if event.place < 0 or not descended & set(event.inputs) or event.op in {"grad.__get__", "grad.__set__"}:
            continue
        if event.outputs and not set(event.outputs) & set(event.tracked) and not event.error:
            lost = lost or event
        descended.update(set(event.outputs) & set(event.tracked))
    return lost


def ready_to_go_back(facts: Facts, before: Event) -> Event | None:
    """The event that made the number a backward could start from: tracked, of one element, used by nothing since."""
    used: set[int] = set()
    for event in reversed([one for one in facts.history.events if one.seq < before.seq and one.place >= 0]):
        for number in event.outputs:
            known = facts.tensor(number)
            if known is not None and known.requires_grad and not known.is_leaf and number not in used:
                size = 1
                for one in known.shape:
                    size *= one
                if size == 1:
                    return event
        used.update(event.inputs)
    return None
