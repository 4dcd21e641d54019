"""What happened, as facts in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # judging and explaining are not needed before the first run
    from tutor.explaining.explanation import Explanation
    from tutor.judging import Assessment, PredictionVerdict


@dataclass(frozen=True, slots=True)
class Typed:
    """The draft of the step on the screen now reads ``text``."""

    text: str


@dataclass(frozen=True, slots=True)
class Rested:
    """Nothing was typed for a short while."""


@dataclass(frozen=True, slots=True)
class RunAsked:
    pass


@dataclass(frozen=True, slots=True)
class CancelAsked:
    pass


@dataclass(frozen=True, slots=True)
class Judged:
    number: int
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Explained:
    """``assessment`` is the one judged, with what was found out since: a foreseen mistake, say."""

    number: int
    explanations: tuple[Explanation, ...]
    assessment: Assessment | None = None


@dataclass(frozen=True, slots=True)
class Foretold:
    """A prediction was held against what the program gave."""

    number: int
    verdict: PredictionVerdict


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A run could not be judged, and the fault is not the learner's. ``why`` is one sentence."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class OptionChosen:
    index: int


@dataclass(frozen=True, slots=True)
class HintAsked:
    pass


@dataclass(frozen=True, slots=True)
class SolutionAsked:
    pass


@dataclass(frozen=True, slots=True)
class ResetAsked:
    pass


@dataclass(frozen=True, slots=True)
class ResetConfirmed:
    pass


@dataclass(frozen=True, slots=True)
class ResetDismissed:
    pass


@dataclass(frozen=True, slots=True)
class RestoreAsked:
    """The draft that the last reset or fix replaced is wanted back."""


@dataclass(frozen=True, slots=True)
class FixApplied:
    """A suggested change was taken over: the draft is now ``code``."""

    code: str


@dataclass(frozen=True, slots=True)
class EditorAsked:
    """The draft is to be opened in the learner's own editor."""


@dataclass(frozen=True, slots=True)
class StepChosen:
    index: int


@dataclass(frozen=True, slots=True)
class NextAsked:
    pass


@dataclass(frozen=True, slots=True)
class BackAsked:
    pass


@dataclass(frozen=True, slots=True)
class LiveToggled:
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
    | StepChosen
    | NextAsked
    | BackAsked
    | LiveToggled
)
