"""What happened, as facts in the past tense."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:  # judging and explaining are not needed before the first run
    from tutor.explaining.explanation import Explanation
    from tutor.judging import Assessment, PredictionVerdict


class Typed(Struct, frozen=True):
    """The draft of the step on the screen now reads ``text``."""

    text: str


class Rested(Struct, frozen=True):
    """Nothing was typed for a short while."""


class RunAsked(Struct, frozen=True):
    pass


class CancelAsked(Struct, frozen=True):
    pass


class Judged(Struct, frozen=True):
    number: int
    assessment: Assessment


class Explained(Struct, frozen=True):
    """``assessment`` is the one judged, with what was found out since: a foreseen mistake, say."""

    number: int
    explanations: tuple[Explanation, ...]
    assessment: Assessment | None = None


class Foretold(Struct, frozen=True):
    """A prediction was held against what the program gave."""

    number: int
    verdict: PredictionVerdict


class RunFailed(Struct, frozen=True):
    """A run could not be judged, and the fault is not the learner's. ``why`` is one sentence."""

    number: int
    why: str


class OptionChosen(Struct, frozen=True):
    index: int


class HintAsked(Struct, frozen=True):
    pass


class SolutionAsked(Struct, frozen=True):
    pass


class ResetAsked(Struct, frozen=True):
    pass


class ResetConfirmed(Struct, frozen=True):
    pass


class ResetDismissed(Struct, frozen=True):
    pass


class RestoreAsked(Struct, frozen=True):
    """The draft that the last reset or fix replaced is wanted back."""


class FixApplied(Struct, frozen=True):
    """A suggested change was taken over: the draft is now ``code``."""

    code: str


class EditorAsked(Struct, frozen=True):
    """The draft is to be opened in the learner's own editor."""


class EditedElsewhere(Struct, frozen=True):
    """The learner's own editor gave the draft back."""

    text: str


class StepChosen(Struct, frozen=True):
    index: int


class NextAsked(Struct, frozen=True):
    pass


class BackAsked(Struct, frozen=True):
    pass


class LiveToggled(Struct, frozen=True):
    pass


Event: TypeAlias = (
    Typed
    | Rested
    | RunAsked
    | CancelAsked
    | Judged
    | Explained
    | Foretold
    | RunFailed
    | OptionChosen
    | HintAsked
    | SolutionAsked
    | ResetAsked
    | ResetConfirmed
    | ResetDismissed
    | RestoreAsked
    | FixApplied
    | EditorAsked
    | EditedElsewhere
    | StepChosen
    | NextAsked
    | BackAsked
    | LiveToggled
)
