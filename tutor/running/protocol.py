"""Frames between the client and a child: a length, a kind, and a MessagePack body whose schema is checked.

A conversation has five frames and no more: the child says ``READY``; the client sends ``PROGRAM``; the child answers
``ENDED`` when the learner's code is over; only then does the client send ``PROBES``; the child answers ``RESULT`` and
closes its side.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, TypeAlias

import msgspec

from tutor.autograd import Observation, Program
from tutor.running.counting import too_many_values
from tutor.running.wire import NotThatShape, reader

_HEADER: Final = struct.Struct("<IB")
MOST_NESTING: Final = 40
"""How deep the values of a frame may be nested."""


class Kind(IntEnum):
    READY = 0
    PROGRAM = 1
    ENDED = 2
    PROBES = 3
    RESULT = 4


class BadFrame(Exception):  # noqa: N818 -- it names what was seen
    """The other side did not keep to the protocol; the words say how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a child is told before it runs anything: the program without its probes."""

    program: Program
    environment: dict[str, str] | None = None
    """For an open script: the environment it is to see. None leaves the child's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A child waits now, behind these walls. No code of a learner's has run in it yet."""

    walls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The learner's code is over; nothing has been read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a child says of its run. The output itself travels through pipes; ``written`` is the order in which
    stretches of it were written, as (stream, bytes): 1 is standard output, 2 standard error."""

    observation: Observation
    written: tuple[tuple[int, int], ...] = field(default=())


_TYPES: Final[dict[Kind, type[Any]]] = {
    Kind.READY: Ready,
    Kind.PROGRAM: Task,
    Kind.ENDED: Ended,
    Kind.PROBES: Probes,
    Kind.RESULT: Result,
}
_readers: dict[Kind, Any] = {}

Body: TypeAlias = Ready | Task | Ended | Probes | Result


def frame(body: Body) -> bytes:
    """``body`` as one frame. Raises UnicodeEncodeError if a text in it holds a lone surrogate."""
    kind = next(kind for kind, of in _TYPES.items() if isinstance(body, of))
    encoded = msgspec.msgpack.encode(body)
    return _HEADER.pack(len(encoded), kind) + encoded


def opened(kind: int, body: bytes | bytearray | memoryview) -> Body:
    """The value that a frame's body carries. Raises BadFrame."""
    try:
        known = Kind(kind)
    except ValueError:
        raise BadFrame(f"a frame of unknown kind {kind}") from None
    if known is not Kind.PROGRAM and too_many_values(body):
        raise BadFrame("a frame of too many values")
    if known not in _readers:
        _readers[known] = reader(_TYPES[known], most_nesting=MOST_NESTING, clean=known is Kind.RESULT)
    try:
        value: Body = _readers[known](msgspec.msgpack.decode(body))
    except (msgspec.MsgspecError, NotThatShape, RecursionError, UnicodeDecodeError, ValueError, TypeError) as problem:
        raise BadFrame(f"a frame that does not hold what it should: {problem}") from None
    return value


class Frames:
    """Cuts a stream of bytes into frames. ``feed`` it what arrives and iterate over what is complete."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._pending = bytearray()

    @property
    def torn(self) -> bool:
        """Whether a part of a frame has arrived and its end has not."""
        return bool(self._pending)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, body) of each frame that is now complete. Raises BadFrame for one that is too large."""
        self._pending += data
        while len(self._pending) >= _HEADER.size:
            length, kind = _HEADER.unpack_from(self._pending)
            if length > self._most_bytes:
                raise BadFrame(f"a frame of {length} bytes, more than the {self._most_bytes} allowed")
            end = _HEADER.size + length
            if len(self._pending) < end:
                return
            body = bytes(memoryview(self._pending)[_HEADER.size : end])
            del self._pending[:end]
            yield kind, body
