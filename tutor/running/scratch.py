"""Folders that the programs may write in, and that nobody finds afterwards."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tutor.running.fence.scratch import wipe

_PREFIX = "tutor-run-"


class Scratch:
    """A folder of the server's own, locked while it lives, with one folder for each spare."""

    def __enter__(self) -> Self:
        sweep_abandoned()
        self._root = tempfile.mkdtemp(prefix=_PREFIX)
        self._lock = os.open(self._root, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *problem: object) -> None:
        wipe(self._root)
        os.close(self._lock)

    def folder(self, number: int) -> str:
        """A new, empty folder."""
        path = os.path.join(self._root, str(number))  # noqa: PTH118 -- it is handed on as text
        os.mkdir(path, 0o700)  # noqa: PTH102
        return path


def sweep_abandoned() -> None:
    """Remove the folders of servers that ended without being able to."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid():
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        wipe(str(folder))
    finally:
        os.close(descriptor)
