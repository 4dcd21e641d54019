"""The client's end of the line to one server. Linux only."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from tutor.autograd.program import Walls
from tutor.running import control
from tutor.running.control import End, Failed, Over, Successor, Waiting, Want
from tutor.running.forked_spare import ForkedSpare
from tutor.running.server_process import AdoptedServer, ServerProcess
from tutor.running.spares import CannotStart, ServerGone

Announce: TypeAlias = Callable[[ServerProcess, socket.socket], None]

_CLOSING_SECONDS: Final = 2.0


class Connection:
    """One server, from its start to its end."""

    def __init__(self, process: ServerProcess, line: socket.socket, announce: Announce) -> None:
        """``announce`` is called when a successor of this server begins to get ready."""
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._line = line
        self._announce = announce
        self._line.setblocking(False)
        self._loop.add_reader(self._line, self._hear)
        self._wanted: dict[Walls, int] = {}
        self._waiting: dict[Walls, deque[ForkedSpare]] = {"fenced": deque(), "open": deque()}
        self._takers: dict[Walls, deque[asyncio.Future[ForkedSpare]]] = {"fenced": deque(), "open": deque()}
        self._known: dict[int, ForkedSpare] = {}
        self._retired = False
        self.serving: asyncio.Future[None] = self._loop.create_future()
        """Done when its first spare waits, or when it is gone."""
        self.failure = ""
        self.gone = False

    def want(self, walls: Walls, count: int) -> None:
        if self._wanted.get(walls) != count:
            self._wanted[walls] = count
            self._tell(Want(walls, count))

    async def take(self, walls: Walls) -> ForkedSpare:
        """Raises ServerGone or CannotStart."""
        if self._waiting[walls]:
            return self._waiting[walls].popleft()
        if self.gone:
            raise self._end()
        taker: asyncio.Future[ForkedSpare] = self._loop.create_future()
        self._takers[walls].append(taker)
        try:
            return await taker
        except asyncio.CancelledError:
            if taker.done() and not taker.cancelled() and taker.exception() is None:
                self._offer(walls, taker.result())
            raise

    def _end(self) -> Exception:
        return CannotStart(self.failure) if self.failure else ServerGone("the server ended")

    def _tell(self, message: control.Said) -> None:
        try:
            self._line.send(control.packed(message))
        except BlockingIOError:
            # a server that has not read for thousands of messages does not answer any more
            self.abandon()
        except OSError:
            self._lost()

    def _hear(self) -> None:
        while not self.gone:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._line, control.MOST_BYTES, 8)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                self._lost()
                return
            with suppress(msgspec.MsgspecError):
                self._take_in(control.unpacked(data), descriptors)

    def _take_in(self, message: control.Said, descriptors: list[int]) -> None:
        if isinstance(message, Waiting):
            spare = ForkedSpare(message.spare, descriptors, self._tell)
            self._known[message.spare] = spare
            self._offer(message.walls, spare)
        elif isinstance(message, Over):
            self._over(message)
        elif isinstance(message, Successor):
            self._announce(AdoptedServer(descriptors[1]), socket.socket(fileno=descriptors[0]))
        elif isinstance(message, Failed):
            self.failure = message.detail
            self.abandon()

    def _offer(self, walls: Walls, spare: ForkedSpare) -> None:
        if not self.serving.done():
            self.serving.set_result(None)
        if self._retired:
            spare.release()
            return
        takers = self._takers[walls]
        while takers:
            taker = takers.popleft()
            if not taker.done():
                taker.set_result(spare)
                return
        self._waiting[walls].append(spare)

    def _over(self, message: Over) -> None:
        spare = self._known.pop(message.spare, None)
        if spare is None:
            return
        if not spare.ended.done():
            spare.ended.set_result(End(message.why, message.status))
        for waiting in self._waiting.values():
            if spare in waiting:
                waiting.remove(spare)
                spare.release()
        if self._retired and not self._known:
            self._lost()

    def adopt(self, takers: dict[Walls, deque[asyncio.Future[ForkedSpare]]]) -> None:
        """Serve those, too, who were waiting for a spare of another server."""
        for walls, waiting in takers.items():
            self._takers[walls].extend(waiting)
            while self._waiting[walls] and self._takers[walls]:
                self._offer(walls, self._waiting[walls].popleft())

    def retire(self) -> dict[Walls, deque[asyncio.Future[ForkedSpare]]]:
        """No more runs go to this server. It ends when those under way have ended. Who waits for a spare is returned."""
        self._retired = True
        takers, self._takers = self._takers, {"fenced": deque(), "open": deque()}
        for walls in list(self._wanted):
            self.want(walls, 0)
        for waiting in self._waiting.values():
            while waiting:
                waiting.popleft().release()
        if not self._known:
            self._lost()
        return takers

    def _lost(self) -> None:
        """The server is gone, and all its children with it."""
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._line)
        self._line.close()
        if not self.serving.done():
            self.serving.set_result(None)
        for waiting in self._waiting.values():
            while waiting:
                waiting.popleft().release()
        for spare in self._known.values():
            if not spare.ended.done():
                spare.ended.set_result(End("server"))
        self._known.clear()
        for takers in self._takers.values():
            while takers:
                if not (taker := takers.popleft()).done():
                    taker.set_exception(self._end())

    def abandon(self) -> None:
        """Kill the server; its children die with it."""
        self._process.kill()
        self._lost()

    async def close(self) -> None:
        """The server ends its children, removes what they wrote, and ends. One that is not ready is killed."""
        ready = self.serving.done()
        self._lost()
        if not ready:
            self._process.kill()
        if not await self._process.ended_within(_CLOSING_SECONDS):
            self._process.kill()
            await self._process.ended_within(_CLOSING_SECONDS)
