"""The portable spare: a Python of its own, started ahead of time, for one program. Started as a program."""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import NoReturn

from tutor.autograd.program import Walls
from tutor.running.protocol import Task

_READ = 1 << 18


class _Pipes:
    """The child's end of the line: one pipe in, one out. When the client is gone, so is this process."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        leave, read = os._exit, os.read
        while data := read(self._incoming, _READ):
            self._arrived.put(data)
        leave(0)

    def receive(self) -> bytes:
        return self._arrived.get()

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]

    def close(self) -> None:
        os.close(self._outgoing)


def main() -> NoReturn:
    """Arguments: the handle of the pipe for results, the scratch folder, the walls."""
    incoming = os.dup(0)
    outgoing = _descriptor(int(sys.argv[1]))
    folder = sys.argv[2]
    walls: Walls = "open" if sys.argv[3] == "open" else "fenced"
    from tutor.running.preloading import preload  # noqa: PLC0415 -- after the descriptors are safe

    preload()
    from tutor.running import child, fence  # noqa: PLC0415 -- these read torch
    from tutor.running.limiting import CEILING, Tightening  # noqa: PLC0415
    from tutor.running.warming import warm_up  # noqa: PLC0415

    child.move_in(folder)
    tightening = Tightening()
    standing = fence.raise_walls(folder, CEILING, walls=walls)
    warm_up(backward=True)

    def tighten(task: Task) -> None:
        tightening.to(task.program.limits)

    child.live(_Pipes(incoming, outgoing), standing, tighten)


def _descriptor(handle: int) -> int:
    """The descriptor of an inherited handle; on POSIX they are the same."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 -- Windows only

        return msvcrt.open_osfhandle(handle, os.O_WRONLY)
    os.set_inheritable(handle, False)
    return handle
