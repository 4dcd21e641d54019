"""What is to be done in the world. A driver performs them and sends back events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tutor.session.events import Bare

if TYPE_CHECKING:  # judging is not needed before the first run
    from tutor.judging import Assessment
    from tutor.packs.format import CodeStep, PredictStep
    from tutor.session.state import Place


class AwaitRest(Bare):
    """Start the typing clock anew; when it runs out the event is :class:`Rested`."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Assess ``text`` as the answer to ``step``; answered by :class:`Judged` or :class:`RunFailed`."""

    number: int
    step: CodeStep
    text: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Look for explanations of what was judged; answered by :class:`Explained`."""

    number: int
    step: CodeStep
    text: str
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Foretell:
    """Run the step's program and hold ``typed`` against it; answered by :class:`Foretold` or :class:`RunFailed`."""

    number: int
    step: PredictStep
    typed: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop every run, and every search for explanations, with a number up to ``number``."""

    number: int


@dataclass(frozen=True, slots=True)
class SaveDraft:
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class ReplaceDraft:
    """The draft is now ``text``; put the one it replaces aside so that it can be had back."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class ResetDraft:
    """The step begins afresh; put the draft aside so that it can be had back."""

    place: Place


@dataclass(frozen=True, slots=True)
class RecordAttempt:
    """A judged run of an answer to a code step."""

    place: Place
    passed: bool
    outcome: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """A prediction typed, or an option picked: its number, counted from 1."""

    place: Place
    given: str
    correct: bool


@dataclass(frozen=True, slots=True)
class MarkDone:
    place: Place


@dataclass(frozen=True, slots=True)
class KeepHints:
    """The first ``count`` hints are open."""

    place: Place
    count: int


@dataclass(frozen=True, slots=True)
class KeepSolutionSeen:
    place: Place


@dataclass(frozen=True, slots=True)
class KeepPlace:
    place: Place


@dataclass(frozen=True, slots=True)
class OpenEditor:
    """Open ``text`` in the learner's own editor; answered by :class:`EditedElsewhere`."""

    text: str


class ConfirmReset(Bare):
    """Ask whether to start over; answered by :class:`ResetConfirmed` or :class:`ResetDismissed`."""


class EndLesson(Bare):
    """The learner went on from the last step."""


Effect: TypeAlias = (
    AwaitRest
    | Judge
    | Explain
    | Foretell
    | Cancel
    | SaveDraft
    | ReplaceDraft
    | ResetDraft
    | RecordAttempt
    | RecordAnswer
    | MarkDone
    | KeepHints
    | KeepSolutionSeen
    | KeepPlace
    | OpenEditor
    | ConfirmReset
    | EndLesson
)
