"""The child's standard output and error: written at once, and remembered in which order."""

from __future__ import annotations

import io
import os
import sys
from typing import Final

OUT: Final = 1
ERR: Final = 2
_MOST_STRETCHES: Final = 50_000


class Journal:
    """Stretches of output in the order they were written, as [stream, bytes]."""

    def __init__(self) -> None:
        self._stretches: list[list[int]] = []

    def note(self, stream: int, count: int) -> None:
        last = self._stretches[-1] if self._stretches else None
        if last is not None and last[0] == stream:
            last[1] += count
        elif len(self._stretches) < _MOST_STRETCHES:
            self._stretches.append([stream, count])

    @property
    def written(self) -> tuple[tuple[int, int], ...]:
        return tuple((stream, count) for stream, count in self._stretches)


class _Noted(io.FileIO):
    """A descriptor whose writes are noted."""

    def __init__(self, descriptor: int, journal: Journal) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._journal = journal

    def write(self, data: io.BytesIO | bytes) -> int:  # type: ignore[override]
        count = super().write(data)  # type: ignore[arg-type]
        self._journal.note(self.fileno(), count or 0)
        return count or 0


def connect(journal: Journal) -> None:
    """Make ``sys.stdin`` empty, and ``sys.stdout`` and ``sys.stderr`` write through to descriptors 1 and 2."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    if nothing != 0:
        os.dup2(nothing, 0)
        os.close(nothing)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _text(_Noted(OUT, journal), "strict")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(_Noted(ERR, journal), "backslashreplace")  # type: ignore[misc]


def _text(raw: _Noted, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, newline="\n", write_through=True)
