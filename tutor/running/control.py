"""What the client and the server say to each other: who waits, who runs, who ended. Never a program, never a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from tutor.autograd.program import Walls

Why: TypeAlias = Literal["exit", "wall", "cpu", "memory", "threads", "files", "told"]
"""Why a child ended: by itself, at a limit, or because the client said so."""


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One message of the control socket."""


class Want(Message, frozen=True):
    """Client: keep so many spares of this kind waiting."""

    walls: Walls
    count: int


class Start(Message, frozen=True):
    """Client: this spare has been given a program; its time begins."""

    spare: int
    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int


class Stop(Message, frozen=True):
    """Client: end this child, whatever it is doing."""

    spare: int


class Waiting(Message, frozen=True):
    """Server: a spare waits. Its line and the read ends of its output come with this message."""

    spare: int
    walls: Walls


class Over(Message, frozen=True):
    """Server: this child is gone, and so is all that it started. ``status`` is a wait status."""

    spare: int
    why: Why
    status: int


class Successor(Message, frozen=True):
    """Server: another server is getting ready to take this one's place. Its line and a pidfd come with this message."""


class Failed(Message, frozen=True):
    """Server: there will be no spares; the words say why."""

    detail: str


Said: TypeAlias = Want | Start | Stop | Waiting | Over | Successor | Failed
MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended. ``status`` is as :func:`os.waitpid` gives it."""

    why: Why | Literal["server"]
    status: int = 0


def packed(message: Said) -> bytes:
    return msgspec.msgpack.encode(message)


def unpacked(data: bytes) -> Any:
    """Raises msgspec.MsgspecError for anything but a message."""
    return msgspec.msgpack.decode(data, type=Said)
