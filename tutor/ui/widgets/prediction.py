"""A prediction: the program, and a line to type what it will give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tutor.ui.highlight import highlighted
from tutor.ui.widgets.editor import clean
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tutor.packs.format import PredictStep


class Prediction(Vertical):
    DEFAULT_CSS = """
    Prediction {
        height: auto;
        background: $surface;
        & > VerticalScroll { height: auto; max-height: 12; background: $code-surface; padding: 0 1; }
        & > VerticalScroll > Static { width: auto; height: auto; }
        & > .prediction--ask { height: auto; width: 1fr; padding: 0 1; }
        & > Input {
            border: none; height: 1; padding: 0 1; margin: 0 1; background: $panel;
            &:focus { border: none; background: $panel; }
        }
    }
    """

    @dataclass
    class Typed(Message):
        text: str

    @dataclass
    class Submitted(Message):
        pass

    def __init__(self, step: PredictStep, draft: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._step = step
        self._draft = draft

    def compose(self) -> ComposeResult:
        step = self._step
        program = "\n".join(part.rstrip("\n") for part in (step.setup, step.code) if part.strip())
        with VerticalScroll(can_focus=False):
            yield Static(highlighted(program), markup=False)
        question = Content.assemble(_("What will "), (step.ask, "bold $code-call"), _(" be?"))
        yield Static(question, markup=False, classes="prediction--ask")
        placeholder = _("a value like [1., 2.] or 3.5, None, or error")
        yield Input(clean(self._draft), placeholder=placeholder, id="prediction-input", select_on_focus=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())
