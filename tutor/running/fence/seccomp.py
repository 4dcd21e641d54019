"""The filter on system calls: no network, no programs, no processes, no signals to others.

Built by hand in classic BPF, since libseccomp is a library of the system that a pip install cannot bring. A refused
call returns EPERM, so that Python raises PermissionError and the program can go on; a call made in another
machine's convention (i386, x32), where the numbers mean other calls, ends the process.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from tutor.running.fence import syscalls
from tutor.running.fence.kernel import syscall

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER: Final = 1
_FLAG_TSYNC: Final = 1
_X32_BIT: Final = 0x40000000
_NEWEST_KNOWN: Final = 470
"""Calls with higher numbers do not exist for us (ENOSYS): libraries then fall back to what they used before."""

_LOAD: Final = 0x20
_AND: Final = 0x54
_IF_EQUAL: Final = 0x15
_IF_GREATER: Final = 0x25
_IF_AT_LEAST: Final = 0x35
_IF_BITS: Final = 0x45
_RETURN: Final = 0x06

_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERROR: Final = 0x00050000

_CLONE_THREAD: Final = 0x00010000
_CLONE_NEW_ANYTHING: Final = 0x7E020000
_O_ACCMODE: Final = 0o3
_O_TRUNC: Final = 0o1000
_O_CREAT: Final = 0o100
_MAP_SHARED_ANONYMOUS: Final = 0x21
_AF_UNIX: Final = 1
_SOCK_STREAM: Final = 1
_SOCK_TYPE_BITS: Final = 0xF

OWN_PID: Final = 0x7FFFFFFE
"""Stands in a program for the number of the process it will hold, which is known only after forking."""

_HARMLESS_FCNTL: Final = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1034)
"""Duplicating, flags, locks, sizes. Not leases, owners and signals, which reach other processes."""
_HARMLESS_IOCTL: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Asking whether it is a terminal and how large, how much is waiting; blocking and close-on-exec."""
_HARMLESS_PRCTL: Final = (3, 15, 16, 39, 0x53564D41)
"""Asking for dumpable and no-new-privs; naming a thread, naming memory."""


class Instruction(NamedTuple):
    """One instruction of classic BPF; ``then`` and ``otherwise`` count the instructions to jump over."""

    code: int
    then: int
    otherwise: int
    operand: int


def _return(verdict: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, verdict)


_REFUSE: Final = _return(_ERROR | errno.EPERM)
_ABSENT: Final = _return(_ERROR | errno.ENOSYS)
_PERMIT: Final = _return(_ALLOW)


def _argument(index: int, *, high: bool = False) -> Instruction:
    return Instruction(_LOAD, 0, 0, 16 + 8 * index + 4 * high)


def _if_one_of(index: int, values: Iterable[int], mask: int | None = None) -> list[Instruction]:
    """Permit if the argument's lower 32 bits, masked, are one of ``values``."""
    tests = [step for value in values for step in (Instruction(_IF_EQUAL, 0, 1, value), _PERMIT)]
    masked = [] if mask is None else [Instruction(_AND, 0, 0, mask)]
    return [_argument(index), *masked, *tests, _REFUSE]


def _unless(index: int, mask: int, value: int) -> list[Instruction]:
    """Refuse if the argument, masked, is ``value``."""
    return [_argument(index), Instruction(_AND, 0, 0, mask), Instruction(_IF_EQUAL, 0, 1, value), _REFUSE, _PERMIT]


def _unless_bits(index: int, bits: int) -> list[Instruction]:
    return [_argument(index), Instruction(_IF_BITS, 0, 1, bits), _REFUSE, _PERMIT]


def _opening(index: int, *, bounded: bool) -> list[Instruction]:
    """Where nothing else bounds files, they are opened for reading only.

    A file opened for reading must not be emptied either: Landlock before ABI 3 lets that pass.
    """
    if not bounded:
        return _unless_bits(index, _O_ACCMODE | _O_CREAT | _O_TRUNC)
    return _unless(index, _O_TRUNC | _O_ACCMODE, _O_TRUNC)


def _socketpair() -> list[Instruction]:
    """A pair of connected streams reaches nobody else; asyncio needs one. Datagrams could be sent to any address."""
    return [
        _argument(0),
        Instruction(_IF_EQUAL, 1, 0, _AF_UNIX),
        _REFUSE,
        *_if_one_of(1, (_SOCK_STREAM,), _SOCK_TYPE_BITS),
    ]


def _send() -> list[Instruction]:
    """Sending on a connected socket; no address may be given."""
    return [
        _argument(4),
        Instruction(_IF_EQUAL, 1, 0, 0),
        _REFUSE,
        _argument(4, high=True),
        Instruction(_IF_EQUAL, 1, 0, 0),
        _REFUSE,
        _PERMIT,
    ]


