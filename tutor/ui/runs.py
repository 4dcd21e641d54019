"""Runs under way: started, superseded, cancelled. Every end becomes an event; nothing here can end the app."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from tutor.session import effects as fx
from tutor.session import events as ev
from tutor.words import _

if TYPE_CHECKING:
    from tutor.autograd import Observation, Program, Run
    from tutor.judging import References


class Runner(Protocol):
    """What the app needs of a runner."""

    async def start(self) -> None: ...

    async def run(self, program: Program) -> Observation: ...

    async def close(self) -> None: ...


class LateRunner:
    """The real runner, imported when it is started: the first frame does not wait for it."""

    def __init__(self) -> None:
        self._runner: Runner | None = None

    def _made(self) -> Runner:
        if self._runner is None:
            from tutor.running import Runner as RealRunner  # noqa: PLC0415

            self._runner = RealRunner()
        return self._runner

    async def start(self) -> None:
        await self._made().start()

    async def run(self, program: Program) -> Observation:
        return await self._made().run(program)

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.close()


class Cancellable(Protocol):
    def cancel(self) -> object: ...


Spawn = Callable[[Coroutine[Any, Any, None]], Cancellable]


class Runs:
    """Performs the session's effects that need a runner. ``tell`` receives what came of them; ``refused`` says why
    nothing of the pack in hand may run, if so."""

    def __init__(
        self,
        runner: Runner,
        spawn: Spawn,
        tell: Callable[[ev.Event], None],
        refused: Callable[[Run], Awaitable[str | None]],
    ) -> None:
        self._runner = runner
        self._refused = refused
        self._spawn = spawn
        self._tell = tell
        self._under_way: list[tuple[int, Cancellable]] = []
        self._references: References | None = None

    async def warm_up(self) -> Observation:
        """Start the runner and wait until it has run an empty program: what it says of its walls is in it."""
        from tutor.autograd import Program  # noqa: PLC0415 - the first frame does without it

        await self._runner.start()
        return await self._runner.run(Program(source=""))

    async def close(self) -> None:
        self.cancel_up_to(None)
        await self._runner.close()

    def perform(self, effect: fx.Effect) -> bool:
        """Start what ``effect`` asks for; False when it is not about running."""
        match effect:
            case fx.Judge(number):
                self._begin(number, self._judge(effect))
            case fx.Foretell(number):
                self._begin(number, self._foretell(effect))
            case fx.Explain(number):
                self._begin(number, self._explain(effect))
            case fx.Cancel(number):
                self.cancel_up_to(number)
            case _:
                return False
        return True

    def cancel_up_to(self, number: int | None) -> None:
        stopped = [task for each, task in self._under_way if number is None or each <= number]
        self._under_way = [(each, task) for each, task in self._under_way if number is not None and each > number]
        for task in stopped:
            task.cancel()

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        self._under_way = [*self._under_way[-8:], (number, self._spawn(work))]

    def _known_references(self) -> References:
        from tutor.judging import References  # noqa: PLC0415 - not needed before the first run

        if self._references is None:
            self._references = References(self._runner.run)
        return self._references

    async def _judge(self, effect: fx.Judge) -> None:
        from tutor.session.performing import judge  # noqa: PLC0415 - not needed before the first run

        if await self._may_run(effect.number):
            await self._answered(effect.number, judge(effect, self._runner.run, self._known_references()))

    async def _foretell(self, effect: fx.Foretell) -> None:
        from tutor.session.performing import foretell  # noqa: PLC0415 - not needed before the first run

        if await self._may_run(effect.number):
            await self._answered(effect.number, foretell(effect, self._runner.run))

    async def _explain(self, effect: fx.Explain) -> None:
        from tutor.session.performing import explain_result  # noqa: PLC0415 - not needed before the first run

        try:
            self._tell(await explain_result(effect, self._runner.run, self._known_references()))
        except asyncio.CancelledError:
            self._tell(ev.Explained(effect.number, ()))
            raise
        except Exception:  # noqa: BLE001 - without an explanation the verdict still stands
            self._tell(ev.Explained(effect.number, ()))

    async def _may_run(self, number: int) -> bool:
        why = await self._refused(self._runner.run)
        if why is not None:
            self._tell(ev.RunFailed(number, why))
        return why is None

    async def _answered(self, number: int, work: Awaitable[ev.Event]) -> None:
        try:
            self._tell(await work)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - our own fault must neither end the app nor blame the learner
            why = _("The tutor could not judge this run, and the fault is ours: {error}. Your text is safe.")
            self._tell(ev.RunFailed(number, why.format(error=f"{type(error).__name__}: {error}")))
