"""What judging says of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tutor.autograd import ExceptionSeen, Observation, Outcome, Value

Cause: TypeAlias = Literal[
    "equal",
    "missing",  # the expression could not be evaluated in the learner's namespace
    "type",  # a tensor was expected and something else was found, or None, or the other way round
    "shape",
    "dtype",
    "values",
    "structure",  # uses, avoids
    "raises",
    "not-run",  # the program ended before this could be looked at
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two tensors of one shape differ. Indices are in C order; ``indices`` holds the first differing ones."""

    differing: int
    total: int
    indices: tuple[tuple[int, ...], ...]
    largest_absolute: float | None
    largest_relative: float | None
    rtol: float
    atol: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    kind: Literal["value", "uses", "avoids", "raises"]
    label: str
    """What was looked at: ``x.grad``, ``backward``, ``RuntimeError``."""
    passed: bool
    cause: Cause
    got: Value | None = None
    want: Value | None = None
    difference: Difference | None = None
    text: str = ""
    """One sentence on what was found and what was expected."""
    message: str | None = None
    """The author's words, when the check failed and it has some."""
    variant: int | None = None
    """Counted from 1; None: the step's own setup."""
    variant_setup: str | None = None
    line: int | None = None
    """The line of the answer that was found, where ``avoids`` found one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``passed`` is true when every check holds on the step's own setup and on all variants."""

    passed: bool
    outcome: Outcome
    checks: tuple[CheckResult, ...]
    other_inputs: int = 0
    """On how many of the step's variants the answer was judged and held."""
    foreseen: str | None = None
    """The author's words for a foreseen wrong answer that gives the same wrong result as this one."""
    foreseen_kind: str | None = None
    internal: str | None = None
    """Set when the fault is ours or the pack's (a reference that fails): never counted against the learner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A verdict with the observation it rests on (the step's own setup)."""

    verdict: Verdict
    observation: Observation
    others: tuple[Observation, ...] = ()
    """The same answer on the step's variants, in order, as far as they were run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionVerdict:
    """What came of a prediction."""

    passed: bool
    unreadable: str | None = None
    """How to type it, when what was typed is not a value at all. Nothing was run then."""
    nearly: bool = False
    """The right numbers in another shape."""
    typed: Value | None = None
    """What was typed, as a value; None for ``error`` and for a word."""
    actual: Value | None = None
    """What the program gave; None where it ended in ``exception``."""
    exception: ExceptionSeen | None = None
    text: str
    """One or two sentences: what you said, and what it is."""
    observation: Observation | None = None
    internal: str | None = None
    """Set when the step's own program does not run as it should: never counted against the learner."""
