"""Where a prediction is made, and held against what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.ui.commands import key_of
from tutor.ui.widgets.prediction import Prediction
from tutor.ui.widgets.resultpane import ResultPane, Shown
from tutor.ui.widgets.work import Workplace
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from tutor.packs.format import PredictStep
    from tutor.session import Session


class PredictWork(Workplace):
    DEFAULT_CSS = """
    PredictWork {
        & > Prediction { border-top: solid $rule; }
        & > Prediction:focus-within { border-top: solid $primary; }
        & > ResultPane { height: 1fr; min-height: 3; border-top: solid $rule; }
        & > ResultPane:focus-within { border-top: solid $primary; }
    }
    """

    def __init__(self, session: Session, step: PredictStep) -> None:
        super().__init__(id="work")
        self._opening = session
        self._step = step
        self._prediction = Prediction(step, session.work.draft)

    def compose(self) -> ComposeResult:
        yield self._prediction
        yield ResultPane(self._shown(self._opening), id="result")

    def first_focus(self) -> Widget:
        return self._prediction.query_one("#prediction-input")

    async def show(self, session: Session) -> None:
        await self.query_one(ResultPane).show(self._shown(session))

    def _shown(self, session: Session) -> Shown:
        foreseen = session.work.foreseen
        stale = foreseen is not None and foreseen.typed != session.work.draft
        word = _("Say what you expect, then press Enter and see it run.")
        if session.work.done:
            word = _("Done before. Enter runs it again; {next} goes on.").format(next=key_of("next"))
        return Shown(
            foreseen=foreseen,
            stale=stale,
            trouble=session.trouble,
            view=self.view,
            invitation=word,
            why=self._step.why or "",
        )
