"""Folders that the programs may write in, and that nobody finds afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tutor.running.fence import scratch as fenced

_PREFIX = "tutor-run-"


class Scratch:
    """A folder of one server or client, locked while it lives, with one folder for each spare."""

    def __init__(self) -> None:
        sweep_abandoned()
        self._root = tempfile.mkdtemp(prefix=_PREFIX)
        self._lock = _locked(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.remove()

    def remove(self) -> None:
        wipe(self._root)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def disown(self) -> None:
        """In a forked process: the folder is the other's."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def folder(self, number: int) -> str:
        """A new, empty folder."""
        path = os.path.join(self._root, str(number))  # noqa: PTH118 -- it is handed on as text
        os.mkdir(path, 0o700)  # noqa: PTH102
        return path


def wipe(folder: str) -> None:
    """Remove ``folder`` and all in it; what the system will not remove stays."""
    if sys.platform == "win32":
        shutil.rmtree(folder, ignore_errors=True)
    else:
        fenced.wipe(folder)


def sweep_abandoned() -> None:
    """Remove the folders of those that ended without being able to. Where files cannot be locked, none."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):
            lock = _locked(str(folder))
            if lock is not None:
                wipe(str(folder))
                os.close(lock)


def _locked(folder: str) -> int | None:
    """A descriptor that holds the lock of a folder of ours. Raises OSError when somebody else has it."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 -- not on Windows

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            raise PermissionError(folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
