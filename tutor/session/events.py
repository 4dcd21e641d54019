"""What happened, as facts in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # judging and explaining are not needed before the first run
    from tutor.explaining.explanation import Explanation
    from tutor.judging import Assessment, PredictionVerdict


class Bare:
    """A fact without particulars: one is as good as another."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@dataclass(frozen=True, slots=True)
class Typed:
    """The draft of the step on the screen now reads ``text``."""

    text: str


class Rested(Bare):
    """Nothing was typed for a short while."""


class RunAsked(Bare):
    pass


class CancelAsked(Bare):
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


class HintAsked(Bare):
    pass


class SolutionAsked(Bare):
    pass


class ResetAsked(Bare):
    pass


class ResetConfirmed(Bare):
    pass


class ResetDismissed(Bare):
    pass


class RestoreAsked(Bare):
    """The draft that the last reset or fix replaced is wanted back."""


@dataclass(frozen=True, slots=True)
class FixApplied:
    """A suggested change was taken over: the draft is now ``code``."""

    code: str


class EditorAsked(Bare):
    """The draft is to be opened in the learner's own editor."""


@dataclass(frozen=True, slots=True)
class EditedElsewhere:
    """The learner's own editor gave the draft back."""

    text: str


@dataclass(frozen=True, slots=True)
class StepChosen:
    index: int


class NextAsked(Bare):
    pass


class BackAsked(Bare):
    pass


class LiveToggled(Bare):
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
