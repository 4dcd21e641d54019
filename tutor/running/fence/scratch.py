"""The one folder a fenced program may write in: how full it is, and how it is wiped."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 256 << 20
MOST_ENTRIES: Final = 4096

_MOVED: Final = f".up-{os.urandom(8).hex()}-"
"""Begins the names of folders moved up, which no program can have guessed."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What a scratch folder holds; counting stops at the first limit passed."""

    entries: int
    bytes: int

    @property
    def too_much(self) -> str:
        """Which limit was passed, in words, or nothing."""
        if self.entries > MOST_ENTRIES:
            return f"more than {MOST_ENTRIES:,} files"
        if self.bytes > MOST_BYTES:
            return f"more than {MOST_BYTES >> 20} MiB of files"
        return ""


def fill(folder: str) -> Fill:
    """Count what lies in ``folder``. Never raises: what vanishes or cannot be read counts nothing."""
    entries = size = 0
    waiting = [folder]
    while waiting and entries <= MOST_ENTRIES and size <= MOST_BYTES:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                entries += 1
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                if entries > MOST_ENTRIES:
                    break
    return Fill(entries, size)


def wipe(folder: str) -> None:
    """Remove ``folder`` and all in it, however deep, whatever its modes, following no link.

    Never raises; what the system will not remove stays. A tree deeper than a path may be long is taken apart by
    moving its folders up: so neither recursion nor path length ends it.
    """
    with suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _empty(top)
        finally:
            os.close(top)
        Path(folder).rmdir()


def _empty(top: int) -> None:
    moved = 0
    while folders := _only_folders(top):
        for name in folders:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
            try:
                for deeper in _only_folders(inner):
                    moved += 1
                    os.rename(deeper, f"{_MOVED}{moved}", src_dir_fd=inner, dst_dir_fd=top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


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
