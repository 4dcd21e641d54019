"""The session that ``tutor watch`` drives: each save is what was typed, and a run is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watchfiles import awatch

from tutor.cli.demands import demand_walls
from tutor.cli.places import StepFound
from tutor.cli.sources import Unreadable, read_source
from tutor.cli.watched import Shown
from tutor.judging import References
from tutor.progress import Answer, Attempt, StepRef, Store
from tutor.running import Runner
from tutor.session import Place, Session, advance, effects, events, open_lesson
from tutor.session.performing import explain_result, foretell, judge


async def follow(found: StepFound, file: Path, *, as_json: bool) -> None:
    """Judge ``file`` now and at each save, until cancelled. A newer save takes the place of a run under way."""
    session = open_lesson(found.pack.pack.id, found.lesson, step=found.step.id, live=False)
    with Store.open() as store:
        async with Runner() as runner:
            await demand_walls(found.pack, runner.run)
            driver = _Driver(session, runner, store, file, as_json=as_json)
            try:
                async for text in _saves(file):
                    driver.saved(text)
            finally:
                await driver.end()


async def _saves(file: Path) -> AsyncIterator[str]:
    """The text of the file now, and whenever it has become another; editors that save by renaming too."""
    last: str | None = None
    changes = awatch(
        file.parent,
        recursive=False,
        debounce=200,
        step=20,
        watch_filter=lambda _change, path: Path(path).name == file.name,
    )
    while True:
        source = read_source(str(file))
        if not isinstance(source, Unreadable) and source.text != last:
            last = source.text
            yield last
        await anext(changes)


class _Driver:
    """Performs the effects of a session and shows what comes of them."""

    def __init__(self, session: Session, runner: Runner, store: Store, file: Path, *, as_json: bool) -> None:
        self._session = session
        self._runner = runner
        self._references = References(runner.run)
        self._store = store
        self._shown = Shown(file, as_json=as_json)
        self._tasks: dict[asyncio.Task[None], int] = {}

    def saved(self, text: str) -> None:
        self._on(events.Typed(text))
        self._on(events.RunAsked())

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._references.close()

    def _on(self, event: events.Event) -> None:
        self._session, to_do = advance(self._session, event)
        for effect in to_do:
            self._perform(effect)

    def _perform(self, effect: effects.Effect) -> None:
        run, references = self._runner.run, self._references
        match effect:
            case effects.Judge(number=number):
                self._begin(number, judge(effect, run, references))
            case effects.Foretell(number=number):
                self._begin(number, foretell(effect, run))
            case effects.Explain(number=number):
                self._begin(number, explain_result(effect, run, references))
            case effects.Cancel(number=number):
                for task, of in self._tasks.items():
                    if of <= number:
                        task.cancel()
            case _:
                remember(effect, self._store)

    def _begin(
        self, number: int, work: Coroutine[Any, Any, events.Judged | events.Foretold | events.Explained]
    ) -> None:
        task = asyncio.create_task(self._finish(work))
        self._tasks[task] = number
        task.add_done_callback(lambda finished: self._tasks.pop(finished, None))

    async def _finish(self, work: Coroutine[Any, Any, events.Judged | events.Foretold | events.Explained]) -> None:
        event = await work
        before = self._session
        self._on(event)
        if self._session is not before:
            self._show(event)

    def _show(self, event: events.Judged | events.Foretold | events.Explained) -> None:
        work = self._session.work
        if isinstance(event, events.Foretold) or work.result is None:
            if work.foreseen is not None:
                self._shown.foretold(work.foreseen.verdict)
        elif isinstance(event, events.Judged):
            self._shown.judged(work.result)
        else:
            self._shown.explained(work.result)


def remember(effect: effects.Effect, store: Store) -> None:
    """Store what a session asks to be stored. Drafts are not: the file is the learner's own."""
    now = datetime.now(UTC)
    match effect:
        case effects.RecordAttempt(place=place, passed=passed, outcome=outcome, elapsed_ms=elapsed):
            attempt = Attempt(ref=_ref(place), when=now, passed=passed, outcome=outcome, elapsed_ms=elapsed)
            store.record(attempt)
        case effects.RecordAnswer(place=place, given=given, correct=correct):
            store.record_answer(Answer(ref=_ref(place), when=now, given=given, correct=correct))
        case effects.MarkDone(place=place):
            store.mark_done(_ref(place))
        case effects.KeepPlace(place=place):
            store.set_place(_ref(place))
        case _:
            return


def _ref(place: Place) -> StepRef:
    return StepRef(place.pack, place.lesson, place.step)
