"""A question with a few answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from tutor.ui.screens.overlay import Box, Overlay

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AskScreen(Overlay["str | None"]):
    """Answers are ids with their labels, the first one focused. Esc answers None."""

    DEFAULT_CSS = """
    AskScreen {
        & > .overlay--box { max-width: 64; }
        & Static { height: auto; width: 1fr; margin: 0 0 1 0; }
        & Horizontal { height: auto; width: 1fr; align-horizontal: left; }
        & Button { margin: 0 2 0 0; min-width: 8; background: $panel; color: $foreground; text-style: none; }
        & Button:hover { background: $rule; }
        & Button:focus { background: $primary; color: $background; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: Content, answers: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Box(self._title) as box:
            box.can_focus = False
            yield Static(self._text, markup=False)
            with Horizontal():
                for id_, label in self._answers:
                    yield Button(Content(label), id=id_, compact=True)

    def on_mount(self) -> None:
        self.query(Button).first().focus()

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)
