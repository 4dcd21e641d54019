"""Explaining from within a program that is not asynchronous, or has an event loop of its own."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Iterator

from tutor.autograd import Observation, Program
from tutor.cli.report import explanation_lines, indented
from tutor.explaining import Explanation, explain
from tutor.running import Runner
from tutor.words import _

_PATIENCE = 120.0


class Explainer:
    """A runner in a thread of its own, started at the first question and closed with the interpreter."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tutor", daemon=True)
        self._thread.start()
        self._runner = Runner()
        atexit.register(self.close)

    def explain(self, program: Program) -> tuple[Observation, tuple[Explanation, ...]]:
        """Run the program again in a process of its own and explain what happens there.

        Raises TimeoutError when that takes longer than two minutes.
        """
        return asyncio.run_coroutine_threadsafe(self._explain(program), self._loop).result(_PATIENCE)

    async def _explain(self, program: Program) -> tuple[Observation, tuple[Explanation, ...]]:
        seen = await self._runner.run(program)
        return seen, await explain(program, seen, self._runner.run)

    def close(self) -> None:
        """End the runner's processes. May be called twice."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._runner.close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)


def lines_of(
    program: Program, raised: BaseException, seen: Observation, found: tuple[Explanation, ...]
) -> Iterator[str]:
    """What there is to say of an exception, given what happened when the program was run again."""
    again = seen.exception
    if again is None or again.type.rsplit(".", 1)[-1] != type(raised).__name__:
        yield _("The tutor ran it again to look for the cause, and there it did not fail in the same way.")
        return
    if not found:
        yield _("The tutor knows nothing more about this.")
    for explanation in found:
        yield ""
        yield from indented(explanation_lines(explanation, program.source))
