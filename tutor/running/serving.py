"""The server: imports torch once, keeps spares waiting, watches over those that run.

It has one thread, so that forking is safe. Programs and results go past it, between client and child: whatever it
held, a later child would inherit.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from contextlib import suppress
from typing import NoReturn

import msgspec

from tutor.autograd.program import Walls
from tutor.running import control, processes
from tutor.running.control import Failed, Over, Start, Stop, Successor, Waiting, Want
from tutor.running.preloading import preload, preload_rest
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
        self._successor: int | None = None
        self._scratch = scratch

    def make_successor(self) -> None:
        """Fork a server that will take this one's place, and hand its line to the client."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            ours.close()
            self._line.close()
            self._scratch.disown()
            theirs.setblocking(False)
            _succeed(theirs)
        theirs.close()
        self._successor = pid
        self._send(Successor(), (ours.detach(), os.pidfd_open(pid)))

    def serve(self) -> None:
        """Returns when the client is gone, with every child ended."""
        try:
            while self._turn():
                pass
        finally:
            for child in self._children.values():
                processes.kill(child.pid)
            self._children.clear()
            processes.sweep(os.getpid(), self._spared())

    def _spared(self) -> list[int]:
        """What is not to be ended with a child: the other children, and the successor with all of its own."""
        others = [child.pid for child in self._children.values()]
        return others if self._successor is None else [*others, self._successor]

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
            if waiting < count and not (waiting and self._just_begun()):
                self._make(walls)
                return waiting + 1 < count or len(self._wanted) > 1
        return False

    def _just_begun(self) -> bool:
        """Whether a run has only now begun: most are soon over, and forking beside them would slow them down."""
        return any(child.just_begun for child in self._children.values())

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
            processes.sweep(os.getpid(), self._spared())
        child.clean()
        self._send(Over(child.number, child.why, status))
        self._unused_deaths = 0 if child.running else self._unused_deaths + 1
        if self._unused_deaths >= _UNUSED_DEATHS:
            self._send(Failed(f"spare processes end before they are used (status {status})"))
            self._wanted.clear()


def serve(line: socket.socket) -> None:
    """Serve the client at the other end of ``line`` until it is gone.

    torch puts a part of itself off that takes as long to import as the rest. A successor imports it meanwhile; once
    that has a spare waiting, the client turns to it and leaves this process.
    """
    with Scratch() as scratch:
        # torch makes a folder for compiled kernels as soon as it is imported: let it not be left lying
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch.folder(0)
        preload()
        processes.adopt_orphans()
        line.setblocking(False)
        server = Server(line, scratch)
        server.make_successor()
        server.serve()


def _succeed(line: socket.socket) -> NoReturn:
    """In the successor: import the rest, then serve."""
    code = 1
    with suppress(BaseException):
        preload_rest()
        with Scratch() as scratch:
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch.folder(0)
            processes.adopt_orphans()
            Server(line, scratch).serve()
        code = 0
    os._exit(code)
