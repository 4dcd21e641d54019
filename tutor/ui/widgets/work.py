"""Where the learner works on a step: code with its result, a prediction, or a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tutor.packs.format import ChoiceStep, CodeStep, PredictStep
from tutor.ui.commands import key_of
from tutor.ui.highlight import highlighted
from tutor.ui.titles import step_title
from tutor.ui.widgets.editor import Editor, Mark
from tutor.ui.widgets.resultpane import ResultPane, Shown, View
from tutor.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from tutor.session import Session, Work


class Workplace(Vertical):
    """What all of them can do."""

    DEFAULT_CSS = "Workplace { background: $surface; }"

    view: View = "result"

    async def show(self, session: Session) -> None:
        """Bring what is drawn up to date."""

    def first_focus(self) -> Widget | None:
        """What takes the keys when the step opens."""
        return None


class CodeWork(Workplace):
    DEFAULT_CSS = """
    CodeWork {
        & > .work--given {
            height: auto; max-height: 6; background: $code-surface; padding: 0 1;
            border-top: solid $rule; border-title-color: $muted; border-title-align: left;
        }
        & > .work--given > Static { width: auto; height: auto; }
        & > Editor {
            height: auto; min-height: 4; max-height: 50%;
            border-top: solid $rule; border-title-color: $muted;
            &:focus { border-top: solid $primary; border-title-color: $primary; border-title-style: bold; }
        }
        & > Editor.-maximized { height: 1fr; max-height: 100%; }
        & > ResultPane { height: 1fr; min-height: 3; border-top: solid $rule; }
        & > ResultPane:focus-within { border-top: solid $primary; }
        & > ResultPane.-passed { border-top: solid $success; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="work")
        self._opening = session
        self._editor = Editor(session.work.draft, id="editor")
        self._rewritten = session.work.rewritten

    def compose(self) -> ComposeResult:
        step = self._opening.step
        if isinstance(step, CodeStep) and step.setup.strip():
            with VerticalScroll(classes="work--given") as given:
                given.can_focus = False
                given.border_title = _("Given, and run before your answer")
                yield Static(highlighted(step.setup.rstrip()), markup=False)
        self._editor.border_title = _("Your answer")
        yield self._editor
        yield ResultPane(self._shown(self._opening), id="result")

    def first_focus(self) -> Widget:
        return self._editor

    @property
    def editor(self) -> Editor:
        return self._editor

    async def show(self, session: Session) -> None:
        work = session.work
        if work.rewritten != self._rewritten:
            self._rewritten = work.rewritten
            self._editor.change_to(work.draft)
        self._editor.mark(_marks(work))
        pane = self.query_one(ResultPane)
        passed = work.result is not None and work.result.assessment.verdict.passed and not work.stale
        pane.set_class(passed, "-passed")
        await pane.show(self._shown(session))

    def _shown(self, session: Session) -> Shown:
        return Shown(
            result=session.work.result,
            stale=session.work.stale,
            trouble=session.trouble,
            view=self.view,
            invitation=_invitation(session),
            following=_following(session),
        )


def workplace(session: Session) -> Workplace | None:
    """The place to work on the step on the screen; None for a step that is only read."""
    match session.step:
        case CodeStep():
            return CodeWork(session)
        case PredictStep() as step:
            from tutor.ui.widgets.predictwork import PredictWork  # noqa: PLC0415 - only for such a step

            return PredictWork(session, step)
        case ChoiceStep() as step:
            from tutor.ui.widgets.choicework import ChoiceWork  # noqa: PLC0415 - only for such a step

            return ChoiceWork(step)
    return None


def _invitation(session: Session) -> str:
    run = key_of("run")
    if session.work.done:
        return _("Done before. {run} runs it again; {next} goes on.").format(run=run, next=key_of("next"))
    if session.live:
        return _("Write your answer. It runs when you stop typing, or at once with {run}.").format(run=run)
    return _("Write your answer, then run it with {run}.").format(run=run)


def _following(session: Session) -> str:
    after = session.at + 1
    return step_title(session.lesson.steps[after], after + 1) if after < len(session.works) else ""


def _marks(work: Work) -> Mapping[int, Mark]:
    """The lines to mark while the text is the one that ran."""
    if work.result is None or work.stale or work.result.assessment.verdict.passed:
        return {}
    if not work.result.asked and work.result.assessment.verdict.outcome == "syntax-error":
        return {}
    exception = work.result.assessment.observation.exception
    marks: dict[int, Mark] = {}
    for explanation in reversed(work.result.explanations):
        if explanation.severity == "note":
            continue
        if explanation.cause_line is not None:
            marks[explanation.cause_line] = "cause"
        if explanation.line is not None:
            marks[explanation.line] = "error"
    if exception is not None and exception.line is not None:
        marks[exception.line] = "error"
    return marks
