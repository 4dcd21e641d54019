"""The server: imports torch once, keeps spares waiting, watches over those that run. Started as a program.

It has one thread, so that forking is safe. Programs and results go past it, between client and child: whatever it
held, a later child would inherit.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import traceback
from collections import deque
from contextlib import suppress
from typing import NoReturn

import msgspec

from tutor.autograd.program import Walls
from tutor.running import control, processes
from tutor.running.control import Failed, Over, Start, Stop, Waiting, Want
from tutor.running.scratch import Scratch
from tutor.running.spare_making import SpareMaker
from tutor.running.supervision import Watched

_UNUSED_DEATHS = 5


class Server:
    """Serves one client until that is gone."""

    def __init__(self, line: socket.socket, scratch: Scratch) -> None:
        self._line = line
        self._maker = SpareMaker(scratch)
        self._outgoing: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._children: dict[int, Watched] = {}
        self._wanted: dict[Walls, int] = {}
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)
        self._unused_deaths = 0

    def serve(self) -> None:
        """Returns when the client is gone, with every child ended."""
        try:
            while self._turn():
                pass
        finally:
            for child in self._children.values():
                processes.kill(child.pid)
            processes.sweep(os.getpid(), ())

    def _turn(self) -> bool:
        """One turn: make at most one spare, hear what happened, look after those that run. False at the end."""
        made = self._replenish()
        self._flush()
        events = [descriptor for descriptor, _ in self._poll.poll(0 if made else self._patience())]
        # the line first: a child that is quick may have ended before it was heard that it had begun
        if events and not self._hear():
            return False
        for descriptor in events:
            if (child := self._by_descriptor(descriptor)) is not None:
                self._bury(child)
        for child in list(self._children.values()):
            child.look()
        return True

    def _patience(self) -> int | None:
        """Milliseconds until some child must be looked at; None: nobody runs."""
        return min((child.patience_ms() for child in self._children.values() if child.running), default=None)

    def _replenish(self) -> bool:
        for walls, count in self._wanted.items():
            waiting = sum(child.walls == walls and not child.running for child in self._children.values())
            if waiting < count:
                self._make(walls)
                return waiting + 1 < count or len(self._wanted) > 1
        return False

    def _make(self, walls: Walls) -> None:
        child, descriptors = self._maker.make(walls)
        self._children[child.number] = child
        self._poll.register(child.descriptor, select.POLLIN)
        self._send(Waiting(child.number, walls), descriptors)

    def _send(self, message: control.Said, descriptors: tuple[int, ...] = ()) -> None:
        self._outgoing.append((control.packed(message), descriptors))
        self._flush()

    def _flush(self) -> None:
        """Send what is to be said; what the client has no room for waits, and so does nothing else."""
        while self._outgoing:
            data, descriptors = self._outgoing[0]
            try:
                socket.send_fds(self._line, [data], list(descriptors))
            except BlockingIOError:
                self._poll.modify(self._line, select.POLLIN | select.POLLOUT)
                return
            except OSError:
                self._outgoing.clear()
                return
            self._outgoing.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        self._poll.modify(self._line, select.POLLIN)

    def _hear(self) -> bool:
        """Take in all that the client has said. False when it is gone."""
        while True:
            try:
                data = self._line.recv(control.MOST_BYTES)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            with suppress(msgspec.MsgspecError):
                self._obey(control.unpacked(data))

    def _obey(self, message: control.Said) -> None:
        if isinstance(message, Want):
            self._wanted[message.walls] = message.count
        elif isinstance(message, Start) and message.spare in self._children:
            self._children[message.spare].start(message)
        elif isinstance(message, Stop) and message.spare in self._children:
            self._children[message.spare].kill("told")

    def _by_descriptor(self, descriptor: int) -> Watched | None:
        return next((child for child in self._children.values() if child.descriptor == descriptor), None)

    def _bury(self, child: Watched) -> None:
        """A child has ended: end all that it started, remove what it wrote, and say so."""
        self._poll.unregister(child.descriptor)
        del self._children[child.number]
        status = child.reap()
        if child.may_have_started_processes:
            processes.sweep(os.getpid(), [other.pid for other in self._children.values()])
        child.clean()
        self._send(Over(child.number, child.why, status))
        self._unused_deaths = 0 if child.running else self._unused_deaths + 1
        if self._unused_deaths >= _UNUSED_DEATHS:
            self._send(Failed(f"spare processes end before they are used (status {status})"))
            self._wanted.clear()


def main() -> NoReturn:
    """Arguments: the control socket's descriptor."""
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    code = 0
    try:
        from tutor.running.preloading import preload  # noqa: PLC0415 -- a failure to import torch is to be told

        preload()
        processes.adopt_orphans()
        with Scratch() as scratch:
            line.setblocking(False)
            Server(line, scratch).serve()
    except BaseException:  # noqa: BLE001 -- the client shall know
        code = 1
        with suppress(OSError):
            line.setblocking(True)
            line.send(control.packed(Failed(traceback.format_exc()[-4000:])))
    os._exit(code)
