"""A suspicion: changes of the program that may mend it, and the words for the case that one of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from tutor.autograd import Observation, Program
from tutor.explaining.changes import Change, Source, parsed
from tutor.explaining.experiments.evidence import Mismatch
from tutor.explaining.experiments.reading import leaves, optimizers
from tutor.explaining.experiments.watching import Watched
from tutor.explaining.explanation import Severity
from tutor.explaining.kind import Page


@dataclass(frozen=True)
class Trial:
    """What is known before any experiment. ``mismatches`` is empty when nothing says what the values should be."""

    program: Program
    observation: Observation
    source: Source
    mismatches: tuple[Mismatch, ...] = ()
    watched: Watched = field(default_factory=Watched)

    @property
    def judged(self) -> bool:
        return bool(self.mismatches)

    @cached_property
    def main(self) -> Mismatch:
        """The failed check to explain; an empty one where nothing is known."""
        return self.mismatches[0] if self.mismatches else Mismatch("", None, None)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Names of tensors that gradients are asked for, those that the step's setup made included."""
        setup = parsed(self.program.setup)
        return tuple(dict.fromkeys((*(leaves(setup) if setup else ()), *leaves(self.source))))

    @cached_property
    def optimizers(self) -> tuple[str, ...]:
        """Names of optimizers, those that the step's setup made included."""
        setup = parsed(self.program.setup)
        return tuple(dict.fromkeys((*(optimizers(setup) if setup else ()), *optimizers(self.source))))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor that the program left under ``name``."""
        for seen in self.observation.tensors:
            if seen.name == name:
                return seen.value.shape
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """``changes`` are ways to mend it, the one that best keeps the intent first."""

    kind: str
    line: int
    cause_line: int | None = None
    """When it is another line than ``line``."""
    weight: float
    """How probable it is, from 0 to 10: the order in which experiments are made, and which of two that pass is told."""
    changes: tuple[Change, ...]
    headline: str
    why: str
    supposing: str = ""
    """Begins the sentence of proof: ``If line 6 cleared `x.grad` first``."""
    certain: bool = False
    """Whether the run alone shows it, so that it is told where no expected value is known too."""
    stated: bool = False
    """Whether ``headline`` and ``why`` hold as facts of the run even when no change gives the expected value."""
    severity: Severity = "silent"
    lesson: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A program that gives a wrong value without a word: ``watch`` is an expression, ``fixed`` gives the right one.

    ``facts`` are regular expressions for headline, why and the titles of fixes. ``alone``: it is recognised where no
    expected value is known, too.
    """

    code: str
    fixed: str
    watch: str
    line: int
    cause_line: int | None = None
    facts: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentKind:
    """One kind of silent mistake, in one file: its rule, its words, its page and its cases.

    ``suspects`` reads a trial and names what may be wrong; nothing is run by it.
    """

    slug: str
    suspects: Callable[[Trial], Iterable[Suspect]]
    page: Page
    cases: tuple[Wrong, ...] = ()
