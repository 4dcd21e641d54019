"""The app: the only place where the session meets the world."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import App

from tutor.packs.problem import PackError
from tutor.progress import Store, data_folder
from tutor.session import Session, advance
from tutor.session import effects as fx
from tutor.session import events as ev
from tutor.ui import opening
from tutor.ui.commands import bindings
from tutor.ui.demands import why_refused
from tutor.ui.records import Records
from tutor.ui.runs import LateRunner, Runner, Runs
from tutor.ui.screens.lesson import LessonScreen
from tutor.ui.shelf import Shelf
from tutor.ui.theme import DARK, THEMES, other
from tutor.ui.widgets.resultpane import Pulse
from tutor.words import _

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.worker import Worker

    from tutor.autograd import Observation, Run
    from tutor.ui.screens.home import HomeScreen

REST_SECONDS: Final = 0.6
"""How long typing rests before an answer runs by itself."""
LOOK_SECONDS: Final = 1.0
"""How often the store is asked whether it can write."""


class TutorApp(App[int]):
    """A runner, the store and the packs are handed in. ``place`` is a pack, lesson and step, as far as they are known."""

    TITLE = "tutor"
    DEFAULT_MODE = "view-0"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(
        self,
        *,
        runner: Runner,
        store: Store,
        shelf: Shelf | None = None,
        place: opening.Place3 = (None, None, None),
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        super().__init__()
        self.records = Records(store)
        self.shelf = shelf or Shelf()
        self.session: Session | None = None
        self.seen_of_runner: Observation | None = None
        self._runs = Runs(runner, self._spawn, self.happened, self._refused)
        self._place = place
        self._rest_seconds = rest_seconds
        self._rest: Timer | None = None
        self._pulse = Pulse(_("starting"), "$warning")
        self._views = 0
        self.add_mode(self.DEFAULT_MODE, self._first_screen)
        for theme in THEMES:
            self.register_theme(theme)
        chosen = self.records.setting("theme", DARK.name)
        self.set_reactive(App.theme, chosen if chosen in {theme.name for theme in THEMES} else DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def _first_screen(self) -> Screen[Any]:
        """A lesson if there is one to open, else home. The runner starts after it was painted."""
        try:
            self.session = opening.first_session(self.shelf, self.records, self._place)
        except PackError as error:
            self.call_later(self._say_problems, error)
        return self._home() if self.session is None else self._lesson_screen(self.session)

    def on_mount(self) -> None:
        if self.session is not None:
            self.records.keep(fx.KeepPlace(self.session.place))
        self.call_after_refresh(self._begin)
        self.set_interval(LOOK_SECONDS, self._look_at_store)

    def _begin(self) -> None:
        """After the first frame."""
        gc.freeze()
        gc.enable()
        self._spawn(self._warm_up())
        opening.listen_to_signals(self)

    async def _warm_up(self) -> None:
        self.seen_of_runner = await self._runs.warm_up()
        fine = self.seen_of_runner.outcome == "ok"
        self._set_pulse(Pulse(_("ready"), "$success") if fine else Pulse(_("no runner"), "$error"))

    async def on_unmount(self) -> None:
        await self._runs.close()
        self.records.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> Worker[None]:
        return self.run_worker(work, exit_on_error=False)

    def happened(self, event: ev.Event) -> None:
        """Take an event through the session, and do what it asks for."""
        if self.session is None:
            return
        self.session, effects = advance(self.session, event)
        for effect in effects:
            self._perform(effect)
        self._show_session()

    async def _refused(self, run: Run) -> str | None:
        return None if self.session is None else await why_refused(self.session.pack, self.shelf.folder, run)

    def _perform(self, effect: fx.Effect) -> None:
        if self.records.keep(effect) or self._runs.perform(effect):
            return
        match effect:
            case fx.AwaitRest():
                self._await_rest()
            case fx.OpenEditor(text):
                opening.own_editor(self, text)
            case fx.ConfirmReset():
                opening.ask_reset(self)
            case fx.EndLesson():
                opening.end_of_lesson(self)

    def _await_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(self._rest_seconds, lambda: self.happened(ev.Rested()))

    @property
    def lesson_screen(self) -> LessonScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, LessonScreen)), None)

    def _show_session(self) -> None:
        if (screen := self.lesson_screen) is not None:
            screen.session = self.session

    def _set_pulse(self, pulse: Pulse) -> None:
        self._pulse = pulse
        if (screen := self.lesson_screen) is not None:
            screen.pulse = pulse

    def _look_at_store(self) -> None:
        for screen in self.screen_stack:
            if hasattr(screen, "trouble"):
                screen.trouble = self.records.trouble

    def _lesson_screen(self, session: Session) -> LessonScreen:
        screen = LessonScreen(session, self.size)
        screen.set_reactive(LessonScreen.pulse, self._pulse)
        self.call_after_refresh(lambda: self._spawn(opening.name_lessons(self, screen, session.pack)))
        return screen

    def _home(self) -> HomeScreen:
        from tutor.ui.screens.home import HomeScreen  # noqa: PLC0415 - a lesson opens without it

        screen = HomeScreen()
        screen.set_reactive(HomeScreen.view, opening.home_view(self.shelf, self.records))
        self.call_after_refresh(lambda: self._spawn(opening.count_steps(self, screen)))
        return screen

    async def open_place(self, pack: str, lesson: str, step: str | None = None) -> None:
        """Leave what is open and open a lesson. What is wrong with it is said, and nothing changes."""
        now = self.session
        if now is not None and (now.pack, now.lesson.id) == (pack, lesson) and self.lesson_screen is not None:
            ids = [each.id for each in now.lesson.steps]
            self.happened(ev.StepChosen(ids.index(step) if step in ids else now.at))
            return
        try:
            opened = opening.session_at(self.shelf, self.records, pack, lesson, step)
        except PackError as error:
            self._say_problems(error)
            return
        self._runs.cancel_up_to(None)
        self.session = opened
        self.records.keep(fx.KeepPlace(self.session.place))
        await self._go_to(self._lesson_screen(self.session))

    async def go_home(self) -> None:
        self._runs.cancel_up_to(None)
        self.session = None
        await self._go_to(self._home())

    async def _go_to(self, screen: Screen[Any]) -> None:
        """Each view is a mode of its own, so that it goes with all that lies over it."""
        left = self.current_mode
        self._views += 1
        name = f"view-{self._views}"
        self.add_mode(name, lambda: screen)
        await self.switch_mode(name)
        await self.remove_mode(left)

    def _say_problems(self, error: PackError) -> None:
        opening.say_problems(self, error)

    @on(LessonScreen.Happened)
    def _lesson_happened(self, message: LessonScreen.Happened) -> None:
        self.happened(message.event)
        if isinstance(message.event, ev.LiveToggled) and self.session is not None:
            live = self.session.live
            self.records.keep_setting("live", "on" if live else "off")
            words = _("It runs by itself when you stop typing.") if live else _("It runs only when you ask.")
            self.notify(words, markup=False)

    @on(LessonScreen.Left)
    async def _lesson_left(self, message: LessonScreen.Left) -> None:
        match message.where:
            case "home":
                await self.go_home()
            case "contents":
                opening.contents(self)
            case "solution":
                opening.solution(self)
            case "read-on":
                await opening.read_on(self)
            case where if self.session is not None:
                await self.open_place(self.session.pack, where.removeprefix("lesson:"))

    async def on_home_screen_picked(self, message: HomeScreen.Picked) -> None:
        await self.open_place(message.pack, message.lesson, message.step)

    def action_command_palette(self) -> None:
        from tutor.ui.screens.palette import Palette  # noqa: PLC0415 - not needed before it is asked for

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def action_help(self) -> None:
        from tutor.ui.screens.help import HelpScreen  # noqa: PLC0415 - not needed before it is asked for

        self.push_screen(HelpScreen())

    def action_status(self) -> None:
        opening.status(self)

    def action_saved(self) -> None:
        trouble = self.records.trouble
        self.notify(trouble or _("Saved. Every key is, as you type."), markup=False)

    def action_theme(self) -> None:
        self.theme = other(self.theme)
        self.records.keep_setting("theme", self.theme)

    def action_suspend(self) -> None:
        self.action_suspend_process()

    def action_help_quit(self) -> None:
        self.notify(_("Ctrl+Q quits. Everything you typed is saved."), markup=False)

    async def action_quit(self) -> None:
        self.exit(0)


def open_at(place: str | None = None) -> int:
    """Open the app at ``PACK[/LESSON[/STEP]]``, or where the learner left off; return the exit code.

    Raises PackError, before anything is opened, when there is no such place.
    """
    shelf = Shelf(beside=data_folder())
    parts = shelf.checked_place(place) if place else (None, None, None)
    with Store.open() as store:
        app = TutorApp(runner=LateRunner(), store=store, shelf=shelf, place=parts)
        app.run()
    return app.return_code or 0


def run_app(place: str | None = None) -> int:
    """As :func:`open_at`, but a place that is not there is said on standard error, with the code 2."""
    try:
        return open_at(place)
    except PackError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
