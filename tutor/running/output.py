"""A run's output as it arrives: counted, and put in order afterwards."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from tutor.autograd import Chunk
from tutor.text import safe

KEPT: Final = 32 << 10
"""Bytes kept of the beginning and of the end of output that passed its limit."""
_STREAMS: Final = {1: "stdout", 2: "stderr"}


class Output:
    """Collects what arrives on standard output (1) and standard error (2)."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._arrived: list[tuple[int, bytes]] = []
        self.bytes = 0

    @property
    def too_much(self) -> bool:
        return self.bytes > self._most_bytes

    def add(self, stream: int, data: bytes) -> None:
        self.bytes += len(data)
        self._arrived.append((stream, data))

    def chunks(self, written: Iterable[tuple[int, int]] = ()) -> tuple[tuple[Chunk, ...], int]:
        """All output, and how many bytes were left out of its middle.

        ``written`` is the order in which the program says it wrote; what it does not cover comes last, as it arrived.
        """
        pieces = list(self._ordered(written)) if written and not self.too_much else self._arrived
        dropped = 0
        if self.too_much:
            pieces, dropped = _head_and_tail(pieces)
        return tuple(_decoded(pieces)), dropped

    def _ordered(self, written: Iterable[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
        left = {stream: b"".join(data for of, data in self._arrived if of == stream) for stream in _STREAMS}
        taken = dict.fromkeys(_STREAMS, 0)
        for stream, count in written:
            if stream in left and count > 0:
                yield stream, left[stream][taken[stream] : taken[stream] + count]
                taken[stream] += count
        for stream in _STREAMS:
            yield stream, left[stream][taken[stream] :]


def _head_and_tail(pieces: list[tuple[int, bytes]]) -> tuple[list[tuple[int, bytes]], int]:
    whole = sum(len(data) for _, data in pieces)
    head = list(_first(pieces, KEPT))
    tail = [(stream, data[::-1]) for stream, data in _first([(s, d[::-1]) for s, d in reversed(pieces)], KEPT)]
    dropped = max(0, whole - 2 * KEPT)
    note = [(2, f"\n[... {dropped:,} bytes left out ...]\n".encode())] if dropped else []
    return [*head, *note, *reversed(tail)], dropped


def _first(pieces: Iterable[tuple[int, bytes]], count: int) -> Iterator[tuple[int, bytes]]:
    for stream, data in pieces:
        if count <= 0:
            return
        yield stream, data[:count]
        count -= len(data)


def _decoded(pieces: Iterable[tuple[int, bytes]]) -> Iterator[Chunk]:
    decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in _STREAMS}
    texts = ((stream, decoders[stream].decode(data)) for stream, data in pieces)
    for stream, together in groupby((piece for piece in texts if piece[1]), key=lambda piece: piece[0]):
        yield Chunk("stdout" if stream == 1 else "stderr", safe("".join(text for _, text in together)))
    for stream, decoder in decoders.items():
        if rest := decoder.decode(b"", final=True):
            yield Chunk("stdout" if stream == 1 else "stderr", rest)
