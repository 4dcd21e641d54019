"""The runner: a program goes in, what was seen of its run comes out."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final, Literal, Self, TypeAlias

from tutor.autograd import ExceptionSeen, Observation, Program
from tutor.running.conversation import converse
from tutor.running.spares import CannotStart, ServerGone, Spares

Method: TypeAlias = Literal["fork", "process"]
"""``fork``: children of one warm server, Linux only. ``process``: whole processes started ahead of time, anywhere."""

_GRACE_SECONDS: Final = 10.0
_ATTEMPTS: Final = 2
_FORKED: Final = 3
"""Children that wait: enough for an answer and two variants; each takes 12 MB."""
_STARTED: Final = 2
"""Processes that wait, where each takes as much memory as torch itself."""


def usual_method() -> Method:
    """What ``TUTOR_RUNNER`` says, else forking where that is safe."""
    chosen = os.environ.get("TUTOR_RUNNER", "")
    if chosen in ("fork", "process"):
        return "process" if chosen == "process" else "fork"
    return "fork" if sys.platform == "linux" else "process"


class Runner:
    """Runs programs, each in a process of its own that waits for it, warm.

    Many runs may be under way at once. Cancelling the task that awaits :meth:`run` ends that run's process.
    ``spares`` is how many processes wait: more of them start an answer and its variants at the same time.
    Use it in one event loop, as ``async with Runner() as runner`` or with :meth:`start` and :meth:`close`.
    """

    def __init__(self, *, method: Method | None = None, spares: int | None = None) -> None:
        self.method: Method = method or usual_method()
        self._count = spares
        self._spares: Spares | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to warm up; returns at once. Runs may be asked for right away: they wait for the first spare."""
        await self._kept().start()

    async def warm(self) -> None:
        """Wait until everything is imported and spares wait. No run needs this: the first ones are only slower."""
        try:
            await self._kept().warm()
        except (CannotStart, OSError):
            return

    async def run(self, program: Program) -> Observation:
        """Never raises but CancelledError: whatever goes wrong with us has the outcome ``internal``."""
        if (trouble := _unspeakable(program)) is not None:
            return trouble
        spares = self._kept()
        problem: Exception = ServerGone()
        for _ in range(_ATTEMPTS):
            try:
                return await _attempt(spares, program)
            except (ServerGone, CannotStart, TimeoutError, OSError) as happened:
                problem = happened
            if self._spares is not spares:
                return Observation(outcome="cancelled", detail="the runner was closed")
            if not isinstance(problem, ServerGone):
                break
        if isinstance(problem, TimeoutError):
            spares.abandon()
            return Observation(outcome="internal", detail="the runner did not answer")
        return Observation(outcome="internal", detail=str(problem))

    async def close(self) -> None:
        """End every process and remove what they wrote; runs under way are ``cancelled``. Safe to call twice."""
        spares, self._spares = self._spares, None
        if spares is not None:
            await spares.close()

    def _kept(self) -> Spares:
        if self._spares is None:
            self._spares = _make(self.method, self._count)
        return self._spares


async def _attempt(spares: Spares, program: Program) -> Observation:
    spare = await spares.take(program.walls)
    async with asyncio.timeout(program.limits.wall_seconds + _GRACE_SECONDS):
        return await converse(spare, program)


def _make(method: Method, count: int | None) -> Spares:
    if method == "process":
        from tutor.running.started_spares import StartedSpares  # noqa: PLC0415 -- only one of the two is needed

        return StartedSpares(count or _STARTED)
    from tutor.running.forked_spares import ForkedSpares  # noqa: PLC0415 -- Linux only

    keeper = ForkedSpares(count or _FORKED)
    if not os.environ.get("TUTOR_BWRAP"):
        return keeper
    from tutor.running.fence import bubblewrap_asked, bubblewrap_available  # noqa: PLC0415 -- seldom asked for

    if not bubblewrap_asked(os.environ) or (bubblewrap := bubblewrap_available()) is None:
        return keeper
    from tutor.running.divided_spares import DividedSpares  # noqa: PLC0415 -- seldom asked for

    return DividedSpares(fenced=ForkedSpares(count or _FORKED, bubblewrap=bubblewrap), unfenced=keeper)


def _unspeakable(program: Program) -> Observation | None:
    """A text with a lone surrogate is no Python and cannot be sent."""
    try:
        program.source.encode()
    except UnicodeEncodeError as problem:
        lines = program.source[: problem.start].split("\n")
        return Observation(
            outcome="syntax-error",
            exception=ExceptionSeen(
                type="SyntaxError",
                bases=("Exception", "BaseException"),
                message="the program holds a character that cannot be encoded",
                line=len(lines),
                column=len(lines[-1]),
            ),
        )
    return None
