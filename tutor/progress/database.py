"""Opening the file: its mode, its version, and what is done when it is damaged or belongs to a newer tutor."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from tutor.progress.schema import COLUMNS, VERSION, migrate, version_of
from tutor.progress.trouble import DamagedFile, NewerFile

BUSY_SECONDS: Final = 1.0
"""How long the writer, never the screen, waits for a lock before it says so and tries again later."""
OPENING_SECONDS: Final = 0.2
"""How long opening waits, since the learner waits for it."""
_SMALLEST_BYTES: Final = 512
"""SQLite would overwrite anything shorter, unread. The file is not opened to look: closing it would drop the locks that
another connection of this process holds."""
_SIDE_FILES: Final = ("-wal", "-shm", "-journal")


def connect(path: Path, busy_seconds: float = BUSY_SECONDS) -> tuple[sqlite3.Connection, bool]:
    """Open the file for writing, made or brought up to date where needed; the flag says whether it is new.

    Raises ``DamagedFile``, ``NewerFile``, ``sqlite3.Error`` or ``OSError``.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = stat_of(path)
    if found is not None and 0 < found.st_size < _SMALLEST_BYTES:
        raise DamagedFile("file is not a database")
    if found is not None and found.st_size > 0:
        _refuse_newer(path)
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        is_new = version_of(connection) == 0
        migrate(connection)
        _refuse_damaged(connection)
    except BaseException:
        connection.close()
        raise
    return connection, is_new


def in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(connection)
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """Open for reading only. Where not even the lock files may be made, the file is read as it stands."""
    for options in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{options}", uri=True, timeout=OPENING_SECONDS, isolation_level=None
        )
        try:
            version_of(connection)
        except sqlite3.OperationalError:
            connection.close()
            continue
        except BaseException:
            connection.close()
            raise
        return connection
    raise sqlite3.OperationalError("unable to open database file")


def _refuse_newer(path: Path) -> None:
    """Raise ``NewerFile`` for a file of a later version, without changing a byte of it."""
    with suppress(sqlite3.OperationalError), closing(read_only(path)) as connection:
        found = version_of(connection)
        if found > VERSION:
            raise NewerFile(f"version {found}, this tutor writes version {VERSION}")


def copy_rows(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy every table. Raises ``sqlite3.Error``."""
    target.execute("BEGIN")
    try:
        for table in COLUMNS:
            target.executemany(_insert(table), source.execute(_select(table)))
    except BaseException:
        target.execute("ROLLBACK")
        raise
    target.execute("COMMIT")


def salvage(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of whatever can still be read of a damaged or unfamiliar file; empty if nothing can."""
    memory = in_memory()
    with suppress(sqlite3.Error, OSError), closing(read_only(path)) as source:
        for table in COLUMNS:
            with suppress(sqlite3.Error, UnicodeDecodeError):
                for row in source.execute(_select(table)):
                    with suppress(sqlite3.Error):
                        memory.execute(_insert(table), row)
    return memory


def put_aside(path: Path, damaged: os.stat_result | None) -> Path | None:
    """Rename the damaged file and its side files; return its new place. Raises ``OSError``.

    Another tutor may have found the damage too and have begun a new file already: that one is left alone, and None
    returned. ``damaged`` is the file as it was when the damage was found.
    """
    now = stat_of(path)
    if now is None or damaged is None or not os.path.samestat(now, damaged):
        return None
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    path.rename(aside)
    for ending in _SIDE_FILES:
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def same_file(path: Path, opened: os.stat_result | None) -> bool:
    """Whether ``path`` still is the file that was opened: someone may have removed or replaced it."""
    now = stat_of(path)
    return now is not None and opened is not None and os.path.samestat(now, opened)


def stat_of(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedFile(str(found))
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = COLUMNS.keys() - tables
    if missing:
        raise DamagedFile(f"no such table: {min(missing)}")


def _select(table: str) -> str:
    return f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY rowid"


def _insert(table: str) -> str:
    columns = COLUMNS[table]
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
