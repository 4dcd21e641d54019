"""The lesson: text, answer, result. Keys and clicks become events of the session; the app answers with a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.containers import Container
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static

from tutor.packs.format import CodeStep, ReadStep
from tutor.session import Session, hints_of
from tutor.session import events as ev
from tutor.ui.commands import bindings
from tutor.ui.widgets.editor import Editor
from tutor.ui.widgets.keybar import KeyBar
from tutor.ui.widgets.reading import Reading
from tutor.ui.widgets.resultpane import VIEWS, Pulse, ResultPane, Strip, View
from tutor.ui.widgets.stepbar import Progress, StepBar
from tutor.ui.widgets.work import CodeWork, Workplace, workplace
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size

    from tutor.ui.widgets.choices import OptionView
    from tutor.ui.widgets.contents import Contents
    from tutor.ui.widgets.parts import OfferView
    from tutor.ui.widgets.prediction import Prediction

_BAR = {
    "code": (
        "run",
        "hint",
        "next",
        "help",
        "solution",
        "contents",
        "back",
        "pane",
        "next_view",
        "command_palette",
        "quit",
    ),
    "predict": ("run", "hint", "next", "help", "contents", "back", "pane", "command_palette", "quit"),
    "choice": ("next", "help", "contents", "back", "pane", "command_palette", "quit"),
    "read": ("next", "help", "contents", "back", "command_palette", "quit"),
}


_WIDTHS = ((0, "-narrow"), (110, "-wide"), (170, "-huge"))
_HEIGHTS = ((0, "-tiny"), (14, "-low"), (40, "-tall"))


def _size_classes(size: Size) -> str:
    """What Textual will find when it lays the screen out: given beforehand, nothing has to be styled twice."""
    wide = [name for least, name in _WIDTHS if size.width >= least]
    tall = [name for least, name in _HEIGHTS if size.height >= least]
    return f"{wide[-1]} {tall[-1]}"


def _keys(session: Session) -> tuple[str, ...]:
    """The keys that help most just now come first."""
    shown = _BAR[session.step.kind]
    result = session.work.result
    if result is None or session.work.stale:
        return shown
    if result.assessment.verdict.passed:
        return ("next", "solution", *(each for each in shown if each not in {"next", "solution"}))
    if any(each.fixes for each in result.explanations):
        return ("run", "fix", *shown[1:])
    return shown


class LessonScreen(Screen[None]):
    HORIZONTAL_BREAKPOINTS = list(_WIDTHS)  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = list(_HEIGHTS)  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lesson")]
    DEFAULT_CSS = """
    LessonScreen {
        background: $background;
        & #body { layout: vertical; height: 1fr; }
        & #reading { height: auto; max-height: 42%; min-height: 3; background: $background; padding: 0 1; scrollbar-size-vertical: 1; }
        & #reading .reading--title { margin: 0; }
        & #reading.-alone, & #reading.-maximized { height: 1fr; max-height: 100%; }
        & #work { height: 1fr; }
        & #side { display: none; }
        & #trouble {
            height: auto; max-height: 3; padding: 0 1; display: none;
            background: $mark-cause; color: $warning;
        }
        & #trouble.-shown { display: block; }
    }
    LessonScreen.-tiny #reading { max-height: 30%; }
    LessonScreen.-tiny .work--given { display: none; }
    LessonScreen.-wide, LessonScreen.-huge {
        & #body { layout: horizontal; padding: 1 1 0 1; }
        & #reading {
            width: 2fr; max-width: 92; height: 1fr; max-height: 100%; padding: 1 2; margin-right: 1;
            background: $surface; border: round $rule;
        }
        & #reading .reading--title { margin: 0 0 1 0; }
        & #reading:focus { border: round $primary; }
        & #reading.-alone { width: 1fr; max-width: 100; }
        & #body.-reading-alone { align-horizontal: center; }
        & #work { width: 3fr; border: round $rule; }
        & #work:focus-within { border: round $primary; }
        & #work > Choices, & #work > Prediction, & #work > Choices:focus-within, & #work > Prediction:focus-within {
            border-top: none;
        }
    }
    LessonScreen.-huge #side {
        display: block; width: 36; height: 1fr; margin-right: 1; padding: 0 1;
        border: round $rule; background: $surface;
    }
    LessonScreen.-huge #side:focus-within { border: round $primary; }
    """

    session: var[Session | None] = var(None, init=False)
    pulse: var[Pulse] = var(Pulse(), init=False)
    trouble: var[str] = var("", init=False)

    class Happened(Message):
        """Something the session should know."""

        def __init__(self, event: ev.Event) -> None:
            super().__init__()
            self.event = event

    class Left(Message):
        """The learner goes elsewhere: ``home``, ``contents``, ``solution``, ``read-on`` or ``lesson:ID``."""

        def __init__(self, where: str) -> None:
            super().__init__()
            self.where = where

    titles: var[tuple[tuple[str, str], ...]] = var((), init=False)
    """Ids and titles of the pack's lessons, once they are known."""

    def __init__(self, session: Session, size: Size) -> None:
        super().__init__(classes=_size_classes(size))
        self.set_reactive(LessonScreen.session, session)
        self._drawn_step: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        session = self._session
        yield StepBar()
        with Container(id="body"):
            reading = Reading(id="reading")
            reading.prepare(session.step.title, session.step.text)
            yield reading
            if (place := workplace(session)) is not None:
                yield place
        yield Static(id="trouble", markup=False)
        yield KeyBar()

    @property
    def _session(self) -> Session:
        if self.session is None:
            raise RuntimeError("a lesson screen has a session")
        return self.session

    async def on_mount(self) -> None:
        self._drawn_step = (self._session.lesson.id, self._session.step.id)
        await self._show(self._session)
        self._take_keys()
        self.query_one(StepBar).tooltip = None

    async def watch_session(self, session: Session | None) -> None:
        if session is None or not self.is_mounted:
            return
        step = (session.lesson.id, session.step.id)
        if step != self._drawn_step:
            self._drawn_step = step
            await self._change_step(session)
        await self._show(session)

    async def _change_step(self, session: Session) -> None:
        with self.app.batch_update():
            for old in self.query(Workplace):
                await old.remove()
            await self.query_one(Reading).show(session.step.title, session.step.text)
            if (place := workplace(session)) is not None:
                await self.query_one("#body").mount(place)
        await self._show(session)
        self._take_keys()

    async def _show(self, session: Session) -> None:
        kind = session.step.kind
        done = tuple(work.done for work in session.works)
        self.query_one(StepBar).progress = Progress(session.lesson.title, done, session.at)
        self.query_one(KeyBar).shown = _keys(session)
        self._show_contents(session)
        self.query_one(Reading).set_class(kind == "read", "-alone")
        self.query_one("#body").set_class(kind == "read", "-reading-alone")
        await self.query_one(Reading).show_hints(hints_of(session.step), session.work.hints)
        for place in self.query(Workplace):
            await place.show(session)
        self._show_pulse()

    def _take_keys(self) -> None:
        place = next(iter(self.query(Workplace)), None)
        target = place.first_focus() if place is not None else self.query_one(Reading)
        if target is not None:
            target.focus()

    async def watch_titles(self) -> None:
        """The contents come to the side once the first frame is there."""
        from tutor.ui.widgets.contents import Contents  # noqa: PLC0415 - the first frame does without it

        if self.is_mounted and not self.query("#side"):
            await self.query_one("#body").mount(Contents(id="side"), before=0)
        self._show_contents(self._session)

    def _show_contents(self, session: Session) -> None:
        for side in self.query("#side"):
            from tutor.ui.widgets.contents import Contents, entries_of  # noqa: PLC0415

            if isinstance(side, Contents):
                side.show(entries_of(session, self.titles))

    def on_contents_step_picked(self, event: Contents.StepPicked) -> None:
        self.tell(ev.StepChosen(event.index))

    def on_contents_lesson_picked(self, event: Contents.LessonPicked) -> None:
        self.post_message(self.Left(f"lesson:{event.lesson}"))

    def watch_pulse(self) -> None:
        self._show_pulse()

    def _show_pulse(self) -> None:
        running = self.session is not None and self.session.underway is not None
        pulse = Pulse(_("running …"), "$primary") if running else self.pulse
        for strip in self.query(Strip):
            strip.pulse = pulse

    def watch_trouble(self, trouble: str) -> None:
        if self.is_mounted:
            line = self.query_one("#trouble", Static)
            line.update(trouble)
            line.set_class(bool(trouble), "-shown")

    def tell(self, event: ev.Event) -> None:
        self.post_message(self.Happened(event))

    @on(Editor.Changed)
    def _typed(self, event: Editor.Changed) -> None:
        event.stop()
        self.tell(ev.Typed(event.text_area.text))

    def on_prediction_typed(self, event: Prediction.Typed) -> None:
        self.tell(ev.Typed(event.text))

    def on_prediction_submitted(self) -> None:
        self.tell(ev.RunAsked())

    def on_option_view_chosen(self, event: OptionView.Chosen) -> None:
        self.tell(ev.OptionChosen(event.index))

    def on_offer_view_taken(self, event: OfferView.Taken) -> None:
        self.tell(ev.FixApplied(event.code))

    @on(StepBar.Picked)
    def _picked(self, event: StepBar.Picked) -> None:
        self.tell(ev.StepChosen(event.index))

    @on(Strip.Chosen)
    async def _view_chosen(self, event: Strip.Chosen) -> None:
        await self._look_at(event.view)

    async def _look_at(self, view: View) -> None:
        for place in self.query(Workplace):
            place.view = view
            await place.show(self._session)

    def action_run(self) -> None:
        self.tell(ev.RunAsked())

    def action_hint(self) -> None:
        hints = hints_of(self._session.step)
        if not hints:
            self.notify(_("This step has no hints."), markup=False)
        elif self._session.work.hints == len(hints):
            self.notify(_("All hints are open, below the text."), markup=False)
            self.query_one(Reading).scroll_end(animate=False)
        self.tell(ev.HintAsked())

    def action_solution(self) -> None:
        if isinstance(self._session.step, CodeStep):
            self.post_message(self.Left("solution"))
        else:
            self.notify(_("This step has no solution to show."), markup=False)

    def action_fix(self) -> None:
        offers = [offer for pane in self.query(ResultPane) for offer in pane.offers]
        if offers:
            self.tell(ev.FixApplied(offers[0]))
        else:
            self.notify(_("There is no fix to apply just now."), markup=False)

    def action_editor(self) -> None:
        self.tell(ev.EditorAsked())

    def action_reset(self) -> None:
        self.tell(ev.ResetAsked())

    def action_restore(self) -> None:
        if not self._session.work.kept:
            self.notify(_("There is no earlier draft of this step."), markup=False)
        self.tell(ev.RestoreAsked())

    def action_live(self) -> None:
        self.tell(ev.LiveToggled())

    def action_next(self) -> None:
        self.tell(ev.NextAsked())

    def action_back(self) -> None:
        self.tell(ev.BackAsked())

    def action_contents(self) -> None:
        self.post_message(self.Left("contents"))

    def action_home(self) -> None:
        self.post_message(self.Left("home"))

    def action_read_on(self) -> None:
        self.post_message(self.Left("read-on"))

    def action_pane(self) -> None:
        """Text, answer, result, in turn."""
        panes = [self.query_one(Reading), *self.query(Workplace)]
        stops: list[Any] = [panes[0]]
        for place in self.query(Workplace):
            stops += [place.first_focus(), *place.query("#result-body")]
        stops = [stop for stop in stops if stop is not None and stop.focusable]
        at = next((i for i, stop in enumerate(stops) if stop.has_focus or stop.has_focus_within), -1)
        stops[(at + 1) % len(stops)].focus()

    async def action_result_view(self) -> None:
        await self._look_at("result")

    async def action_output_view(self) -> None:
        await self._look_at("output")

    async def action_tensor_view(self) -> None:
        await self._look_at("tensors")

    async def action_next_view(self) -> None:
        now = next((place.view for place in self.query(Workplace)), "result")
        await self._look_at(VIEWS[(VIEWS.index(now) + 1) % len(VIEWS)])

    def action_zoom(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def action_cancel(self) -> None:
        """Stop the run; else copy what is selected; else say how to leave."""
        if self._session.underway is not None:
            self.tell(ev.CancelAsked())
            return
        editor = next((place.editor for place in self.query(CodeWork)), None)
        selected = editor.selected_text if editor is not None and editor.has_focus else self.get_selected_text()
        if selected:
            self.app.copy_to_clipboard(selected)
        else:
            self.notify(_("Ctrl+Q quits. Everything you typed is saved."), markup=False)

    def key_escape(self) -> None:
        """Leave the editor for the text, so that single letters are commands."""
        if self.maximized is not None:
            self.minimize()
        else:
            self.query_one(Reading).focus()

    def key_enter(self) -> None:
        if isinstance(self._session.step, ReadStep):
            self.tell(ev.NextAsked())
