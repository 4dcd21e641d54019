"""Reading the graph from its live nodes, without running anything and without keeping it alive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tutor.autograd.graph import Graph, Node, Saved
from tutor.running.recording.tensors import Tensors, is_tensor

_LEAF = 2**64 - 1
"""The sequence number of a node that accumulates into a leaf."""


@dataclass(slots=True)
class Reached:
    """The nodes below some roots, in order of discovery; held for the moment of reading only."""

    nodes: list[Any] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    cut: bool = False

    def sequence_numbers(self) -> list[int]:
        return [number for node in self.nodes if (number := node._sequence_nr()) != _LEAF]

    def leaves(self) -> list[Any]:
        return [node.variable for node in self.nodes if hasattr(node, "variable")]


def reach(roots: Iterable[Any], limit: int) -> Reached:
    """Walk from gradient functions to all nodes below them, at most ``limit`` of them."""
    reached = Reached()
    places: dict[Any, int] = {}
    waiting: list[Any] = []
    for root in roots:
        if root is not None and root not in places:
            places[root] = len(places)
            waiting.append(root)
    position = 0
    while position < len(waiting):
        node = waiting[position]
        for following, _input in node.next_functions:
            if following is None:
                continue
            if following not in places:
                if len(waiting) >= limit:
                    reached.cut = True
                    continue
                places[following] = len(places)
                waiting.append(following)
            reached.edges.append((position, places[following]))
        position += 1
    reached.nodes = waiting
    return reached


def towards(reached: Reached, targets: set[int]) -> Reached:
    """Only the nodes from which one of ``targets`` (indices) is reached."""
    above: dict[int, list[int]] = {}
    for start, end in reached.edges:
        above.setdefault(end, []).append(start)
    wanted: set[int] = set()
    waiting = list(targets)
    while waiting:
        index = waiting.pop()
        if index not in wanted:
            wanted.add(index)
            waiting.extend(above.get(index, ()))
    return Reached([node for index, node in enumerate(reached.nodes) if index in wanted])


_known_names: dict[type, tuple[str, ...]] = {}


def _saved_names(kind: type) -> tuple[str, ...]:
    if kind not in _known_names:
        names = tuple(name.removeprefix("_raw") for name in dir(kind) if name.startswith("_raw_saved_"))
        if len(_known_names) > 500:  # a program may make classes without end
            return names
        _known_names[kind] = names
    return _known_names[kind]


def describe(reached: Reached, of: str, tensors: Tensors, freed_by: dict[int, int]) -> Graph:
    """The graph as plain data. ``freed_by`` gives, by sequence number, the event that freed a node's tensors."""
    nodes = tuple(_describe(index, node, tensors, freed_by) for index, node in enumerate(reached.nodes))
    return Graph(of=of, nodes=nodes, edges=tuple(reached.edges), cut=reached.cut)


def _describe(index: int, node: Any, tensors: Tensors, freed_by: dict[int, int]) -> Node:
    sequence = node._sequence_nr()
    leaf = sequence == _LEAF
    variable = getattr(node, "variable", None)
    return Node(
        id=index,
        op=node.name().rsplit("::", 1)[-1],
        sequence=None if leaf else sequence,
        shape=tuple(variable.shape) if variable is not None else _output_shape(node),
        saved=_saved(node, tensors),
        leaf=leaf,
        tensor=tensors.by_node(sequence) if variable is None else tensors.number(variable),
        freed_by=freed_by.get(sequence),
    )


def _output_shape(node: Any) -> tuple[int, ...] | None:
    described = getattr(node, "_input_metadata", None)
    return tuple(int(size) for size in described[0].shape) if described else None


def _saved(node: Any, tensors: Tensors) -> tuple[Saved, ...]:
    found: list[Saved] = []
    for attribute in _saved_names(type(node)):
        name = attribute.removeprefix("_saved_")
        try:
            value = node.saved_tensors if attribute == "_saved_tensors" else getattr(node, attribute)
        except RuntimeError as error:
            changed = "modified by an inplace operation" in str(error)
            found.append(Saved(name=name, state="changed" if changed else "freed"))
            continue
        for one in value if isinstance(value, (tuple, list)) else (value,):
            if is_tensor(one):
                owner = tensors.find(one)
                if owner is None:
                    owner = tensors.by_node(node._sequence_nr()) if name.startswith("result") else None
                found.append(Saved(name=name, shape=tuple(one.shape), tensor=owner))
    return tuple(found)
