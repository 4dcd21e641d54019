"""A translation held against its original: which words are missing, and which have nowhere to go."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.packs.format import ChoiceStep, CodeStep, Lesson, Pack, PredictStep, Step
from tutor.packs.loading import Loaded
from tutor.packs.problem import Problem, did_you_mean, listed, quoted
from tutor.packs.reading import Path as Within
from tutor.packs.translation import LessonWords, PackWords, StepWords
from tutor.words import _


def pack_trouble(words: Loaded[PackWords], pack: Pack) -> Iterator[Problem]:
    """Yield what is wrong with the translation of ``pack.yaml``, and as notes what it leaves out."""
    yield from _other_id(words, pack.id)
    if words.value.title is None:
        yield _note(words, (), _("found no `title`; the original's is shown"))
    if pack.summary and words.value.summary is None:
        yield _note(words, (), _("found no `summary`; the original's is shown"))


def lesson_trouble(words: Loaded[LessonWords], lesson: Lesson) -> Iterator[Problem]:
    """Yield what is wrong with the translation of ``lesson``, and as notes what it leaves out."""
    yield from _other_id(words, lesson.id)
    for key in ("title", "summary"):
        if getattr(words.value, key) is None:
            yield _note(words, (), _("found no `{key}`; the original's is shown").format(key=key))
    yield from _second_time(words)
    steps = {step.id: step for step in lesson.steps}
    for number, one in enumerate(words.value.steps):
        if one.id in steps:
            yield from _step_trouble(words, number, one, steps[one.id])
        else:
            message = _("found the step {found}, which the original has not; expected one of {known}{near}")
            text = message.format(found=quoted(one.id), known=listed(steps), near=did_you_mean(one.id, steps))
            yield _problem(words, ("steps", number, "id"), text)
    missing = [name for name in steps if name not in {one.id for one in words.value.steps}]
    if missing:
        message = _("found no words for {missing}; the original's are shown")
        yield _note(words, ("steps",), message.format(missing=listed(missing)))


def _second_time(words: Loaded[LessonWords]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, one in enumerate(words.value.steps):
        line = words.place(("steps", first.setdefault(one.id, number), "id"))[0]
        if first[one.id] != number:
            message = _("found the step id {found} a second time; expected each once: line {line} has it already")
            yield _problem(words, ("steps", number, "id"), message.format(found=quoted(one.id), line=line))


def _step_trouble(words: Loaded[LessonWords], number: int, one: StepWords, step: Step) -> Iterator[Problem]:
    within = ("steps", number)
    if one.text is None:
        message = _("found no `text` for the step {step}; the original's is shown")
        yield _note(words, within, message.format(step=quoted(step.id)))
    if one.why is not None and not isinstance(step, PredictStep):
        message = _("found `why` for a step of kind `{kind}`; expected it for `predict` only")
        yield _problem(words, (*within, "why"), message.format(kind=step.kind))
    for key, expected in _counts(step).items():
        found = len(getattr(one, key))
        if found and found != expected:
            message = _("found {found} under `{key}`; expected {expected}, as in the original")
            yield _problem(words, (*within, key), message.format(found=found, key=key, expected=expected))
        elif expected and not found and key in {"hints", "options"}:
            message = _("found no `{key}` for the step {step}; the original's are shown")
            yield _note(words, within, message.format(key=key, step=quoted(step.id)))


def _counts(step: Step) -> dict[str, int]:
    return {
        "hints": len(step.hints) if isinstance(step, (PredictStep, CodeStep)) else 0,
        "options": len(step.options) if isinstance(step, ChoiceStep) else 0,
        "checks": len(step.checks) if isinstance(step, CodeStep) else 0,
        "mistakes": len(step.mistakes) if isinstance(step, CodeStep) else 0,
    }


def _other_id(words: Loaded[LessonWords] | Loaded[PackWords], expected: str) -> Iterator[Problem]:
    found = words.value.id
    if found is not None and found != expected:
        message = _("found the id {found}; expected {expected}, as in the original")
        yield _problem(words, ("id",), message.format(found=quoted(found), expected=quoted(expected)))


def _problem(words: Loaded[LessonWords] | Loaded[PackWords], within: Within, message: str) -> Problem:
    return words.problem(within, message, "translation")


def _note(words: Loaded[LessonWords] | Loaded[PackWords], within: Within, message: str) -> Problem:
    return words.problem(within, message, "translation", note=True)
