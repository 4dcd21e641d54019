"""The program that fences itself in and pushes at each wall. Started by :mod:`tutor.running.fence.probes`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tutor.autograd import Limits
from tutor.running.fence.demands import Protection
from tutor.running.fence.probes import WallProbe, as_json, victim_of_signals
from tutor.running.fence.walls import raise_walls
from tutor.words import _

_HEADROOM = 64 << 20


def _push(name: str, protects: Protection | None, tried: str, attempt: Callable[[], str]) -> WallProbe:
    """Try. The wall stands if the system refused; ``attempt`` says what happened when it did not."""
    try:
        happened = attempt()
    except (OSError, MemoryError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) and refused.strerror else _("no memory was given")
        return WallProbe(
            name=name,
            protects=protects,
            stands=True,
            tried=tried,
            happened=_("refused: {reason}").format(reason=reason),
        )
    return WallProbe(name=name, protects=protects, stands=False, tried=tried, happened=happened)


def _must_work(name: str, tried: str, attempt: Callable[[], str]) -> WallProbe:
    try:
        happened = attempt()
    except (OSError, RuntimeError) as refused:
        return WallProbe(
            name=name, protects=None, stands=False, tried=tried, happened=_("refused: {reason}").format(reason=refused)
        )
    return WallProbe(name=name, protects=None, stands=True, tried=tried, happened=happened)


def _read(path: Path) -> str:
    path.read_bytes()
    return _("it was read")


def _write(path: Path) -> str:
    with path.open("ab") as file:
        file.write(b".")
    return _("it was written")


def _remove(path: Path) -> str:
    path.unlink()
    return _("it was removed")


def _connect(port: int) -> str:
    socket.create_connection(("127.0.0.1", port), timeout=2).close()
    return _("the connection was made")


def _bind() -> str:
    socket.create_server(("127.0.0.1", 0)).close()
    return _("a port was opened")


def _fork() -> str:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return _("a process was started")


def _exec() -> str:
    # it replaces this process only if there is no wall: then the new one would say nothing, so fork first if possible
    try:
        pid = os.fork()
    except OSError:
        pid = 0
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 - this is the attempt
    os.waitpid(pid, 0)
    return _("another program was run")


def _kill(pid: int) -> str:
    os.kill(pid, signal.SIGTERM)
    return _("it was killed")


def _ask_for_memory() -> str:
    held = bytearray(4 * _HEADROOM)
    return _("{size} MiB were given").format(size=len(held) >> 20)


def _thread() -> str:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return _("it ran")


def _attempts(inside: Path, outside: Path, port: int, victim: int) -> Iterator[WallProbe]:
    yield _must_work("scratch", _("write a file in the scratch folder"), lambda: _write(inside / "mine"))
    yield _must_work("threads", _("start a thread"), _thread)
    yield _push("files-read", "files", _("read a file elsewhere"), lambda: _read(outside))
    yield _push("files-write", "files", _("write to a file elsewhere"), lambda: _write(outside))
    yield _push("files-remove", "files", _("remove a file elsewhere"), lambda: _remove(outside))
    yield _push("lessons", "files", _("read the tutor's own files"), lambda: _read(Path(__file__)))
    if sys.platform == "linux":
        yield _push("other-memory", "files", _("read another process's memory"), lambda: _memory(victim))
    yield _push("network-connect", "network", _("connect to a port of this machine"), lambda: _connect(port))
    yield _push("network-listen", "network", _("open a port"), _bind)
    yield _push("memory", "memory", _("use four times the memory allowed"), _ask_for_memory)
    if hasattr(os, "fork"):
        yield _push("signals", "signals", _("kill another process"), lambda: _kill(victim))
        yield _push("processes", "processes", _("start a process"), _fork)
        yield _push("exec", "processes", _("run another program"), _exec)


def _memory(pid: int) -> str:
    with Path(f"/proc/{pid}/mem").open("rb"):
        return _("it was opened")


def main(inside: str, outside: str, port: str) -> None:
    """Fence this process in, push, and print what happened as JSON."""
    victim, keeps_it_waiting = victim_of_signals() if hasattr(os, "fork") else (0, -1)
    walls = raise_walls(inside, Limits(memory_bytes=_HEADROOM))
    probes = tuple(_attempts(Path(inside), Path(outside), int(port), victim))
    sys.stdout.write(as_json(walls, probes))
    if victim:
        with suppress(OSError):
            os.close(keeps_it_waiting)
            os.waitpid(victim, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
