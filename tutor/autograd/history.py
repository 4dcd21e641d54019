"""What happened in a run, step by step, as far as autograd is concerned.

Tensors are known by numbers that are given out in the order in which they were first seen; events, likewise, by the
order in which they happened. Backward nodes are known by torch's own sequence numbers, which grow with each node made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tutor.autograd.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An expression of the program at the moment it ran.

    ``line`` and ``end_line`` count from 1; ``column`` and ``end_column`` from 0, in UTF-8 bytes, half open, as in
    :mod:`ast`. ``caller`` is the index, in :attr:`History.places`, of the call that led here; None at the top.
    """

    where: Literal["answer", "setup"]
    function: str
    line: int
    end_line: int
    column: int
    end_column: int
    caller: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step: a torch operation, a read or write of an attribute, a change of the grad mode.

    ``op`` is the operation's name: ``mul``, ``add_``, ``backward``, ``autograd.grad``, ``optimizer.step``;
    ``grad.__get__`` and ``requires_grad.__set__`` for attributes; ``grad_mode`` and ``inference_mode`` when a mode
    begins or ends; ``unknown-attribute`` when a tensor is given an attribute that torch does not know.
    """

    seq: int
    place: int
    """An index into :attr:`History.places`."""
    op: str
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    """Inputs whose version went up: they were changed in place."""
    tracking: bool = True
    """Whether grad mode was on (and inference mode off)."""
    off_by: int | None = None
    """When ``tracking`` is false: the event that switched it off."""
    tracked: tuple[int, ...] = ()
    """Those inputs and outputs that required grad before the event or after it."""
    nodes: tuple[int, int] = (0, 0)
    """Sequence numbers of the backward nodes made by it, half open."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Plain arguments worth knowing, as text: ``retain_graph``, ``requires_grad``, ``value``, ``dim``."""
    error: str = ""
    """The name of the exception it ended with."""
    library: str = ""
    """When it happened in a library's code: the function there that the program called."""

    def argument(self, name: str) -> str | None:
        return next((value for key, value in self.arguments if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorKnown:
    """A tensor as it was last seen: at the end of the run if it was still alive, else when it was made."""

    id: int
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool = False
    is_leaf: bool = True
    grad_fn: str | None = None
    node: int | None = None
    """The sequence number of its ``grad_fn``."""
    made_by: int | None = None
    """The event it came from; None when it was first seen as an input, such as a module's parameter."""
    base: int | None = None
    """The tensor that it is a view of."""
    storage: int = 0
    """Tensors with the same number share memory."""
    version: int | None = None
    has_grad: bool = False
    retains_grad: bool = False
    is_inference: bool = False
    python_type: str = "Tensor"
    alive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name of the program that referred to a tensor when the run ended or failed.

    ``name`` is an expression: ``loss``, ``self.fc.weight``, ``params['gain']``. ``function`` is where it is known.
    """

    name: str
    tensor: int
    function: str = "<module>"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardSeen:
    """One pass through a graph: ``backward`` or ``autograd.grad``."""

    event: int
    roots: tuple[int, ...]
    inputs: tuple[int, ...] = ()
    """The tensors that gradients were asked for by name; empty: all leaves."""
    retain_graph: bool = False
    create_graph: bool = False
    leaves: tuple[int, ...] = ()
    """The leaves that it reached."""
    freed_before_by: int | None = None
    """The earliest earlier pass that had been through one of its nodes without ``retain_graph``."""
    graph: Graph | None = None
    """Its graph, kept for a pass that failed or that went where another had been."""


@dataclass(frozen=True, kw_only=True)
class History:
    """``events`` are in order; of a long run the first and the last, and what matters from between."""

    places: tuple[Place, ...] = ()
    events: tuple[Event, ...] = ()
    tensors: tuple[TensorKnown, ...] = ()
    names: tuple[Named, ...] = ()
    backwards: tuple[BackwardSeen, ...] = ()
    dropped: int = 0
    """How many events were left out."""
    failed: int | None = None
    """The event during which the exception was raised, if it was raised in torch."""

    @cached_property
    def by_seq(self) -> dict[int, Event]:
        return {event.seq: event for event in self.events}

    @cached_property
    def by_id(self) -> dict[int, TensorKnown]:
        return {tensor.id: tensor for tensor in self.tensors}

    def place(self, event: Event) -> Place:
        return self.places[event.place]
