"""A kind of mistake: how it is recognised in the facts of a run, what is said of it, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.autograd import Observation
from tutor.explaining.changes import Change
from tutor.explaining.explanation import Severity

if TYPE_CHECKING:
    from tutor.explaining.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """A change worth trying. It is shown as verified once the changed program has run to its end.

    ``holds`` may ask more of that run: that a gradient arrived, that a warning is gone.
    """

    title: str
    changes: tuple[Change, ...]
    """Applied one after the other: order them from the last line up."""
    holds: Callable[[Observation], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found. ``mendings`` are in the order of preference; those that fail when tried are not shown."""

    headline: str
    why: str
    line: int | None = None
    cause_line: int | None = None
    severity: Severity = "error"
    mendings: tuple[Mending, ...] = ()
    kind: str | None = None
    """Another kind's slug, where one rule tells several kinds apart; None: the rule's own."""
    lesson: str | None = None
    about: tuple[int, ...] = ()
    """Tensors, by number, whose other names are worth telling: ``a`` in a function is ``anchor`` where it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What `tutor explain --kind` and the documentation say. The example is the kind's first case."""

    title: str
    what: str
    mend: str
    lesson: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A program with the mistake, and what its explanation must hold. The tests run every case.

    ``facts`` are regular expressions for headline, why and the titles of fixes. ``fixed`` must get no complaint.
    """

    code: str
    line: int | None = None
    cause_line: int | None = None
    facts: tuple[str, ...] = ()
    fixed: str | None = None
    """One way to mend it. None: it only has to get one verified fix."""
    setup: str = ""
    mended: bool = True
    """Whether a verified fix is expected."""
    kind: str | None = None
    """The slug of the kind it belongs to, where that is another than the one it is listed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of mistake, in one file: rule, words, page and cases.

    ``suspects`` is asked of every run and must be cheap: it sees the outcome, the message and the program's text.
    Only then is the program run again under observation, and ``find`` asked, which sees everything. Among errors the
    kind with the lowest ``rank`` is asked first and the first finding is the answer; so special kinds rank lower than
    general ones.
    """

    slug: str
    suspects: Callable[[Facts], bool]
    find: Callable[[Facts], Finding | None]
    page: Page
    cases: tuple[Case, ...] = ()
    rank: int = 50
    needs_history: bool = True
