"""Where a choice is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.ui.widgets.choices import Choices
from tutor.ui.widgets.work import Workplace

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from tutor.packs.format import ChoiceStep
    from tutor.session import Session


class ChoiceWork(Workplace):
    DEFAULT_CSS = """
    ChoiceWork > Choices { height: 1fr; border-top: solid $rule; }
    ChoiceWork > Choices:focus-within { border-top: solid $primary; }
    """

    def __init__(self, step: ChoiceStep) -> None:
        super().__init__(id="work")
        self._choices = Choices(step)

    def compose(self) -> ComposeResult:
        yield self._choices

    def first_focus(self) -> Widget | None:
        return self._choices.query("OptionView").first()

    async def show(self, session: Session) -> None:
        self._choices.show(session.work.chosen, done=session.work.done)
