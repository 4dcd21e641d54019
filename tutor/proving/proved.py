"""What proving a step found."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.packs import Loaded, Problem
from tutor.packs.format import Lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProved:
    """A step was run. ``problems`` are what it found, each at its place; an error keeps the step from being proven."""

    lesson: str
    step: str
    kind: str
    file: str
    line: int
    column: int
    held: tuple[str, ...]
    """What was tried and held: ``solution``, ``starter``, ``variants``, ``mistake 1``, ``prediction``."""
    problems: tuple[Problem, ...] = ()

    @property
    def proven(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)


class Findings:
    """Collects what is found of one step. Parts are named within the step: ``("checks", 0)``."""

    def __init__(self, lesson: Loaded[Lesson], number: int) -> None:
        self._lesson = lesson
        self._number = number
        self.problems: list[Problem] = []
        self.held: list[str] = []

    def say(self, part: tuple[str | int, ...], message: str, code: str, *, line: int | None = None) -> None:
        """Say an error at ``part``, or at ``line`` (from 1) of the code that ``part`` is."""
        self.problems.append(self._lesson.problem(("steps", self._number, *part), message, code, line=line))

    def note(self, part: tuple[str | int, ...], message: str, code: str) -> None:
        """Say what the author may want to know though nothing is wrong."""
        self.problems.append(self._lesson.problem(("steps", self._number, *part), message, code, note=True))

    def proved(self) -> StepProved:
        lesson = self._lesson.value
        step = lesson.steps[self._number]
        line, column = self._lesson.place(("steps", self._number))
        return StepProved(
            lesson=lesson.id,
            step=step.id,
            kind=step.kind,
            file=self._lesson.source.file,
            line=line,
            column=column,
            held=tuple(sorted(self.held, key=_in_order)),
            problems=tuple(sorted(self.problems)),
        )


def _in_order(held: str) -> tuple[int, str]:
    first = next((number for number, word in enumerate(_ORDER) if held.startswith(word)), len(_ORDER))
    return first, held.rjust(16)


_ORDER = ("solution", "starter", "variants", "mistake")
