"""What the app opens: the first lesson, home, and what comes over a lesson."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from textual.content import Content

from tutor.packs.format import CodeStep
from tutor.packs.problem import PackError
from tutor.session import Session, hints_of, open_lesson
from tutor.session import events as ev
from tutor.text import safe
from tutor.words import _, ngettext

if TYPE_CHECKING:
    from tutor.ui.app import TutorApp
    from tutor.ui.records import Records
    from tutor.ui.screens.home import HomeScreen, HomeView, LessonLine
    from tutor.ui.screens.lesson import LessonScreen
    from tutor.ui.shelf import Shelf

Place3: TypeAlias = "tuple[str | None, str | None, str | None]"
"""Pack, lesson and step, as far as they are known."""

COUNTED = 80
"""So many lessons at most are read to count their steps for home."""


def first_session(shelf: Shelf, records: Records, place: Place3) -> Session | None:
    """The lesson asked for, or where the learner left off; None when home is to open. Raises PackError."""
    pack, lesson, step = place
    if pack is None:
        last = records.last_place()
        if last is None:
            return None
        pack, lesson, step = last.pack, last.lesson, last.step
    elif lesson is None:
        last = records.last_place_in(pack)
        lesson = last.lesson if last is not None else first_lesson(shelf, pack)
    if lesson is None:
        return None
    return session_at(shelf, records, pack, lesson, step)


def first_lesson(shelf: Shelf, pack: str) -> str | None:
    return next((heading.id for heading in shelf.pack(pack).headings if not heading.problems), None)


def session_at(shelf: Shelf, records: Records, pack: str, lesson: str, step: str | None) -> Session:
    """Raises PackError."""
    loaded = shelf.lesson(pack, lesson)
    return open_lesson(
        pack,
        loaded,
        step=step or records.last_step(pack, lesson),
        remembered=records.remembered(pack, loaded),
        live=records.setting("live", "on") == "on",
    )


def home_view(shelf: Shelf, records: Records) -> HomeView:
    """Packs and lessons as home shows them, steps not yet counted."""
    from tutor.ui.screens.home import HomeView, LessonLine, PackLines  # noqa: PLC0415 - a lesson opens without it

    packs: list[PackLines] = []
    problems = [str(problem) for problem in shelf.found.problems]
    for found in shelf.found.packs:
        try:
            headings = shelf.pack(found.folder).headings
        except PackError as error:
            problems += [str(problem) for problem in error.problems]
            continue
        done = records.done(found.id)
        lines = tuple(
            LessonLine(
                found.id,
                heading.id,
                heading.title,
                heading.summary,
                done=len(done.get(heading.id, ())),
                broken=str(heading.problems[0]) if heading.problems else "",
            )
            for heading in headings
        )
        packs.append(PackLines(found.id, found.pack.title, lines))
    last = records.last_place()
    every = {(line.pack, line.lesson): line for pack in packs for line in pack.lessons}
    resume = every.get((last.pack, last.lesson)) if last is not None else None
    return HomeView(tuple(packs), resume, last.step if last is not None else "", tuple(map(safe, problems)))


async def count_steps(app: TutorApp, screen: HomeScreen) -> None:
    """Read the lessons that home shows, one after another and beside the screen, to know how many steps they have."""
    view = screen.view
    left = COUNTED
    packs = []
    for pack in view.packs:
        lines: list[LessonLine] = []
        for line in pack.lessons:
            counted = line
            if left > 0 and not line.broken:
                left -= 1
                counted = await asyncio.to_thread(_counted, app.shelf, line)
            lines.append(counted)
        packs.append(replace(pack, lessons=tuple(lines)))
    if screen.is_running:
        screen.view = replace(view, packs=tuple(packs))


def _counted(shelf: Shelf, line: LessonLine) -> LessonLine:
    try:
        return replace(line, steps=len(shelf.lesson(line.pack, line.lesson).steps))
    except PackError as error:
        return replace(line, broken=str(error.problems[0]))


async def name_lessons(app: TutorApp, screen: LessonScreen, pack: str) -> None:
    """Fill in the contents at the side, beside the screen, and keep the lesson ready for the next start."""
    with suppress(PackError):
        screen.titles = await asyncio.to_thread(app.shelf.lesson_titles, pack)
        if screen.session is not None:
            await asyncio.to_thread(app.shelf.keep_at_hand, pack, screen.session.lesson.id)


def contents(app: TutorApp) -> None:
    """Open the contents over the lesson."""
    from tutor.ui.screens.contents import ContentsScreen  # noqa: PLC0415 - not needed before it is asked for
    from tutor.ui.widgets.contents import entries_of  # noqa: PLC0415

    session = app.session
    if session is None:
        return

    async def chosen(where: int | str | None) -> None:
        if isinstance(where, int):
            app.happened(ev.StepChosen(where))
        elif where is not None and app.session is not None:
            await app.open_place(app.session.pack, where)

    app.push_screen(ContentsScreen(entries_of(session, app.shelf.lesson_titles(session.pack))), chosen)


def solution(app: TutorApp) -> None:
    """Ask for the solution, and open it if it was asked for before."""
    from tutor.ui.screens.solution import SolutionScreen  # noqa: PLC0415 - not needed before it is asked for

    app.happened(ev.SolutionAsked())
    session = app.session
    if session is None or not isinstance(session.step, CodeStep):
        return
    if session.work.solution == "asked":
        closed = len(hints_of(session.step)) - session.work.hints
        words = ngettext("{count} hint is still closed.", "{count} hints are still closed.", closed)
        more = words.format(count=closed) + " " if closed else ""
        app.notify(more + _("Ask once more, and the solution opens."), markup=False)
    elif session.work.solution == "open":
        app.push_screen(
            SolutionScreen(session.work.draft, session.step.solution), lambda _: app.happened(ev.SolutionAsked())
        )


async def read_on(app: TutorApp) -> None:
    """Open the step that the explanation on the screen names."""
    session = app.session
    result = session.work.result if session is not None else None
    named = next((each.lesson for each in result.explanations if each.lesson), None) if result is not None else None
    if named is None:
        app.notify(_("There is no explanation with a lesson just now."), markup=False)
        return
    pack, lesson, *step = named.split("/")
    await app.open_place(pack, lesson, step[0] if step else None)


def ask_reset(app: TutorApp) -> None:
    from tutor.ui.screens.ask import AskScreen  # noqa: PLC0415 - not needed before it is asked for

    text = Content(_("Your text is put aside, and can be brought back."))
    answers = (("keep", _("Keep my text")), ("reset", _("Start over")))

    def answered(answer: str | None) -> None:
        app.happened(ev.ResetConfirmed() if answer == "reset" else ev.ResetDismissed())

    app.push_screen(AskScreen(_("Start this step over?"), text, answers), answered)


def end_of_lesson(app: TutorApp) -> None:
    """Say what was done, and offer where to go."""
    from tutor.ui.screens.ask import AskScreen  # noqa: PLC0415 - not needed before it is asked for

    session = app.session
    if session is None:
        return
    total, done = len(session.works), session.done
    following = app.shelf.next_lesson(session.pack, session.lesson.id)
    open_steps = [index for index, work in enumerate(session.works) if not work.done]
    lines = [_("{done} of {total} steps are done.").format(done=done, total=total)]
    if following is None:
        lines.append(_("This was the last lesson of the pack."))
    answers = [("next", _("Next lesson"))] if following is not None else []
    answers += [("open", _("To the first open step"))] if open_steps else []
    answers += [("home", _("Home")), ("stay", _("Stay"))]

    async def answered(answer: str | None) -> None:
        if answer == "next" and following is not None:
            await app.open_place(session.pack, following)
        elif answer == "open":
            app.happened(ev.StepChosen(open_steps[0]))
        elif answer == "home":
            await app.go_home()

    title = _("Lesson done") if done == total else _("The end of this lesson")
    app.push_screen(AskScreen(title, Content("\n".join(lines)), tuple(answers)), answered)


def say_problems(app: TutorApp, error: PackError) -> None:
    from tutor.ui.screens.ask import AskScreen  # noqa: PLC0415 - not needed before it is asked for

    text = Content("\n".join(safe(str(problem)) for problem in error.problems[:12]))
    app.push_screen(AskScreen(_("This lesson cannot be opened"), text, (("ok", _("OK")),)))


def status(app: TutorApp) -> None:
    """How the runner is, which walls stand, where the data is."""
    from tutor.ui.screens.ask import AskScreen  # noqa: PLC0415 - not needed before it is asked for

    seen = app.seen_of_runner
    if seen is None:
        runner = _("Python with torch is still starting.")
    elif seen.outcome == "ok":
        runner = _("Ready.")
    else:
        runner = _("It does not start: {why}").format(why=seen.detail or seen.outcome)
    walls = ", ".join(seen.walls) if seen is not None and seen.walls else _("none known")
    rows = [
        (_("Runner"), runner),
        (_("Walls"), walls),
        (_("Progress"), app.records.file),
        (_("Saving"), app.records.trouble or _("everything is saved as you type")),
    ]
    text = Content("\n").join(Content.assemble((f"{name:<10}", "$muted"), safe(value)) for name, value in rows)
    app.push_screen(AskScreen(_("About this run"), text, (("ok", _("OK")),)))


def own_editor(app: TutorApp, text: str) -> None:
    """Give the terminal to the learner's editor, and take back what was saved."""
    from textual.app import SuspendNotSupported  # noqa: PLC0415

    from tutor.ui.own_editor import EditorError, edit, editor_command  # noqa: PLC0415

    try:
        command = editor_command()
        with app.suspend():
            changed = edit(text, command)
    except EditorError as trouble:
        app.notify(safe(str(trouble)), severity="warning", markup=False)
    except SuspendNotSupported:
        app.notify(_("This terminal cannot be handed to another program."), severity="warning", markup=False)
    else:
        app.happened(ev.EditedElsewhere(safe(changed)))


def listen_to_signals(app: TutorApp) -> None:
    """A closed terminal or a polite kill ends the app with everything saved."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, lambda: app.exit(143))
        loop.add_signal_handler(signal.SIGHUP, lambda: _terminal_gone(app))
        # Textual suspends within the signal's handler, and hangs if that interrupts a write to the terminal
        suspend = signal.getsignal(signal.SIGTSTP)
        if callable(suspend):
            loop.add_signal_handler(signal.SIGTSTP, suspend, signal.SIGTSTP, None)
    except (AttributeError, NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread
        return


def _terminal_gone(app: TutorApp) -> None:
    app.records.close()
    os._exit(129)  # there is no terminal to restore, and writing to it would block
