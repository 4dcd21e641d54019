"""What a step is called in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.text import safe_line
from tutor.words import _

if TYPE_CHECKING:
    from tutor.session import AnyStep


def step_title(step: AnyStep, number: int) -> str:
    """The step's title, or the first words of its text."""
    if step.title:
        return safe_line(step.title, 60)
    first = next((line.strip("#*> `") for line in step.text.splitlines() if line.strip("#*> `")), "")
    return safe_line(first, 60) or _("Step {number}").format(number=number)
