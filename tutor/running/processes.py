"""Looking at processes, and ending them, on Linux."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
MOST_THREADS = 512
"""Of a run in all. Threads with small stacks fit any memory limit, but not the machine's count of them."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    parent: int
    group: int


def adopt_orphans() -> None:
    """Become the parent of whatever descendants lose theirs, so that none escapes by detaching itself."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends; at once, if it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def all_processes() -> list[Process]:
    """Every process there is, but zombies."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 -- this runs often
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                fields = stat.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    found.append(Process(int(name), int(fields[1]), int(fields[2])))
    return found


def descendants(of: Iterable[int]) -> list[Process]:
    """The processes that descend from those of ``of``, themselves left out."""
    children: dict[int, list[Process]] = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = list(of)
    while waiting:
        below = children.get(waiting.pop(), [])
        found.extend(below)
        waiting.extend(process.pid for process in below)
    return found


def kill(pid: int) -> None:
    """Kill a process and its group, if it leads one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def step_back(pid: int) -> None:
    """Let others go before it: a program that takes long must not keep its server from looking at the clock."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, pid) + 5))


def sweep(of: int, spared: Iterable[int]) -> None:
    """Kill every descendant of ``of`` but ``spared`` and theirs, until there is none."""
    own_group = os.getpgrp()
    for _ in range(_ROUNDS):
        left = [process for process in descendants([of]) if process.pid not in set(spared)]
        keep = {process.pid for process in descendants(spared)}
        left = [process for process in left if process.pid not in keep]
        if not left:
            return
        for process in left:
            if process.group not in (own_group, 0):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.group, signal.SIGKILL)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        reap_orphans(spared)


def reap_orphans(spared: Iterable[int]) -> None:
    """Take leave of adopted children that have ended. Those of ``spared`` are left for their own keeper."""
    kept = set(spared)
    with suppress(ChildProcessError):
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid in kept:
                return
            os.waitpid(ended.si_pid, 0)


def cpu_seconds(pid: int) -> float:
    """Processor time used by a process; 0.0 when it is gone."""
    try:
        # the clock of another process, as clock_getcpuclockid(3) makes its number
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Use:
    """What a process holds: bytes of resident memory that is not file contents, and threads.

    ``filtered``: a seccomp filter is in force; ours lets a program start no process.
    """

    bytes: int = 0
    threads: int = 0
    filtered: bool = False


def use(pid: int) -> Use:
    """Nothing when the process is gone."""
    size = threads = 0
    filtered = False
    with suppress(OSError, ValueError), open(f"/proc/{pid}/status", "rb") as lines:  # noqa: PTH123
        for line in lines:
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                size += int(line.split()[1]) * 1024
            elif line.startswith(b"Threads:"):
                threads = int(line.split()[1])
            elif line.startswith(b"Seccomp:"):
                filtered = line.split()[1] == b"2"
    return Use(size, threads, filtered)
