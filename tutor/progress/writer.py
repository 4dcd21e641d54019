"""The one thread that touches the file once it is open. The screen never waits for it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from tutor.progress.database import BUSY_SECONDS, connect, put_aside, same_file, stat_of
from tutor.progress.ledger import Ledger, run_all
from tutor.progress.rescue import Rescue
from tutor.progress.statements import Change
from tutor.progress.trouble import NewerFile, Trouble, trouble_from

RETRY_SECONDS: Final = 2.0
"""How long a failed write rests before it is tried again."""


class Writer:
    """Takes changes from the ledger to the file, again and again until the file has them."""

    def __init__(self, path: Path, ledger: Ledger, rescue: Rescue) -> None:
        self._path = path
        self._ledger = ledger
        self._rescue = rescue
        self._connection: sqlite3.Connection | None = None
        self._opened = stat_of(path)
        self._others_version = 0
        self._stopping = False
        self._hurried = False
        self._stale = False
        self._failures = 0
        self._thread: threading.Thread | None = None
        self.trouble: Trouble | None = None
        """Why the last write failed; None when it did not."""
        self.notice: Trouble | None = None
        """A damaged file that was put aside in this session."""

    def begin(self, connection: sqlite3.Connection | None) -> None:
        """Write to ``connection``; None when the file could not be opened yet."""
        if connection is not None:
            self._adopt(connection)

    def wake(self) -> None:
        """Start the thread when there is something to write for the first time."""
        if self._thread is None and not self._stopping:
            self._thread = threading.Thread(target=self._work, name="progress-writer", daemon=True)
            self._thread.start()

    def flush(self, seconds: float) -> bool:
        """Wait until everything is in the file, or a try has failed, or the time is up; say whether it is."""
        ledger = self._ledger
        with ledger.changed:
            failures = self._failures
            self._hurried = True
            ledger.changed.notify_all()
            ledger.changed.wait_for(lambda: not ledger.outstanding or self._failures > failures, seconds)
            return not ledger.outstanding

    def refresh(self, seconds: float) -> None:
        """Have the thread look for what others have written, and wait so long for it."""
        ledger = self._ledger
        self.wake()
        with ledger.changed:
            self._stale = True
            ledger.changed.notify_all()
            ledger.changed.wait_for(lambda: not self._stale, seconds)

    def stop(self, seconds: float) -> None:
        """Write what is left, once, and let go of the file; what could not be written goes to plain files."""
        with self._ledger.changed:
            self._stopping = True
            self._ledger.changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                self._keep_rescue(self.trouble)
                return
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _work(self) -> None:
        ledger = self._ledger
        while True:
            with ledger.changed:
                ledger.changed.wait_for(lambda: ledger.waiting or self._stopping or self._stale)
                if self._stopping and not ledger.waiting:
                    return
            stored = self._store() if ledger.waiting else True
            if self._stale:
                self._take_over_from_others()
            with ledger.changed:
                self._hurried = self._hurried and stored
                if self._stopping and not stored:
                    return
                if not stored:
                    ledger.changed.wait_for(lambda: self._stopping or self._hurried, RETRY_SECONDS)
                    self._hurried = False

    def _store(self) -> bool:
        changes = self._ledger.take()
        try:
            self._write(self._connected(), changes)
        except (sqlite3.Error, OSError) as error:
            self._ledger.put_back()
            self._failed(error)
            return False
        self.trouble = None
        if self._rescue:
            self._rescue.clear()
        self._ledger.stored()
        self._take_over_from_others()
        return True

    def _connected(self) -> sqlite3.Connection:
        """The open file, opened again when it was lost or somebody removed or replaced it."""
        if self._connection is not None and same_file(self._path, self._opened):
            return self._connection
        self._let_go()
        connection, is_new = connect(self._path)
        if is_new:
            self._ledger.copy_to(connection)
        self._adopt(connection)
        self._ledger.reload(connection)
        return connection

    def _adopt(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        self._connection = connection
        self._opened = stat_of(self._path)
        self._others_version = _others_version(connection)

    def _write(self, connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            run_all(connection, changes)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _take_over_from_others(self) -> None:
        with suppress(sqlite3.Error, OSError):
            connection = self._connected()
            version = _others_version(connection)
            if version != self._others_version:
                self._ledger.reload(connection)
                self._others_version = version
        with self._ledger.changed:
            self._stale = False
            self._ledger.changed.notify_all()

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        trouble = trouble_from(error, self._path)
        if trouble.kind == "damaged":
            self._replace_damaged(trouble)
            trouble = self.trouble or trouble
        if isinstance(error, NewerFile):
            self._let_go()
        self._keep_rescue(trouble)
        with self._ledger.changed:
            self._failures += 1
            self._ledger.changed.notify_all()

    def _keep_rescue(self, trouble: Trouble | None) -> None:
        folder = self._rescue.save(self._ledger.unsaved_drafts())
        if trouble is not None:
            self.trouble = trouble.rescued(folder)

    def _replace_damaged(self, trouble: Trouble) -> None:
        """Memory still holds everything: the next try begins a new file with it."""
        found = self._opened
        self._let_go()
        try:
            aside = put_aside(self._path, found)
        except OSError as error:
            self.trouble = trouble_from(error, self._path)
            return
        if aside is not None:
            self.notice = replace(trouble, moved_to=aside)
            with self._ledger.changed:
                self._hurried = True

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _others_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
