"""The options of a choice step. Each keeps its reason on the screen once it was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tutor.ui.commands import key_of
from tutor.ui.markdown import inline_text
from tutor.ui.widgets.hanging import Hanging
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tutor.packs.format import ChoiceStep, Option


class OptionView(Hanging, can_focus=True):
    DEFAULT_CSS = """
    OptionView {
        padding: 0 1;
        margin: 0 0 1 0;
        border-left: outer $rule;
        background: $surface;
        &:hover { background: $panel 60%; }
        &:focus { border-left: outer $primary; background: $panel; }
        &.-right { border-left: outer $success; & > .hanging--marker { color: $success; } }
        &.-wrong { border-left: outer $error; & > .hanging--marker { color: $error; } }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", show=False)]

    @dataclass
    class Chosen(Message):
        index: int

    def __init__(self, index: int, option: Option) -> None:
        super().__init__(Content(), f" {index + 1} ")
        self._index = index
        self._option = option

    def show(self, *, tried: bool) -> None:
        option = self._option
        self.set_class(tried and option.correct, "-right")
        self.set_class(tried and not option.correct, "-wrong")
        content = inline_text(option.text)
        if tried and option.why:
            content = Content("\n").join([content, inline_text(option.why).stylize("$muted")])
        sign = "✓" if option.correct else "✗"
        self.mark(f" {sign if tried else self._index + 1} ")
        self.update(content)

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self._index))

    def on_click(self) -> None:
        self.action_choose()


class Choices(VerticalScroll, can_focus=False):
    DEFAULT_CSS = """
    Choices {
        padding: 1 1 0 1;
        scrollbar-size-vertical: 1;
        background: $surface;
        & > .choices--word { height: auto; width: 1fr; color: $muted; }
        & > .-found { color: $success; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "app.focus_previous", show=False),
        Binding("down,j", "app.focus_next", show=False),
        *(Binding(str(number), f"pick({number - 1})", show=False) for number in range(1, 10)),
    ]

    def __init__(self, step: ChoiceStep, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._step = step

    def compose(self) -> ComposeResult:
        for index, option in enumerate(self._step.options):
            yield OptionView(index, option)
        yield Static(markup=False, classes="choices--word")

    def on_mount(self) -> None:
        self.show((), done=False)

    def show(self, chosen: tuple[int, ...], *, done: bool) -> None:
        for index, view in enumerate(self.query(OptionView)):
            view.show(tried=index in chosen)
        word = self.query_one(".choices--word", Static)
        word.set_class(done, "-found")
        word.update(Content(self._word(chosen, done=done)))

    def _word(self, chosen: tuple[int, ...], *, done: bool) -> str:
        right = [index for index, option in enumerate(self._step.options) if option.correct]
        if done:
            return _("✓ Right. {next} goes on.").format(next=key_of("next"))
        if any(index in chosen for index in right):
            return _("Right so far. There is more than one.")
        if chosen:
            return _("Not that one. Try another.")
        return _("Pick one: its number, or arrows and Enter.")

    def action_pick(self, index: int) -> None:
        if index < len(self._step.options):
            self.post_message(OptionView.Chosen(index))
