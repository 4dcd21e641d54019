"""Translations: a file of words beside a file of the pack, ``first-gradient.zh.yaml``, with the same ids."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from tutor.packs.format import (
    Check,
    ChoiceStep,
    CodeStep,
    Lesson,
    Mistake,
    Option,
    Pack,
    PredictStep,
    ReadStep,
    Slug,
    Step,
    Words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWords:
    """The words of an option; options stand in the order of the original."""

    text: Words | None = None
    """The answer."""
    why: Words | None = None
    """Shown once this option was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWords:
    """The words of a check or of a mistake; they stand in the order of the original. ``{}`` where there are none."""

    message: Words | None = None
    """The author's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """The words of a step. What is left out stays as in the original."""

    id: Slug
    """The id of the step in the original."""
    title: Words | None = None
    """The heading."""
    text: Words | None = None
    """The text, question or task."""
    hints: tuple[Words, ...] = ()
    """As many as in the original."""
    why: Words | None = None
    """Shown with the result of a prediction."""
    options: tuple[OptionWords, ...] = ()
    """As many as in the original."""
    checks: tuple[MessageWords, ...] = ()
    """As many as in the original."""
    mistakes: tuple[MessageWords, ...] = ()
    """As many as in the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonWords:
    """The words of a lesson."""

    id: Slug | None = None
    """The id of the lesson in the original."""
    title: Words | None = None
    """Shown in the table of contents."""
    summary: Words | None = None
    """One line for the table of contents."""
    steps: tuple[StepWords, ...] = ()
    """Steps, known by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackWords:
    """The words of ``pack.yaml``."""

    id: Slug | None = None
    """The id of the pack."""
    title: Words | None = None
    """Shown on the home screen."""
    summary: Words | None = None
    """One line for the home screen."""


def translated_pack(pack: Pack, words: PackWords) -> Pack:
    return replace(pack, title=words.title or pack.title, summary=words.summary or pack.summary)


def translated(lesson: Lesson, words: LessonWords) -> Lesson:
    """Return ``lesson`` in the translation's words; what is not translated stays as it is."""
    known = {step.id: step for step in words.steps}
    steps = tuple(_step(step, known[step.id]) if step.id in known else step for step in lesson.steps)
    return replace(lesson, title=words.title or lesson.title, summary=words.summary or lesson.summary, steps=steps)


def _step(step: Step, words: StepWords) -> Step:
    title, text = words.title or step.title, words.text or step.text
    if isinstance(step, ReadStep):
        return replace(step, title=title, text=text)
    if isinstance(step, PredictStep):
        return replace(step, title=title, text=text, hints=_hints(step, words), why=words.why or step.why)
    if isinstance(step, ChoiceStep):
        options = tuple(_option(*pair) for pair in _paired(step.options, words.options))
        return replace(step, title=title, text=text, options=options)
    return replace(
        step,
        title=title,
        text=text,
        hints=_hints(step, words),
        checks=tuple(_message(*pair) for pair in _paired(step.checks, words.checks)),
        mistakes=tuple(_mistake(*pair) for pair in _paired(step.mistakes, words.mistakes)),
    )


_Original = TypeVar("_Original")
_Translated = TypeVar("_Translated")


def _paired(
    originals: tuple[_Original, ...], words: tuple[_Translated, ...]
) -> Iterator[tuple[_Original, _Translated | None]]:
    """Pair each original with its words. Where the numbers differ nothing is paired: it would be a guess."""
    known = len(originals) == len(words)
    return ((original, words[number] if known else None) for number, original in enumerate(originals))


def _hints(step: PredictStep | CodeStep, words: StepWords) -> tuple[str, ...]:
    return words.hints if len(words.hints) == len(step.hints) else step.hints


def _option(option: Option, words: OptionWords | None) -> Option:
    return replace(option, text=words.text or option.text, why=words.why or option.why) if words else option


def _message(check: Check, words: MessageWords | None) -> Check:
    return replace(check, message=words.message) if words and words.message else check


def _mistake(mistake: Mistake, words: MessageWords | None) -> Mistake:
    return replace(mistake, message=words.message) if words and words.message else mistake
