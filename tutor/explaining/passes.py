"""A second pass through a graph: what the first one freed, and how the two belong together in the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tutor.autograd.graph import Graph, Node
from tutor.autograd.history import BackwardSeen, Event
from tutor.explaining.code import Loop
from tutor.explaining.facts import Facts


@dataclass(frozen=True)
class SecondPass:
    """A pass that came to nodes through which an earlier one had gone without ``retain_graph``."""

    facts: Facts
    seen: BackwardSeen
    graph: Graph
    second: Event
    first: Event
    """The earlier pass, which freed what the nodes had saved."""

    @cached_property
    def missing(self) -> Node | None:
        """The node at which the second pass failed: the latest of those whose saved tensors are gone."""
        freed = [node for node in self.graph.nodes if node.freed_by is not None and node.saved]
        return max(freed, key=lambda node: node.sequence or 0, default=None)

    @cached_property
    def joints(self) -> list[Node]:
        """The freed nodes that the root, or a node that is new since the first pass, leads to."""
        by_id = {node.id: node for node in self.graph.nodes}
        found: dict[int, Node] = {}
        for start, end in self.graph.edges:
            if by_id[start].freed_by is None and by_id[end].freed_by is not None:
                found[end] = by_id[end]
        root = self.graph.nodes[0] if self.graph.nodes else None
        if root is not None and root.freed_by is not None:
            found[root.id] = root
        return list(found.values())

    @cached_property
    def has_new(self) -> bool:
        """Whether part of the graph was built after the first pass."""
        return any(
            node.freed_by is None and not node.leaf and (node.event or 0) > self.first.seq for node in self.graph.nodes
        )

    def event(self, node: Node | None) -> Event | None:
        return None if node is None or node.event is None else self.facts.history.by_seq.get(node.event)

    def loops(self, event: Event) -> dict[int, Loop]:
        """The loops around an event, through the calls that led to it, by line."""
        found: dict[int, Loop] = {}
        for place in [self.facts.place_of(event), *self.facts.callers(event)]:
            node = self.facts.code.at(place)
            while node is not None and (loop := self.facts.code.loop(node)) is not None:
                found[loop.lineno] = loop
                node = loop
        return found

    @cached_property
    def loop_between(self) -> Loop | None:
        """The loop that both passes are made in."""
        first, second = self.loops(self.first), self.loops(self.second)
        return next((loop for line, loop in second.items() if line in first), None)

    @cached_property
    def built_before(self) -> list[Event]:
        """The events, outside that loop, which built what the second pass needs; empty without such a loop."""
        loop = self.loop_between
        if loop is None:
            return []
        events = [self.event(node) for node in self.graph.nodes if node.freed_by is not None]
        return [event for event in events if event is not None and loop.lineno not in self.loops(event)]

    @cached_property
    def carried(self) -> list[tuple[Node, Event]]:
        """The joints that an earlier turn of the loop made: the program has been at the same place once more since."""
        if self.loop_between is None:
            return []
        found = []
        for node in self.joints:
            made = self.event(node)
            if made is None or self.loop_between.lineno not in self.loops(made):
                continue
            if any(made.seq < event.seq < self.second.seq and event.place == made.place for event in self._events):
                found.append((node, made))
        return found

    @cached_property
    def updated(self) -> bool:
        """Whether what is learnt was changed between the two passes, as a training loop does."""
        leaves = set(self.seen.leaves)
        return any(
            event.op == "optimizer.step" or leaves & set(event.changed)
            for event in self._events
            if self.first.seq < event.seq < self.second.seq
        )

    @property
    def _events(self) -> tuple[Event, ...]:
        return self.facts.history.events

    def users(self, node: Node) -> Iterator[Event]:
        """The events, since the first pass, that built upon a node's result."""
        above = {start for start, end in self.graph.edges if end == node.id}
        for other in self.graph.nodes:
            event = self.event(other)
            if other.id in above and other.freed_by is None and event is not None:
                yield event


def second_pass(facts: Facts) -> SecondPass | None:
    """The failed pass as the second of two; None when it was not."""
    seen, second = facts.failed_backward, facts.failed_event
    if seen is None or second is None or seen.graph is None or seen.freed_before_by is None:
        return None
    with_saved = [node.freed_by for node in seen.graph.nodes if node.freed_by is not None and node.saved]
    first = facts.history.by_seq.get(max(with_saved, default=seen.freed_before_by))
    return None if first is None else SecondPass(facts, seen, seen.graph, second, first)


def backward_call(facts: Facts, event: Event) -> ast.Call | None:
    """The call of a pass as the program makes it: ``loss.backward()``, ``torch.autograd.grad(...)``."""
    node = facts.node_of(event)
    return node if isinstance(node, ast.Call) else None


def operation(node: Node) -> str:
    """``multiplication`` for MulBackward0, in words where there is a word, else the operation's torch name."""
    name = node.op.removesuffix("0").removesuffix("1").removesuffix("2").removesuffix("Backward")
    return _WORDS.get(name, name.lower())


_WORDS = {
    "Mul": "multiplication",
    "Div": "division",
    "Pow": "power",
    "Exp": "exponential",
    "Mm": "matrix product",
    "Mv": "matrix-vector product",
    "Addmm": "linear layer",
    "Bmm": "batched matrix product",
    "Dot": "dot product",
    "Log": "logarithm",
    "Abs": "absolute value",
    "MseLoss": "squared error",
    "MkldnnRnnLayer": "recurrent layer",
    "Rnn": "recurrent layer",
    "ThnnFusedGruCell": "GRU cell",
    "ThnnFusedLstmCell": "LSTM cell",
    "Sqrt": "square root",
    "Sin": "sine",
    "Cos": "cosine",
    "Prod": "product",
}
