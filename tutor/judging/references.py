"""Runs that are the same for every answer to a step: its solution's and its foreseen mistakes'."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from tutor.autograd import Observation, Program, Run

_KEPT: Final = 256
_LASTING: Final = {"ok", "exception", "syntax-error"}


class References:
    """Runs each program once and keeps what was seen, the latest 256.

    Two who ask for one program at the same time share its run; one of them being cancelled does not take it from the
    other. A run that a limit ended is not kept: the machine may have been busy. Belongs to one event loop.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tasks: OrderedDict[Program, asyncio.Task[Observation]] = OrderedDict()

    async def observe(self, program: Program) -> Observation:
        """Return what was seen of ``program``. Raises what the runner raises."""
        task = self._tasks.get(program)
        if task is None or (task.done() and not _lasts(task)):
            task = asyncio.create_task(self._observed(program))
            self._tasks[program] = task
        self._tasks.move_to_end(program)
        self._forget_oldest()
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End the runs under way."""
        under_way = [task for task in self._tasks.values() if not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        self._tasks.clear()

    async def _observed(self, program: Program) -> Observation:
        return await self._run(program)

    def _forget_oldest(self) -> None:
        finished = [program for program, task in self._tasks.items() if task.done()]
        for program in finished[: max(0, len(self._tasks) - _KEPT)]:
            del self._tasks[program]


def _lasts(task: asyncio.Task[Observation]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result().outcome in _LASTING
