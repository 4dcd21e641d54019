"""The tables, and the way from each version of them to the next."""

from __future__ import annotations

import sqlite3
from typing import Final

_STEP: Final = "pack TEXT NOT NULL, lesson TEXT NOT NULL, step TEXT NOT NULL"
_ONE_A_STEP: Final = "PRIMARY KEY (pack, lesson, step)"

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        f"CREATE TABLE drafts ({_STEP}, text NOT NULL, saved_at TEXT NOT NULL, writer TEXT NOT NULL, {_ONE_A_STEP})",
        f"CREATE TABLE earlier_drafts (id INTEGER PRIMARY KEY, {_STEP}, text NOT NULL, saved_at TEXT NOT NULL)",
        "CREATE INDEX earlier_drafts_by_step ON earlier_drafts (pack, lesson, step)",
        f"CREATE TABLE attempts (id INTEGER PRIMARY KEY, {_STEP}, made_at TEXT NOT NULL, passed INTEGER NOT NULL, "
        "outcome TEXT NOT NULL, elapsed_ms REAL NOT NULL, explanation TEXT)",
        "CREATE INDEX attempts_by_step ON attempts (pack, lesson, step)",
        f"CREATE TABLE answers (id INTEGER PRIMARY KEY, {_STEP}, made_at TEXT NOT NULL, given NOT NULL, "
        "correct INTEGER NOT NULL)",
        "CREATE INDEX answers_by_step ON answers (pack, lesson, step)",
        f"CREATE TABLE done ({_STEP}, done_at TEXT NOT NULL, {_ONE_A_STEP})",
        f"CREATE TABLE hints ({_STEP}, opened INTEGER NOT NULL, {_ONE_A_STEP})",
        f"CREATE TABLE solutions ({_STEP}, seen_at TEXT NOT NULL, {_ONE_A_STEP})",
        "CREATE TABLE places (pack TEXT PRIMARY KEY, lesson TEXT NOT NULL, step TEXT NOT NULL, turn INTEGER NOT NULL)",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
)
"""One tuple of statements a version. A version once released is never edited: append the next one."""

VERSION: Final = len(MIGRATIONS)

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "drafts": ("pack", "lesson", "step", "text", "saved_at", "writer"),
    "earlier_drafts": ("pack", "lesson", "step", "text", "saved_at"),
    "attempts": ("pack", "lesson", "step", "made_at", "passed", "outcome", "elapsed_ms", "explanation"),
    "answers": ("pack", "lesson", "step", "made_at", "given", "correct"),
    "done": ("pack", "lesson", "step", "done_at"),
    "hints": ("pack", "lesson", "step", "opened"),
    "solutions": ("pack", "lesson", "step", "seen_at"),
    "places": ("pack", "lesson", "step", "turn"),
    "settings": ("name", "value"),
}
"""What is copied between a file and memory. Ids are left out: they only keep rows in order."""

TABLES_BY_STEP: Final = tuple(table for table in COLUMNS if table not in {"places", "settings"})


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older or empty database to ``VERSION``, all or nothing. Raises ``sqlite3.Error``."""
    if version_of(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for version in range(version_of(connection), VERSION):
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
