"""``tutor pack preview``: a lesson as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tutor.packs import PackError, Problem, open_pack
from tutor.packs.files import PACK_FILE
from tutor.packs.format import ChoiceStep, CodeStep, Lesson, PredictStep, Step
from tutor.packs.problem import did_you_mean, quoted
from tutor.ui.mathematics import with_mathematics
from tutor.words import _


def find_lesson(place: str, language: str | None) -> tuple[Lesson, str | None]:
    """Return the lesson of ``FOLDER/LESSON[/STEP]`` and the step's id, None for all steps.

    Raises PackError when there is none, or it cannot be used.
    """
    parts = place.rstrip("/").split("/")
    for last in (1, 2):
        ref = "/".join(parts[:-last])
        if len(parts) > last and (last == 2 or (Path(ref) / PACK_FILE).exists() or len(parts) == 2):
            pack = open_pack(Path(ref) if (Path(ref) / PACK_FILE).exists() else ref, language)
            lesson = pack.lesson(Path(parts[-last]).stem)
            step = parts[-1] if last == 2 else None
            if step is not None and step not in {one.id for one in lesson.steps}:
                raise _no_step(place, step, lesson)
            return lesson, step
    message = _("found no lesson in this; expected FOLDER/LESSON")
    raise PackError([Problem(file=place, message=message, code="no-such-lesson")])


def _no_step(place: str, step: str, lesson: Lesson) -> PackError:
    message = _("found no step {step} in this lesson{near}")
    text = message.format(step=quoted(step), near=did_you_mean(step, [one.id for one in lesson.steps]))
    return PackError([Problem(file=place, message=text, code="no-such-step")])


def preview_lines(lesson: Lesson, step: str | None, *, answers: bool) -> Iterator[str]:
    """Yield the lines of a lesson, or of one step; with ``answers`` what the learner sees only afterwards too."""
    if step is None:
        yield lesson.title
        yield "=" * len(lesson.title)
        yield lesson.summary
    for number, one in enumerate(lesson.steps, 1):
        if step in (None, one.id):
            yield ""
            yield f"{number}. {one.title or one.id}  [{one.kind}]"
            yield from _indented(_body(one, answers=answers))


def _body(step: Step, *, answers: bool) -> Iterator[str]:
    yield ""
    yield from with_mathematics(step.text).rstrip().split("\n")
    if isinstance(step, PredictStep):
        yield from _code(_("Given"), step.setup)
        yield from _code(_("Program"), step.code)
        yield from ("", _("What is {ask}?").format(ask=step.ask))
        yield from _words(_("Hint"), step.hints)
        if answers and step.why:
            yield from _words(_("Why"), (step.why,))
    elif isinstance(step, ChoiceStep):
        yield from _options(step, answers=answers)
    elif isinstance(step, CodeStep):
        yield from _code(_("Given"), step.setup)
        yield from _code(_("To begin with"), step.starter)
        yield from _words(_("Hint"), step.hints)
        if answers:
            yield from _code(_("Solution"), step.solution)


def _options(step: ChoiceStep, *, answers: bool) -> Iterator[str]:
    yield ""
    for option in step.options:
        mark = "x" if answers and option.correct else " "
        first, *rest = with_mathematics(option.text).rstrip().split("\n")
        yield f"({mark}) {first}"
        yield from _indented(iter(rest))
        if answers:
            yield from _indented(iter(with_mathematics(option.why).rstrip().split("\n")))


def _code(heading: str, code: str) -> Iterator[str]:
    if code.strip():
        yield from ("", f"{heading}:")
        yield from _indented(iter(code.rstrip("\n").split("\n")))


def _words(heading: str, texts: tuple[str, ...]) -> Iterator[str]:
    for number, text in enumerate(texts, 1):
        first, *rest = with_mathematics(text).rstrip().split("\n")
        count = f" {number}/{len(texts)}" if len(texts) > 1 else ""
        yield from ("", f"{heading}{count}: {first}")
        yield from _indented(iter(rest))


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)
