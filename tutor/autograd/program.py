"""What is to be run, and within which limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tutor.autograd.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one run. Each ends it with an outcome of its own."""

    wall_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    """Headroom over what the server itself holds."""
    output_bytes: int = 1 << 20
    result_bytes: int = 64 << 20


Walls: TypeAlias = Literal["fenced", "open"]
"""``fenced``: an answer to a lesson, with every wall the machine offers. ``open``: the learner's own script, as is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to run in a process of its own.

    ``setup`` runs first in the same namespace, under a file name of its own; lines of ``source`` are counted from 1.
    ``probes`` are expressions evaluated afterwards, in order, in the namespace the program left.
    ``import torch`` is implied. The same ``seed`` gives the same random numbers.
    """

    source: str
    filename: str = "answer.py"
    setup: str = ""
    probes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    folder: str | None = None
    """Where an ``open`` script runs and imports from; None for the scratch folder."""
    walls: Walls = "fenced"
    seed: int = 0
    collect: frozenset[Literal["tensors", "history", "graph", "trace"]] = frozenset({"tensors"})
    """What to bring back beside outcome, output and probes. ``history`` re-runs nothing: it runs *this* program under
    observation, at about three times the cost."""
    limits: Limits = field(default_factory=Limits)


Run: TypeAlias = Callable[[Program], Awaitable[Observation]]
"""How the stages that need to run something are handed a runner."""
