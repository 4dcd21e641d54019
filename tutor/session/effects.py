"""What is to be done in the world. A driver performs them and sends back events."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:  # judging is not needed before the first run
    from tutor.judging import Assessment
    from tutor.packs.format import CodeStep, PredictStep
    from tutor.session.state import Place


class AwaitRest(Struct, frozen=True):
    """Start the typing clock anew; when it runs out the event is :class:`Rested`."""


class Judge(Struct, frozen=True):
    """Assess ``text`` as the answer to ``step``; answered by :class:`Judged` or :class:`RunFailed`."""

    number: int
    step: CodeStep
    text: str


class Explain(Struct, frozen=True):
    """Look for explanations of what was judged; answered by :class:`Explained`."""

    number: int
    step: CodeStep
    text: str
    assessment: Assessment


class Foretell(Struct, frozen=True):
    """Run the step's program and hold ``typed`` against it; answered by :class:`Foretold` or :class:`RunFailed`."""

    number: int
    step: PredictStep
    typed: str


class Cancel(Struct, frozen=True):
    """Stop every run, and every search for explanations, with a number up to ``number``."""

    number: int


class SaveDraft(Struct, frozen=True):
    place: Place
    text: str


class ReplaceDraft(Struct, frozen=True):
    """The draft is now ``text``; put the one it replaces aside so that it can be had back."""

    place: Place
    text: str


class ResetDraft(Struct, frozen=True):
    """The step begins afresh; put the draft aside so that it can be had back."""

    place: Place


class RecordAttempt(Struct, frozen=True):
    """A judged run of an answer to a code step."""

    place: Place
    passed: bool
    outcome: str
    elapsed_ms: float


class RecordAnswer(Struct, frozen=True):
    """A prediction typed, or an option picked: its number, counted from 1."""

    place: Place
    given: str
    correct: bool


class MarkDone(Struct, frozen=True):
    place: Place


class KeepHints(Struct, frozen=True):
    """The first ``count`` hints are open."""

    place: Place
    count: int


class KeepSolutionSeen(Struct, frozen=True):
    place: Place


class KeepPlace(Struct, frozen=True):
    place: Place


class OpenEditor(Struct, frozen=True):
    """Open ``text`` in the learner's own editor; answered by :class:`EditedElsewhere`."""

    text: str


class ConfirmReset(Struct, frozen=True):
    """Ask whether to start over; answered by :class:`ResetConfirmed` or :class:`ResetDismissed`."""


class EndLesson(Struct, frozen=True):
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
