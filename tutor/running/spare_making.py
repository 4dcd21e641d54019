"""Forks a spare: a child that is fenced in and waits for its one program."""

from __future__ import annotations

import fcntl
import os
import socket
from typing import NoReturn

from tutor.autograd.program import Walls
from tutor.running import child, fence, processes
from tutor.running.limiting import CEILING, Tightening
from tutor.running.protocol import Task
from tutor.running.scratch import Scratch
from tutor.running.supervision import Watched
from tutor.running.warming import warm_up

_LINE = 3
"""The descriptor under which a child finds its line; all above it are closed."""


class SpareMaker:
    """Makes spares and numbers them."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._made = 0
        fence.prepare()

    def make(self, walls: Walls) -> tuple[Watched, tuple[int, int, int]]:
        """A spare, and what the client needs: its line and the read ends of its output. Raises OSError."""
        if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208
            raise RuntimeError("the server must have one thread when it forks")
        self._made += 1
        folder = self._scratch.folder(self._made)
        ours, theirs = socket.socketpair()
        out, write_out = os.pipe()
        err, write_err = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(parent, (theirs.fileno(), write_out, write_err), folder, walls)
        theirs.close()
        os.close(write_out)
        os.close(write_err)
        return Watched(self._made, pid, walls, folder), (ours.detach(), out, err)


def _become(parent: int, descriptors: tuple[int, int, int], folder: str, walls: Walls) -> NoReturn:
    """In the child: leave everything of the server's behind, then wait."""
    try:
        processes.die_with_parent(parent)
        os.setsid()
        # all three first go where none of the numbers they are to have can be in their way
        line, out, err = (fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in descriptors)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.dup2(line, _LINE, inheritable=False)
        os.closerange(_LINE + 1, 1 << 20)
        child.move_in(folder)
        tightening = Tightening()
        standing = fence.raise_walls(folder, CEILING, walls=walls)
        warm_up(backward=True)

        def tighten(task: Task) -> None:
            tightening.to(task.program.limits)

        child.live(_Socket(), standing, tighten)
    finally:
        os._exit(1)


class _Socket:
    """The child's end of the line."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=_LINE)

    def receive(self) -> bytes:
        return self._socket.recv(1 << 18)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)
