"""The contents over a lesson: jump to a step, or to another lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from textual import on
from textual.containers import Container

from tutor.ui.screens.overlay import Overlay
from tutor.ui.widgets.contents import Contents, Entry
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult

Destination: TypeAlias = "int | str | None"
"""The index of a step of the open lesson, or the id of another lesson."""


class ContentsScreen(Overlay["int | str | None"]):
    DEFAULT_CSS = """
    ContentsScreen {
        & > .overlay--box { max-width: 72; padding: 0 1; }
        & Contents { height: auto; max-height: 100%; }
    }
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        with Container(classes="overlay--box") as box:
            box.border_title = _("Contents")
            box.border_subtitle = _("Enter opens, Esc closes")
            yield Contents()

    def on_mount(self) -> None:
        contents = self.query_one(Contents)
        contents.show(self._entries)
        contents.focus()

    @on(Contents.StepPicked)
    def _step(self, event: Contents.StepPicked) -> None:
        self.dismiss(event.index)

    @on(Contents.LessonPicked)
    def _lesson(self, event: Contents.LessonPicked) -> None:
        self.dismiss(event.lesson)
