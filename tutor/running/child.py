"""A spare's life: it waits for a program, runs it, answers, and ends. It never returns."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from tutor.autograd import Observation
from tutor.running.execution import Ran, execute, farewell, observe, settle
from tutor.running.journal import Journal, connect
from tutor.running.protocol import Ended, Frames, Probes, Ready, Result, Task, frame, opened

MOST_PROGRAM_BYTES: Final = 256 << 20
NOTHING_TO_DO: Final = 0
_exit = os._exit
_frame = frame
_write_traceback = traceback.format_exc


def move_in(folder: str) -> None:
    """Make ``folder`` this process's home, working and temporary folder."""
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder, TEMP=folder, TMP=folder)
    tempfile.tempdir = None


class Line(Protocol):
    """The child's end of the conversation."""

    def receive(self) -> bytes:
        """Wait for bytes; none when the other side is gone."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Nothing more will be sent."""


def live(line: Line, walls: tuple[str, ...], tighten: Callable[[Task], None]) -> NoReturn:
    """``tighten`` lowers this process's limits to those of the program that has come."""
    try:
        journal = Journal()
        connect(journal)
        incoming = _Incoming(line)
        line.send(_frame(Ready(walls=walls)))
        task = incoming.next()
        if not isinstance(task, Task):
            _exit(NOTHING_TO_DO)
        tighten(task)
        _run(task, line, incoming, journal)
    finally:
        _exit(NOTHING_TO_DO)


def _run(task: Task, line: Line, incoming: _Incoming, journal: Journal) -> None:
    ran = execute(task.program, task.environment)
    farewell()
    settle()
    line.send(_frame(Ended()))
    probes = incoming.next()
    if not isinstance(probes, Probes):
        return
    observation = _observed(ran, probes.expressions)
    farewell()
    line.send(_frame(Result(observation=observation, written=journal.written)))
    line.close()


def _observed(ran: Ran, probes: tuple[str, ...]) -> Observation:
    try:
        return observe(ran, probes)
    except MemoryError:
        return Observation(outcome="memory-limit", detail="no memory left to read the result")
    except BaseException:  # noqa: BLE001 -- a fault of ours is told, not hidden
        return Observation(outcome="internal", detail=_write_traceback()[-4000:])


class _Incoming:
    """The frames that come in, one after the other."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._frames = Frames(MOST_PROGRAM_BYTES)
        self._ready: list[tuple[int, bytes]] = []

    def next(self) -> object:
        """The next frame's value; None when there will be none."""
        while not self._ready:
            data = self._line.receive()
            if not data:
                return None
            self._ready.extend(self._frames.feed(data))
        kind, body = self._ready.pop(0)
        return opened(kind, body)
