"""Passes through the graph: which nodes each went through, and what it freed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tutor.autograd.history import BackwardSeen
from tutor.running.recording import graphs
from tutor.running.recording.tensors import Tensors, gradient_function, is_tensor

_NODES = 3_000
_PASSES = 400
_GRAPHS_KEPT = 4
_FREED_KEPT = 300_000


@dataclass(slots=True)
class _Pass:
    seen: BackwardSeen
    reached: graphs.Reached
    through: list[int]


class Backwards:
    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._freed_by: dict[int, int] = {}
        self._first: list[BackwardSeen] = []
        self._last: list[BackwardSeen] = []
        self._graphs = 0

    def before(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], event: int) -> _Pass | None:
        """Look at the graph that a pass is about to go through; None if this is no pass."""
        if name not in {"backward", "autograd.backward", "autograd.grad"} or (not args and "tensors" not in kwargs):
            return None
        given = _Given(name, args, kwargs)
        roots = [tensor for tensor in given.roots if is_tensor(tensor)]
        reached = graphs.reach((gradient_function(root) for root in roots), _NODES)
        wanted = [tensor for tensor in given.inputs if is_tensor(tensor)]
        through = self._through(reached, wanted)
        earlier = [self._freed_by[number] for number in through if number in self._freed_by]
        create = bool(given.option("create_graph", 3))
        retain = given.option("retain_graph", 1 if name == "backward" else 2)
        seen = BackwardSeen(
            event=event,
            roots=tuple(self._tensors.number(root) for root in roots),
            inputs=tuple(self._tensors.number(tensor) for tensor in wanted),
            retain_graph=create if retain is None else bool(retain),
            create_graph=create,
            leaves=tuple(self._tensors.number(leaf) for leaf in reached.leaves()[:50]),
            freed_before_by=min(earlier, default=None),
        )
        return _Pass(seen, reached, through)

    def _through(self, reached: graphs.Reached, wanted: list[Any]) -> list[int]:
        if not wanted:
            return reached.sequence_numbers()
        leaves = {id(tensor) for tensor in wanted if tensor.is_leaf}
        functions = [gradient_function(tensor) for tensor in wanted if not tensor.is_leaf]
        targets = {
            index
            for index, node in enumerate(reached.nodes)
            if id(getattr(node, "variable", None)) in leaves or any(node is function for function in functions)
        }
        return graphs.towards(reached, targets).sequence_numbers()

    def after(self, seen: _Pass | None, *, failed: bool) -> None:
        if seen is None:
            return
        kept = seen.seen
        if failed or (kept.freed_before_by is not None and self._graphs < _GRAPHS_KEPT):
            self._graphs += 1
            kept = replace(kept, graph=graphs.describe(seen.reached, "", self._tensors, dict(self._freed_by)))
        if not kept.retain_graph and len(self._freed_by) < _FREED_KEPT:
            for number in seen.through:
                self._freed_by.setdefault(number, kept.event)
        if len(self._first) < _PASSES:
            self._first.append(kept)
        else:
            self._last.append(kept)
            del self._last[:-_PASSES]

    def finish(self) -> tuple[BackwardSeen, ...]:
        return (*self._first, *self._last)


class _Given:
    """The arguments of ``backward``, ``autograd.backward`` or ``autograd.grad``, whichever way they were given."""

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._args, self._kwargs = args, kwargs
        first = args[0] if args else kwargs.get("outputs", kwargs.get("tensors"))
        self.roots = _listed(first)
        asked = kwargs.get("inputs")
        if asked is None and name == "autograd.grad" and len(args) > 1:
            asked = args[1]
        self.inputs = [] if asked is None else _listed(asked)

    def option(self, name: str, position: int) -> Any:
        if name in self._kwargs:
            return self._kwargs[name]
        return self._args[position + 1] if len(self._args) > position + 1 else None


def _listed(value: Any) -> list[Any]:
    if is_tensor(value):
        return [value]
    return list(value) if isinstance(value, (list, tuple)) else []
