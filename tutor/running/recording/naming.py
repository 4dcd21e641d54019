"""Gives the nodes of graphs the names and lines of the program."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from tutor.autograd.graph import Graph, Node
from tutor.autograd.history import Event, History


def with_named_graphs(history: History) -> History:
    """The history, with names and lines in the graphs of its passes."""
    return replace(
        history,
        backwards=tuple(
            seen if seen.graph is None else replace(seen, graph=named(seen.graph, history))
            for seen in history.backwards
        ),
    )


def named(graph: Graph, history: History) -> Graph:
    makers = [event for event in history.events if event.nodes[1] > event.nodes[0] and not event.error]
    starts = [event.nodes[0] for event in makers]
    names: dict[int, str] = {}
    for known in history.names:
        names.setdefault(known.tensor, known.name)
    made_by = {known.id: known.made_by for known in history.tensors}

    def maker(node: Node) -> Event | None:
        if node.sequence is None:
            seq = made_by.get(node.tensor) if node.tensor is not None else None
            return next((event for event in history.events if event.seq == seq), None)
        index = bisect_right(starts, node.sequence) - 1
        event = makers[index] if index >= 0 else None
        return event if event is not None and event.nodes[0] <= node.sequence < event.nodes[1] else None

    def complete(node: Node) -> Node:
        event = maker(node)
        place = history.places[event.place] if event is not None and event.place >= 0 else None
        return replace(
            node,
            name=names.get(node.tensor) if node.tensor is not None else None,
            line=place.line if place is not None and place.where == "answer" else None,
            event=None if event is None else event.seq,
            saved=tuple(
                replace(one, of=names.get(one.tensor)) if one.tensor is not None else one for one in node.saved
            ),
        )

    return replace(graph, nodes=tuple(complete(node) for node in graph.nodes))
