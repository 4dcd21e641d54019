"""A server's process, as its client holds it. Linux only."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
from contextlib import suppress
from typing import Protocol

from tutor.running import fence, launching


class ServerProcess(Protocol):
    """A process that can be ended and waited for."""

    def kill(self) -> None:
        """End it now. Its children die with it."""

    async def ended_within(self, seconds: float) -> bool:
        """Whether it has ended, now or by then."""


class StartedServer:
    """A server that the client started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()

    async def ended_within(self, seconds: float) -> bool:
        for _ in range(int(seconds / 0.005)):
            if self._process.poll() is not None:
                return True
            await asyncio.sleep(0.005)
        return False


class AdoptedServer:
    """A server that another one forked, known by a pidfd."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def kill(self) -> None:
        with suppress(OSError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    async def ended_within(self, seconds: float) -> bool:
        for _ in range(int(seconds / 0.005)):
            if self._ended():
                return True
            await asyncio.sleep(0.005)
        return False

    def _ended(self) -> bool:
        if self._descriptor < 0:
            return True
        if not select.select([self._descriptor], [], [], 0)[0]:
            return False
        os.close(self._descriptor)
        self._descriptor = -1
        return True


def start_server(*, bubblewrap: str | None = None) -> tuple[StartedServer, socket.socket]:
    """A new server and the line to it; inside bubblewrap, if the path of that program is given. Raises OSError."""
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = launching.command("tutor.running.server", str(theirs.fileno()))
        process = subprocess.Popen(
            command if bubblewrap is None else fence.inside_bubblewrap(command, bwrap=bubblewrap),
            env=launching.environment(),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return StartedServer(process), line
