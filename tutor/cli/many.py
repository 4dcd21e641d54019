"""Several files at once: a few at a time, answers in the order of the files."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

from tutor.words import _

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE: Final = max(2, min(8, os.cpu_count() or 2))
_PATIENCE: Final = 0.5


async def in_order(
    items: Sequence[T], work: Callable[[T], Awaitable[R]], at_once: int = AT_ONCE
) -> AsyncGenerator[R, None]:
    """Yield ``work(item)`` for each item, in order, with ``at_once`` of them under way. Whoever stops listening, or is
    cancelled, ends what is under way."""
    waiting = deque(items)
    under_way: deque[asyncio.Task[R]] = deque()
    try:
        while waiting or under_way:
            while waiting and len(under_way) < at_once:
                under_way.append(asyncio.ensure_future(_awaited(work(waiting.popleft()))))
            yield await under_way[0]
            under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _awaited(result: Awaitable[R]) -> R:
    return await result


class Counter:
    """``12 of 200`` on standard error, where that is a terminal and the work takes longer than half a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._since = time.monotonic()
        self._shown = ""
        self._visible = total > 1 and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._visible and self._done < self._total and time.monotonic() - self._since > _PATIENCE:
            filled = 24 * self._done // self._total
            text = _("{done} of {total}").format(done=self._done, total=self._total)
            self.clear()
            self._shown = f"{'█' * filled}{'░' * (24 - filled)} {text}"
            sys.stderr.write(self._shown)
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, so that other output can be written."""
        if self._shown:
            sys.stderr.write(f"\r{' ' * len(self._shown)}\r")
            sys.stderr.flush()
            self._shown = ""
