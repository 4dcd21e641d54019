"""Two servers: one inside bubblewrap for answers to lessons, one outside for scripts of the learner's own."""

from __future__ import annotations

import asyncio

from tutor.autograd.program import Walls
from tutor.running.spares import Spare, Spares


class DividedSpares:
    """Takes spares of each kind from a keeper of their own."""

    def __init__(self, *, fenced: Spares, unfenced: Spares) -> None:
        self._fenced = fenced
        self._unfenced = unfenced

    async def start(self) -> None:
        await self._fenced.start()

    async def warm(self) -> None:
        await self._fenced.warm()

    async def take(self, walls: Walls) -> Spare:
        return await (self._unfenced if walls == "open" else self._fenced).take(walls)

    def abandon(self) -> None:
        self._fenced.abandon()
        self._unfenced.abandon()

    async def close(self) -> None:
        await asyncio.gather(self._fenced.close(), self._unfenced.close())
