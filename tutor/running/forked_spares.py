"""Spares forked by a server: the client's side. Linux only."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Final

from tutor.autograd.program import Walls
from tutor.running.connection import Connection
from tutor.running.scratch import sweep_abandoned
from tutor.running.server_process import ServerProcess, start_server
from tutor.running.spares import CannotStart, ServerGone, Spare

_SERVERS: Final = 3
"""A server and the successor it is preparing may end together; the third is started afresh."""


class ForkedSpares:
    """Keeps a server, and through it ``count`` spares of each kind that has been asked for."""

    def __init__(self, count: int, *, bubblewrap: str | None = None) -> None:
        """``bubblewrap``: the path of that program, to keep the server inside."""
        self._count = count
        self._bubblewrap = bubblewrap
        self._current: Connection | None = None
        self._coming: Connection | None = None
        self._left: list[Connection] = []
        self._kinds: set[Walls] = {"fenced"}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        self._connected()

    async def warm(self) -> None:
        await self._connected().serving
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def take(self, walls: Walls) -> Spare:
        self._kinds.add(walls)
        for _ in range(_SERVERS):
            connection = self._connected()
            connection.want(walls, self._count)
            with suppress(ServerGone):
                return await connection.take(walls)
        raise ServerGone("the server ended")

    def _connected(self) -> Connection:
        if self._closed:
            raise CannotStart("the runner is closed")
        if self._current is not None and self._current.gone:
            self._turn_to(self._coming)
        if self._current is None:
            self._current = Connection(*start_server(bubblewrap=self._bubblewrap), self._announced)
            self._want(self._current)
        return self._current

    def _want(self, connection: Connection) -> None:
        for walls in self._kinds:
            connection.want(walls, self._count)

    def _announced(self, process: ServerProcess, line: socket.socket) -> None:
        """A successor begins to get ready; when it is, runs go there."""
        self._coming = Connection(process, line, self._announced)
        self._want(self._coming)
        task = asyncio.ensure_future(self._succession(self._coming))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _succession(self, coming: Connection) -> None:
        await coming.serving
        if self._coming is coming and not coming.gone:
            self._turn_to(coming)

    def _turn_to(self, coming: Connection | None) -> None:
        before, self._coming = self._current, None
        self._current = coming if coming is not None and not coming.gone else None
        takers = before.retire() if before is not None else {}
        if before is not None:
            self._left.append(before)
        if self._current is not None:
            self._want(self._current)
            self._current.adopt(takers)

    def abandon(self) -> None:
        for connection in filter(None, [self._current]):
            connection.abandon()

    async def close(self) -> None:
        self._closed = True
        connections = [*self._left, *filter(None, [self._current, self._coming])]
        await asyncio.gather(*(connection.close() for connection in connections))
        await asyncio.gather(*self._tasks)
        sweep_abandoned()
