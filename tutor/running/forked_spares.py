"""Spares forked by a server: the client's side. Linux only."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec

from tutor.autograd import Limits
from tutor.autograd.program import Walls
from tutor.running import control, launching
from tutor.running.control import End, Failed, Over, Start, Stop, Waiting, Want
from tutor.running.limiting import reserve
from tutor.running.spares import CannotStart, ServerGone, Spare

_READ = 1 << 18


class ForkedSpare:
    """One child of the server, on the client's side."""

    def __init__(self, number: int, descriptors: list[int], tell: Callable[[control.Said], None]) -> None:
        self._number = number
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._line = socket.socket(fileno=descriptors[0])
        self._line.setblocking(False)
        self._outputs = {1: descriptors[1], 2: descriptors[2]}
        for descriptor in self._outputs.values():
            os.set_blocking(descriptor, False)
        self._on_output: Callable[[int, bytes], None] | None = None
        self._stopped = False
        self.ended: asyncio.Future[End] = self._loop.create_future()

    def begin(self, limits: Limits, on_output: Callable[[int, bytes], None]) -> None:
        self._on_output = on_output
        self._tell(
            Start(self._number, limits.wall_seconds, limits.cpu_seconds, limits.memory_bytes + reserve(limits)),
        )
        for stream, descriptor in self._outputs.items():
            self._loop.add_reader(descriptor, self._read, stream)

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._line, data)

    async def receive(self) -> bytes:
        try:
            return await self._loop.sock_recv(self._line, _READ)
        except ConnectionError:
            return b""

    def drain(self) -> None:
        for stream in list(self._outputs):
            while self._read(stream):
                pass

    def _read(self, stream: int) -> bool:
        """Hand over what there is. False when there is nothing, for now or for good."""
        descriptor = self._outputs.get(stream)
        if descriptor is None:
            return False
        try:
            data = os.read(descriptor, _READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._forget(stream)
            return False
        if self._on_output is not None:
            self._on_output(stream, data)
        return True

    def _forget(self, stream: int) -> None:
        descriptor = self._outputs.pop(stream)
        self._loop.remove_reader(descriptor)
        os.close(descriptor)

    def stop(self) -> None:
        if not self.ended.done() and not self._stopped:
            self._stopped = True
            self._tell(Stop(self._number))

    def release(self) -> None:
        for stream in list(self._outputs):
            self._forget(stream)
        self._line.close()


class _Connection:
    """One server, from its start to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            self._process = subprocess.Popen(
                launching.command("tutor.running.server", str(theirs.fileno())),
                env=launching.environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._line.setblocking(False)
        self._loop.add_reader(self._line, self._hear)
        self._wanted: dict[Walls, int] = {}
        self._waiting: dict[Walls, deque[tuple[int, ForkedSpare]]] = {"fenced": deque(), "open": deque()}
        self._takers: dict[Walls, deque[asyncio.Future[ForkedSpare]]] = {"fenced": deque(), "open": deque()}
        self._known: dict[int, ForkedSpare] = {}
        self.failure = ""
        self.gone = False

    def want(self, walls: Walls, count: int) -> None:
        if self._wanted.get(walls) != count:
            self._wanted[walls] = count
            self._tell(Want(walls, count))

    async def take(self, walls: Walls) -> ForkedSpare:
        """Raises ServerGone or CannotStart."""
        if self._waiting[walls]:
            return self._waiting[walls].popleft()[1]
        if self.gone:
            raise self._end()
        taker: asyncio.Future[ForkedSpare] = self._loop.create_future()
        self._takers[walls].append(taker)
        try:
            return await taker
        except asyncio.CancelledError:
            if taker.done() and not taker.cancelled() and taker.exception() is None:
                self._offer(walls, -1, taker.result())
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
            self._offer(message.walls, message.spare, spare)
        elif isinstance(message, Over):
            self._over(message)
        elif isinstance(message, Failed):
            self.failure = message.detail
            self.abandon()

    def _offer(self, walls: Walls, number: int, spare: ForkedSpare) -> None:
        takers = self._takers[walls]
        while takers:
            taker = takers.popleft()
            if not taker.done():
                taker.set_result(spare)
                return
        self._waiting[walls].append((number, spare))

    def _over(self, message: Over) -> None:
        spare = self._known.pop(message.spare, None)
        if spare is None:
            return
        if not spare.ended.done():
            spare.ended.set_result(End(message.why, message.status))
        for waiting in self._waiting.values():
            for entry in [entry for entry in waiting if entry[1] is spare]:
                waiting.remove(entry)
                spare.release()

    def _lost(self) -> None:
        """The server is gone, and all its children with it."""
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._line)
        self._line.close()
        for waiting in self._waiting.values():
            for _, spare in waiting:
                spare.release()
            waiting.clear()
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
        """The server ends its children, removes what they wrote, and ends."""
        self._lost()
        for _ in range(200):
            if self._process.poll() is not None:
                return
            await asyncio.sleep(0.005)
        self._process.kill()
        await asyncio.to_thread(self._process.wait)


class ForkedSpares:
    """Keeps a server, and through it ``count`` spares of each kind that has been asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._connection: _Connection | None = None
        self._before: list[_Connection] = []
        self._closed = False

    async def start(self) -> None:
        self._connected().want("fenced", self._count)

    async def take(self, walls: Walls) -> Spare:
        connection = self._connected()
        connection.want(walls, self._count)
        return await connection.take(walls)

    def _connected(self) -> _Connection:
        if self._closed:
            raise CannotStart("the runner is closed")
        if self._connection is None or self._connection.gone:
            if self._connection is not None:
                self._before.append(self._connection)
            self._connection = _Connection()
        return self._connection

    def abandon(self) -> None:
        if self._connection is not None:
            self._connection.abandon()

    async def close(self) -> None:
        self._closed = True
        for connection in [*self._before, *filter(None, [self._connection])]:
            await connection.close()