def _conditions(*, bounded: bool, truncate: bool) -> dict[str, list[Instruction]]:
    return {
        "clone": _if_one_of(0, (_CLONE_THREAD,), _CLONE_THREAD | _CLONE_NEW_ANYTHING),
        # its arguments lie in memory, where a filter cannot look; glibc then makes threads with clone
        "clone3": [_ABSENT],
        "creat": [_PERMIT if bounded else _REFUSE],
        "fcntl": _if_one_of(1, _HARMLESS_FCNTL),
        "ioctl": _if_one_of(1, _HARMLESS_IOCTL),
        "kill": _if_one_of(0, (OWN_PID,)),
        # shared anonymous memory is counted by no limit once it is no longer mapped
        "mmap": _unless(3, _MAP_SHARED_ANONYMOUS, _MAP_SHARED_ANONYMOUS),
        "open": _opening(1, bounded=bounded),
        "openat": _opening(2, bounded=bounded),
        "prctl": _if_one_of(0, _HARMLESS_PRCTL),
        "prlimit64": _if_one_of(0, (0, OWN_PID)),
        "sched_setaffinity": _if_one_of(0, (0, OWN_PID)),
        "sendto": _send(),
        "setrlimit": [_PERMIT],
        "socketpair": _socketpair(),
        "tgkill": _if_one_of(0, (OWN_PID,)),
        "truncate": [_PERMIT if truncate else _REFUSE],
    }


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The numbers as the fewest ranges, both ends included, in order."""
    start: int | None = None
    previous = -1
    for number in sorted(set(numbers)):
        if start is None:
            start = number
        elif number != previous + 1:
            yield start, previous
            start = number
        previous = number
    if start is not None:
        yield start, previous


@lru_cache(maxsize=4)
def program(machine: str, *, files_bounded_by: int) -> tuple[Instruction, ...]:
    """The filter for a process on ``machine`` (``x86_64`` or ``aarch64``), with ``OWN_PID`` in place of its number.

    ``files_bounded_by`` is the Landlock ABI that stands around the process, 0 for none.
    """
    column = 0 if machine == "x86_64" else 1
    bounded = files_bounded_by > 0
    free = syscalls.FREE | (syscalls.BY_NAME if bounded else {})
    steps = [
        Instruction(_LOAD, 0, 0, 4),
        Instruction(_IF_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _return(_KILL_PROCESS),
        Instruction(_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        steps += [Instruction(_IF_AT_LEAST, 0, 1, _X32_BIT), _return(_KILL_PROCESS)]
    for name, block in _conditions(bounded=bounded, truncate=files_bounded_by >= 3).items():
        number = syscalls.WATCHED[name][column]
        if number is not None:
            steps += [Instruction(_IF_EQUAL, 0, len(block), number), *block]
    for first, last in ranges(number for pair in free.values() if (number := pair[column]) is not None):
        steps += [Instruction(_IF_AT_LEAST, 0, 2, first), Instruction(_IF_GREATER, 1, 0, last), _PERMIT]
    return (*steps, Instruction(_IF_GREATER, 0, 1, _NEWEST_KNOWN), _ABSENT, _REFUSE)


@lru_cache(maxsize=4)
def _encoded(machine: str, files_bounded_by: int) -> tuple[bytes, tuple[int, ...]]:
    """The filter as the kernel reads it, and where in it the process's own number belongs."""
    steps = program(machine, files_bounded_by=files_bounded_by)
    places = tuple(8 * index + 4 for index, step in enumerate(steps) if step.operand == OWN_PID)
    return b"".join(struct.pack("=HBBI", *step) for step in steps), places


def prepare(machine: str, *, files_bounded_by: int) -> None:
    """Build the filter ahead of time: a child that is forked later only puts its number in."""
    _encoded(machine, files_bounded_by)


def install(machine: str, pid: int, *, files_bounded_by: int) -> None:
    """Put this process, all its threads, behind the filter. Raises OSError where the kernel refuses.

    ``machine`` must be one that :func:`knows`; no-new-privs must be set.
    """
    steps, places = _encoded(machine, files_bounded_by)
    code = ctypes.create_string_buffer(steps, len(steps))
    for place in places:
        struct.pack_into("=I", code, place, pid)
    filter_ = ctypes.create_string_buffer(struct.pack("@HP", len(steps) // 8, ctypes.addressof(code)))
    syscall(_SECCOMP[machine], _SET_MODE_FILTER, _FLAG_TSYNC, ctypes.addressof(filter_))


def knows(machine: str) -> bool:
    """Whether there is a filter for this machine."""
    return machine in _SECCOMP
