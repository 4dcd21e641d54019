"""What opens over a screen and closes with Esc."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

T = TypeVar("T")


class Overlay(ModalScreen[T]):
    """A box in the middle. Esc and q close it without an answer."""

    DEFAULT_CSS = """
    Overlay {
        align: center middle;
        background: $background 70%;
        & > .overlay--box {
            width: 90%; max-width: 84; height: auto; max-height: 90%;
            padding: 1 2; border: round $primary; background: $surface; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
            border-title-color: $primary; border-title-style: bold; border-subtitle-color: $muted;
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", show=False)]

    def action_close(self) -> None:
        self.dismiss(None)


class Box(VerticalScroll, can_focus=True):
    """The box of an overlay; its title is plain text."""

    def __init__(self, title: str, subtitle: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes="overlay--box")
        self._names = (title, subtitle)

    def on_mount(self) -> None:
        self.border_title, self.border_subtitle = (Content(name) for name in self._names)
