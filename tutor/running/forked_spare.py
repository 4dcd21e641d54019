"""One child of the server, on the client's side. Linux only."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

from tutor.autograd import Limits
from tutor.running import control
from tutor.running.control import End, Start, Stop
from tutor.running.limiting import reserve

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
