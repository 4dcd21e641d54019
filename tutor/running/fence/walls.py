"""Raises the walls around the process that is about to run a program."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Final

from tutor.autograd import Limits
from tutor.autograd.program import Walls
from tutor.running.fence import bubblewrap, jobs, kernel, landlock, reach, rlimits, seatbelt, seccomp

PLATFORM: Final[str] = sys.platform


def prepare() -> None:
    """Find out once, before forking, what every child needs to know. Not needed, but it saves each child the time."""
    if PLATFORM == "linux":
        reach.readable()
        if seccomp.knows(kernel.machine()):
            seccomp.prepare(kernel.machine(), files_bounded_by=landlock.offered())


def raise_walls(scratch: str, limits: Limits, *, walls: Walls = "fenced") -> tuple[str, ...]:
    """Fence this process in, for good, and name the walls that stand.

    Called in the child, while it has one thread, before any code of the learner's. ``scratch`` is the one folder it
    may write in. A wall that the system does not offer, or refuses, is missing from the result; nothing is raised.
    """
    if PLATFORM == "linux":
        return _linux(scratch, limits, walls)
    if PLATFORM == "darwin":
        return _standing(
            ("rlimits", lambda: _lower(limits, walls)),
            *((("seatbelt", lambda: seatbelt.apply(scratch)),) if walls == "fenced" else ()),
        )
    if PLATFORM == "win32":
        return _standing(("job-object", lambda: jobs.enter(limits, alone=walls == "fenced")))
    return ()


def _standing(*attempts: tuple[str, Callable[[], object]]) -> tuple[str, ...]:
    """The names of the attempts that the system did not refuse."""
    names = []
    for name, attempt in attempts:
        try:
            done = attempt()
        except (OSError, ValueError, AttributeError):
            continue
        if done is not False:
            names.append(name)
    return tuple(names)


def _lower(limits: Limits, walls: Walls) -> None:
    rlimits.lower(limits, fenced=walls == "fenced")


def _linux(scratch: str, limits: Limits, walls: Walls) -> tuple[str, ...]:
    attempts: list[tuple[str, Callable[[], object]]] = [
        ("dies-with-server", lambda: kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)),
        ("rlimits", lambda: _lower(limits, walls)),
    ]
    if walls == "open":
        return _standing(*attempts)
    abi = landlock.offered()
    machine = kernel.machine()
    grants = {**reach.readable(), landlock.resolved(scratch): landlock.WRITE}
    attempts += [
        # the server set it for itself: no program has run in this process yet
        ("bubblewrap", lambda: bubblewrap.INSIDE in os.environ),
        ("no-new-privs", lambda: kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)),
        ("unreadable", lambda: kernel.prctl(kernel.SET_DUMPABLE, 0)),
        (f"landlock-{abi}", lambda: landlock.restrict(grants, abi) if abi else False),
        ("no-capabilities", kernel.drop_capabilities),
    ]
    stand = _standing(*attempts)
    bounded = abi if f"landlock-{abi}" in stand else 0
    return stand + _standing(
        ("seccomp", lambda: _filter(machine, bounded) if seccomp.knows(machine) else False),
    )


def _filter(machine: str, bounded: int) -> None:
    seccomp.install(machine, os.getpid(), files_bounded_by=bounded)
