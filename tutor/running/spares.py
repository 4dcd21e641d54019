"""What a runner needs of spare processes, however they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from tutor.autograd import Limits
from tutor.autograd.program import Walls
from tutor.running.control import End


class ServerGone(Exception):  # noqa: N818 -- it names what happened
    """The process that keeps the spares, or the spare before it began, is gone: the run may be tried again."""


class CannotStart(Exception):  # noqa: N818 -- it names what happened
    """There is no way to run anything here; the words say why."""


class Spare(Protocol):
    """A process that waits for one program."""

    ended: asyncio.Future[End]
    """Done when the process and all that it started are gone."""

    def begin(self, limits: Limits, on_output: Callable[[int, bytes], None]) -> None:
        """Its time begins. Output is handed over as it arrives: stream (1 or 2) and bytes."""

    async def send(self, data: bytes) -> None:
        """Raises OSError when the process is gone."""

    async def receive(self) -> bytes:
        """The next bytes; none when there will be no more."""

    def drain(self) -> None:
        """Hand over the output that has arrived and was not read yet."""

    def stop(self) -> None:
        """End the process now, if it has not ended."""

    def release(self) -> None:
        """Close what connects us with it."""


class Spares(Protocol):
    """Keeps spares waiting."""

    async def start(self) -> None:
        """Begin to make spares. Raises CannotStart."""

    async def warm(self) -> None:
        """Wait until runs are as fast as they will be. Raises CannotStart."""

    async def take(self, walls: Walls) -> Spare:
        """A waiting spare, or the next one. Raises ServerGone and CannotStart."""

    async def close(self) -> None:
        """End every process."""

    def abandon(self) -> None:
        """What keeps the spares does not answer: end it, so that the next run gets a new one."""
