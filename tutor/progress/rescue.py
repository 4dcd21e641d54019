"""Plain files for drafts that the database could not take: one a step, the learner's program and nothing else.

They lie beside the database where that folder can be written, otherwise in memory-backed or temporary folders. They go
away once the database holds them, also when that happens in a later session.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from tutor.progress.records import EarlierDraft, StepRef


class Rescue:
    """The rescued drafts of one database."""

    def __init__(self, database: Path) -> None:
        self._folders = _folders(database)
        self._written: dict[Path, str] = {}

    def save(self, drafts: Mapping[StepRef, str]) -> Path | None:
        """Write each draft; return the folder that holds them all, or None where no folder took them."""
        for folder in self._folders:
            files = {folder / _file_name(ref): text for ref, text in drafts.items()}
            try:
                _make_private(folder)
                for file, text in files.items():
                    if self._written.get(file) != text:
                        _write_whole(file, text)
                        self._written[file] = text
            except OSError:
                continue
            return folder
        return None

    def found(self) -> Iterator[tuple[StepRef, EarlierDraft]]:
        """Yield what earlier sessions left; from now on it is this object's to clear."""
        for folder in self._folders:
            if not _is_own(folder):
                continue
            for file in sorted(folder.glob("*.py")):
                with suppress(OSError, ValueError):
                    text = file.read_bytes().decode("utf-8", "surrogatepass")
                    when = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                    ref = StepRef(*(unquote(part) for part in file.stem.split("~", 2)))
                    self._written[file] = text
                    yield ref, EarlierDraft(text=text, when=when)

    def clear(self) -> None:
        """Remove the files that the database now holds."""
        for file in list(self._written):
            with suppress(OSError):
                file.unlink(missing_ok=True)
                del self._written[file]
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()

    def __bool__(self) -> bool:
        return bool(self._written)


def _folders(database: Path) -> tuple[Path, ...]:
    mark = hashlib.sha256(os.fsencode(database.absolute())).hexdigest()[:12]
    name = f"autograd-tutor-rescue-{mark}"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    elsewhere = [Path(runtime)] if runtime else []
    elsewhere += [Path(tempfile.gettempdir()), Path("/dev/shm")]  # noqa: S108 - made private, and its owner is checked
    return (database.parent / "rescue", *(folder / name for folder in elsewhere if folder.is_dir()))


def _file_name(ref: StepRef) -> str:
    return "~".join(quote(part, safe="").replace("~", "%7E") for part in (ref.pack, ref.lesson, ref.step)) + ".py"


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(folder):
        raise PermissionError(f"{folder} belongs to somebody else")


def _is_own(folder: Path) -> bool:
    """A shared temporary folder may hold a trap: only a real folder of this user's is trusted."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())


def _write_whole(file: Path, text: str) -> None:
    """All or nothing: a half-written file never takes the place of a whole one."""
    partial = file.with_suffix(".partial")
    try:
        partial.write_bytes(text.encode("utf-8", "surrogatepass"))
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
