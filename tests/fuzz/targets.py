"""What the fuzzers call: each takes any bytes, and may end in no other way than these functions let it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tutor.packs import PackError
from tutor.packs.format import Lesson
from tutor.packs.loading import load
from tutor.running.protocol import BadFrame, Frames, opened

MOST_BYTES: Final = 1 << 16
_SPLIT: Final = 7


def frames(data: bytes) -> None:
    """Frames arrive in pieces; each is opened. Only BadFrame may be raised, however the bytes are cut."""
    _seen_whole = _open_all([data])
    pieces = [data[at : at + _SPLIT] for at in range(0, len(data), _SPLIT)]
    if _open_all(pieces) != _seen_whole:
        raise AssertionError("what is seen depends on how the bytes were cut")


def _open_all(pieces: list[bytes]) -> list[str]:
    cutter, seen = Frames(MOST_BYTES), []
    try:
        for piece in pieces:
            for kind, body in cutter.feed(piece):
                seen.append(repr(opened(kind, body)))
    except BadFrame as problem:
        seen.append(str(problem))
    return seen


def lessons(data: bytes) -> None:
    """A lesson file is loaded. Only PackError may be raised, and each problem has a place in the file."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(data)
        file.flush()
        try:
            load(Path(file.name), Lesson)
        except PackError as error:
            lines = data.count(b"\n") + data.count(b"\r") + 2
            for problem in error.problems:
                if not (problem.message and 0 <= (problem.line or 0) <= lines + 1):
                    raise AssertionError(f"a problem without its place: {problem}") from None


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {"frames": frames, "lessons": lessons}
