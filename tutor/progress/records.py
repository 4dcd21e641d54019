"""What is remembered, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class StepRef:
    """A step by its ids, as ``pack/lesson/step``."""

    pack: str
    lesson: str
    step: str

    @classmethod
    def parse(cls, text: str) -> StepRef:
        """Read ``pack/lesson/step``. Raises ``ValueError`` for anything else."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise ValueError(text)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.pack}/{self.lesson}/{self.step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One judged run of an answer to a code step."""

    ref: StepRef
    when: datetime
    passed: bool
    outcome: str
    elapsed_ms: float
    explanation: str | None = None
    """The kind of the first explanation that was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A prediction typed or an option picked, and whether it was right."""

    ref: StepRef
    when: datetime
    given: str
    """What was typed, or the number of the option, counted from 1."""
    correct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierDraft:
    """A draft that was reset or replaced, still there to be brought back."""

    text: str
    when: datetime
    """When it was last saved."""
