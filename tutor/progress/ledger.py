"""What is known now, in memory, and the changes that the file has not seen yet."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from typing import Any

from tutor.progress.database import copy_rows, in_memory
from tutor.progress.records import StepRef
from tutor.progress.statements import Change, Parameter, loaded_text


class Ledger:
    """A copy of the database in memory, changed at once, with a queue for the file. Safe to use from any thread.

    ``changed`` is the one lock, held for microseconds; the writer waits on it.
    """

    def __init__(self, memory: sqlite3.Connection) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._memory = memory
        self._waiting: list[Change] = []
        self._under_way: list[Change] = []

    def add(self, change: Change) -> None:
        """Apply a change and queue it. One that memory refuses (a text of gigabytes) raises and is not queued."""
        with self.changed:
            _apply(self._memory, (change,))
            if change.replaces and self._waiting and self._waiting[-1].replaces == change.replaces:
                self._waiting[-1] = change
            else:
                self._waiting.append(change)
            self.changed.notify_all()

    def rows(self, sql: str, parameters: tuple[Parameter, ...] = ()) -> list[Any]:
        with self.changed:
            return self._memory.execute(sql, parameters).fetchall()

    @property
    def outstanding(self) -> bool:
        return bool(self._waiting or self._under_way)

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def take(self) -> tuple[Change, ...]:
        with self.changed:
            self._under_way, self._waiting = self._waiting, []
            return tuple(self._under_way)

    def stored(self) -> None:
        """What was taken is in the file."""
        with self.changed:
            self._under_way = []
            self.changed.notify_all()

    def put_back(self) -> None:
        """What was taken could not be stored: it comes first again."""
        with self.changed:
            self._waiting = self._under_way + self._waiting
            self._under_way = []
            self.changed.notify_all()

    def reload(self, source: sqlite3.Connection) -> None:
        """Take over what the file holds by now, with the queued changes on top. Raises ``sqlite3.Error``."""
        memory = in_memory()
        copy_rows(source, memory)
        with self.changed:
            _apply(memory, (*self._under_way, *self._waiting))
            self._memory, former = memory, self._memory
        former.close()

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Write everything known into an empty file. Raises ``sqlite3.Error``."""
        with self.changed:
            copy_rows(self._memory, target)

    def unsaved_drafts(self) -> dict[StepRef, str]:
        """The drafts among the changes that the file has not seen, as they are now."""
        drafts = {}
        with self.changed:
            for change in (*self._under_way, *self._waiting):
                if change.replaces and change.replaces[0] == "draft":
                    ref = StepRef(*change.replaces[1:])
                    found = self.rows(
                        "SELECT text FROM drafts WHERE pack = ? AND lesson = ? AND step = ?",
                        (ref.pack, ref.lesson, ref.step),
                    )
                    if found:
                        drafts[ref] = loaded_text(found[0][0])
        return drafts


def run_all(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    for change in changes:
        for sql, parameters in change.statements:
            connection.execute(sql, parameters)


def _apply(memory: sqlite3.Connection, changes: Iterable[Change]) -> None:
    memory.execute("BEGIN")
    try:
        run_all(memory, changes)
    except BaseException:
        memory.execute("ROLLBACK")
        raise
    memory.execute("COMMIT")
