"""What can go wrong with storage, in words."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tutor.words import _

TroubleKind: TypeAlias = Literal["locked", "full", "read-only", "damaged", "newer", "failed"]

_BY_RESULT: Final[dict[int, TroubleKind]] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_CANTOPEN: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_AUTH: "read-only",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
_BY_ERRNO: Final[dict[int, TroubleKind]] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
}


class DamagedFile(sqlite3.DatabaseError):
    """The file is not what it should be, though SQLite could open it."""


class NewerFile(sqlite3.DatabaseError):
    """The file was written by a later version of the tutor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why progress is not, or was not, stored as usual. ``headline`` is one sentence, ``advice`` says what to do."""

    kind: TroubleKind
    path: Path
    """The file or folder it is about."""
    reason: str = ""
    """The system's own words."""
    rescued_to: Path | None = None
    """The folder that holds your unsaved drafts as plain files."""
    moved_to: Path | None = None
    """Where a damaged file was put; nothing of it was deleted."""

    @property
    def headline(self) -> str:
        words = {
            "locked": _("Another program is holding your progress file, so saving has to wait."),
            "full": _("The disk is full, so your progress cannot be saved."),
            "read-only": _("Your progress cannot be saved: {path} cannot be written."),
            "damaged": _("Your progress file was damaged, so it was put aside and a new one begun."),
            "newer": _("Your progress was saved by a newer version of the tutor, so this one leaves it as it is."),
            "failed": _("Your progress cannot be saved: {reason}."),
        }
        return words[self.kind].format(path=self.path, reason=self.reason)

    @property
    def advice(self) -> str:
        words = {
            "locked": _("Keep working: what you type is kept and saved as soon as the file is free."),
            "full": _("Keep working: what you type is kept while the tutor is open. Free some space and it is saved."),
            "read-only": _(
                "Keep working: what you type is kept while the tutor is open. {variable} can name another folder."
            ),
            "damaged": _("What could still be read is back in place. The damaged file is kept as {moved}."),
            "newer": _("Keep working: nothing there is changed. Update the tutor to save again."),
            "failed": _("Keep working: what you type is kept while the tutor is open, and saving is tried again."),
        }
        advice = words[self.kind].format(variable="TUTOR_DATA", moved=self.moved_to)
        if self.rescued_to is None:
            return advice
        return advice + " " + _("Your answers are also in {folder}, as plain files.").format(folder=self.rescued_to)

    def __str__(self) -> str:
        return f"{self.headline} {self.advice}"

    def rescued(self, folder: Path | None) -> Trouble:
        return replace(self, rescued_to=folder)


def trouble_from(error: sqlite3.Error | OSError, path: Path) -> Trouble:
    """Say which trouble an error at ``path`` is."""
    if isinstance(error, OSError):
        kind = _BY_ERRNO.get(error.errno or 0, "failed")
        return Trouble(kind=kind, path=path, reason=error.strerror or type(error).__name__)
    if isinstance(error, NewerFile):
        return Trouble(kind="newer", path=path, reason=str(error))
    if isinstance(error, DamagedFile):
        return Trouble(kind="damaged", path=path, reason=str(error))
    result = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return Trouble(kind=_BY_RESULT.get(result, "failed"), path=path, reason=str(error))
