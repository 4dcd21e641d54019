"""What the session wants remembered, handed to the store; what the store remembers, handed to the session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tutor.progress import Answer, Attempt, StepRef
from tutor.session import Place, Remembered
from tutor.session import effects as fx

if TYPE_CHECKING:
    from tutor.packs.format import Lesson
    from tutor.progress import Store


def ref_of(place: Place) -> StepRef:
    return StepRef(place.pack, place.lesson, place.step)


class Records:
    """The store, in the session's words. No call waits for the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def trouble(self) -> str:
        """What keeps progress from being stored, in a sentence or two; empty when nothing does."""
        return str(self._store.trouble) if self._store.trouble is not None else ""

    @property
    def file(self) -> str:
        return str(self._store.path)

    def close(self) -> None:
        self._store.close()

    def setting(self, name: str, default: str) -> str:
        return self._store.setting(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        self._store.set_setting(name, value)

    def last_place(self) -> Place | None:
        ref = self._store.place()
        return Place(ref.pack, ref.lesson, ref.step) if ref is not None else None

    def last_place_in(self, pack: str) -> Place | None:
        ref = self._store.place(pack)
        return Place(ref.pack, ref.lesson, ref.step) if ref is not None else None

    def last_step(self, pack: str, lesson: str) -> str | None:
        """The step at which the pack was left, if it was in this lesson."""
        ref = self._store.place(pack)
        return ref.step if ref is not None and ref.lesson == lesson else None

    def done(self, pack: str) -> Mapping[str, frozenset[str]]:
        """The ids of the steps that are done, by lesson."""
        found: dict[str, set[str]] = {}
        for ref in self._store.done(pack):
            found.setdefault(ref.lesson, set()).add(ref.step)
        return {lesson: frozenset(steps) for lesson, steps in found.items()}

    def remembered(self, pack: str, lesson: Lesson) -> Mapping[str, Remembered]:
        done = self.done(pack).get(lesson.id, frozenset())
        return {step.id: self._of_step(StepRef(pack, lesson.id, step.id), step.id in done) for step in lesson.steps}

    def _of_step(self, ref: StepRef, done: bool) -> Remembered:
        store = self._store
        chosen = [int(answer.given) - 1 for answer in store.answers(ref) if answer.given.isdecimal()]
        return Remembered(
            draft=store.draft(ref),
            kept=tuple(earlier.text for earlier in reversed(store.earlier_drafts(ref))),
            hints=store.hints_opened(ref),
            solution_seen=store.solution_seen(ref),
            chosen=tuple(chosen),
            done=done,
        )

    def keep(self, effect: fx.Effect) -> bool:
        """Store what ``effect`` says; False when it is not about storing."""
        store, now = self._store, datetime.now(UTC)
        match effect:
            case fx.SaveDraft(place, text):
                store.save_draft(ref_of(place), text)
            case fx.ReplaceDraft(place, text):
                store.restore_draft(ref_of(place), text)
            case fx.ResetDraft(place):
                store.reset_draft(ref_of(place))
            case fx.RecordAttempt(place, passed, outcome, elapsed):
                attempt = Attempt(ref=ref_of(place), when=now, passed=passed, outcome=outcome, elapsed_ms=elapsed)
                store.record(attempt)
            case fx.RecordAnswer(place, given, correct):
                store.record_answer(Answer(ref=ref_of(place), when=now, given=given, correct=correct))
            case fx.MarkDone(place):
                store.mark_done(ref_of(place), now)
            case fx.KeepHints(place, count):
                store.open_hints(ref_of(place), count)
            case fx.KeepSolutionSeen(place):
                store.mark_solution_seen(ref_of(place), now)
            case fx.KeepPlace(place):
                store.set_place(ref_of(place))
            case _:
                return False
        return True
