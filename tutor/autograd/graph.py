"""The graph that autograd built, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A tensor that a node keeps for its backward.

    ``state``: ``kept``; ``freed`` by an earlier backward; ``changed`` in place since it was saved, so that it can
    no longer be used.
    """

    name: str
    of: str | None = None
    """The learner's name for it."""
    shape: tuple[int, ...] = ()
    state: Literal["kept", "freed", "changed"] = "kept"
    tensor: int | None = None
    """Its number in the run's history."""

    @property
    def freed(self) -> bool:
        return self.state == "freed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A backward node. ``line`` is where the operation that made it ran; None for a parameter made elsewhere."""

    id: int
    op: str
    sequence: int | None = None
    """torch's own number for it, the same in every graph of the run; None for a leaf."""
    name: str | None = None
    line: int | None = None
    shape: tuple[int, ...] | None = None
    saved: tuple[Saved, ...] = ()
    leaf: bool = False
    tensor: int | None = None
    event: int | None = None
    """The event of the history that made it."""
    freed_by: int | None = None
    """The event of the backward that freed what it had saved, before the pass this graph belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """``edges`` lead from a node to those its gradient flows to, by ``id``. The first node is the root's."""

    of: str
    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    cut: bool = False
    """Whether it was too large to be read whole."""
