"""The top line: which lesson this is, and how far along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tutor.text import safe_line

if TYPE_CHECKING:
    from textual import events

_DOTTED = 24
"""Up to so many steps each has a dot of its own."""


class Progress(Struct, frozen=True):
    """``done`` runs parallel to the steps; ``at`` is the one on the screen."""

    title: str
    done: tuple[bool, ...]
    at: int


class StepBar(Widget):
    DEFAULT_CSS = """
    StepBar {
        height: 1;
        dock: top;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    """

    progress: reactive[Progress] = reactive(Progress("", (), 0))

    class Picked(Message):
        """A step's dot was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def render(self) -> Content:
        progress = self.progress
        width = self.content_size.width or 80
        dots = self._dots()
        count = Content(f" {progress.at + 1}/{len(progress.done)}").stylize("$muted")
        right = dots + count
        room = max(4, width - right.cell_length - 3)
        title = Content(safe_line(progress.title)).truncate(room - 2, ellipsis=True)
        left = Content.assemble(("∂ ", "bold $primary"), title.stylize("bold"))
        gap = max(1, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def _dots(self) -> Content:
        progress = self.progress
        if len(progress.done) > _DOTTED:
            return Content(f"{sum(progress.done)} ✓ ").stylize("$success")
        pieces = []
        for index, done in enumerate(progress.done):
            here = index == progress.at
            sign = ("◆" if done else "◇") if here else "●" if done else "○"
            pieces.append((sign, "bold $primary" if here else "$success" if done else "$muted"))
        return Content.assemble(*pieces)

    def on_click(self, event: events.Click) -> None:
        progress = self.progress
        count = len(f" {progress.at + 1}/{len(progress.done)}")
        first = self.content_size.width - count - len(progress.done)
        index = event.x - self.styles.padding.left - first
        if len(progress.done) <= _DOTTED and 0 <= index < len(progress.done):
            self.post_message(self.Picked(index))
