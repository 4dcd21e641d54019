"""The one folder a fenced program may write in: how full it is, and how it is wiped."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 256 << 20
MOST_ENTRIES: Final = 4096
MOST_DEPTH: Final = 64

_A_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Fill:
    """What a scratch folder holds; counting stops at the first limit passed."""

    entries: int
    bytes: int
    depth: int = 1

    @property
    def too_much(self) -> str:
        """Which limit was passed, in words, or nothing."""
        if self.entries > MOST_ENTRIES:
            return f"more than {MOST_ENTRIES:,} files"
        if self.bytes > MOST_BYTES:
            return f"more than {MOST_BYTES >> 20} MiB of files"
        if self.depth > MOST_DEPTH:
            return f"folders more than {MOST_DEPTH} deep"
        return ""


def fill(folder: str) -> Fill:
    """Count what lies in ``folder``. Never raises: what vanishes or cannot be read counts nothing."""
    found = Fill(0, 0)
    waiting = [(folder, 1)]
    while waiting and not found.too_much:
        path, depth = waiting.pop()
        found = Fill(found.entries, found.bytes, max(found.depth, depth))
        with suppress(OSError), os.scandir(path) as entries:
            for entry in islice(entries, MOST_ENTRIES + 1 - found.entries):
                found = Fill(found.entries + 1, found.bytes + _size(entry), found.depth)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
    return found


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0


def wipe(folder: str) -> None:
    """Remove ``folder`` and all in it, however deep, whatever its modes, following no link.

    Never raises; what the system will not remove stays. Nobody else may be at work in it.
    """
    if os.open not in os.supports_dir_fd:  # Windows
        shutil.rmtree(folder, ignore_errors=True)
        return
    with suppress(OSError):
        top = os.open(folder, _A_FOLDER)
        _empty(top)
        Path(folder).rmdir()


def _empty(here: int) -> None:
    """Remove everything in an open folder, and close it. One folder is open at a time, and none is named by a path:
    so neither recursion nor the length of paths nor the number of descriptors ends it."""
    above: list[tuple[list[str], tuple[int, int]]] = []
    left = _only_folders(here)
    try:
        while left or above:
            if left:
                above.append((left, _identity(here)))
                here = _moved(here, left[-1])
                left = _only_folders(here)
            else:
                left, expected = above.pop()
                here = _moved(here, "..")
                if _identity(here) != expected:
                    raise OSError(errno.ESTALE, "the folder was moved")
                os.rmdir(left.pop(), dir_fd=here)
    finally:
        os.close(here)


def _moved(here: int, name: str) -> int:
    there = os.open(name, _A_FOLDER, dir_fd=here)
    os.close(here)
    return there


def _identity(folder: int) -> tuple[int, int]:
    status = os.fstat(folder)
    return status.st_dev, status.st_ino


def _only_folders(folder: int) -> list[str]:
    """Remove everything in ``folder`` but its folders; make those accessible, and name them."""
    left = []
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, stat.S_IRWXU, dir_fd=folder)
                left.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return left
