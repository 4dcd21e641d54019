"""What the learner is doing now. Every value is immutable; :func:`tutor.session.advance` makes the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from tutor.packs.format import ChoiceStep, CodeStep, Lesson, PredictStep, ReadStep

if TYPE_CHECKING:  # judging and explaining are not needed before the first run
    from tutor.explaining.explanation import Explanation
    from tutor.judging import Assessment, PredictionVerdict

AnyStep: TypeAlias = ReadStep | PredictStep | ChoiceStep | CodeStep


class Place(Struct, frozen=True):
    """A step of a lesson of a pack, by their ids."""

    pack: str
    lesson: str
    step: str

    def __str__(self) -> str:
        return f"{self.pack}/{self.lesson}/{self.step}"


class Result(Struct, frozen=True, kw_only=True):
    """What a run of an answer gave. ``text`` is the answer that was judged, which may be older than the draft."""

    number: int
    text: str
    asked: bool
    """False: it ran by itself after the learner stopped typing."""
    assessment: Assessment
    explanations: tuple[Explanation, ...] = ()
    explaining: bool = False
    """True while explanations are still being looked for."""


class Foreseen(Struct, frozen=True, kw_only=True):
    """A prediction beside what the program really gave."""

    number: int
    typed: str
    verdict: PredictionVerdict


Solution: TypeAlias = Literal["closed", "asked", "open", "hidden"]
"""``asked``: once, it opens when asked again. ``hidden``: it was open, and opens again at once."""


class Work(Struct, frozen=True, kw_only=True):
    """What was done on one step."""

    draft: str = ""
    """The answer as it stands: code, or a typed prediction."""
    rewritten: int = 0
    """How often the draft was replaced by something else than typing. What shows the draft takes it over then, and only
    then: while somebody types, the screen is ahead of the session."""
    result: Result | None = None
    foreseen: Foreseen | None = None
    chosen: tuple[int, ...] = ()
    """Options tried, in the order they were tried."""
    hints: int = 0
    """How many hints are open."""
    solution: Solution = "closed"
    resetting: bool = False
    """True while "start over?" waits for its answer."""
    kept: tuple[str, ...] = ()
    """Earlier drafts that a reset or a fix replaced, the latest last."""
    done: bool = False

    @property
    def stale(self) -> bool:
        """The result on the screen belongs to an older text than the draft."""
        return self.result is not None and self.result.text != self.draft


class Underway(Struct, frozen=True):
    """The one run under way: a newer run takes its place."""

    number: int
    index: int
    text: str
    asked: bool


class Session(Struct, frozen=True, kw_only=True):
    """A lesson being worked through. ``works`` runs parallel to ``lesson.steps``; ``at`` is the step on the screen."""

    pack: str
    lesson: Lesson
    at: int = 0
    works: tuple[Work, ...] = ()
    live: bool = True
    """Whether an answer runs by itself shortly after typing stops."""
    underway: Underway | None = None
    runs: int = 0
    """How many runs were asked for so far: the number of the latest."""
    trouble: str | None = None
    """Why the last run could not be judged, when the fault is ours."""

    @property
    def step(self) -> AnyStep:
        return self.lesson.steps[self.at]

    @property
    def work(self) -> Work:
        return self.works[self.at]

    @property
    def place(self) -> Place:
        return self.place_of(self.at)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(work.done for work in self.works)

    def place_of(self, index: int) -> Place:
        return Place(self.pack, self.lesson.id, self.lesson.steps[index].id)

    def with_work(self, index: int, **changes: Any) -> Session:
        work = replace(self.works[index], **changes)
        return replace(self, works=(*self.works[:index], work, *self.works[index + 1 :]))


class Remembered(Struct, frozen=True, kw_only=True):
    """What was stored about a step. ``draft`` is None when nothing was ever typed; ``kept`` has the oldest first."""

    draft: str | None = None
    kept: tuple[str, ...] = ()
    hints: int = 0
    solution_seen: bool = False
    chosen: tuple[int, ...] = ()
    done: bool = False


def hints_of(step: AnyStep) -> tuple[str, ...]:
    return step.hints if isinstance(step, CodeStep | PredictStep) else ()


def starter_of(step: AnyStep) -> str:
    return step.starter if isinstance(step, CodeStep) else ""
