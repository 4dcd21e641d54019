"""The one door to what is remembered about a learner."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from tutor.progress import statements
from tutor.progress.database import OPENING_SECONDS, connect, copy_rows, in_memory, put_aside, salvage, stat_of
from tutor.progress.exporting import exported
from tutor.progress.ledger import Ledger
from tutor.progress.places import database_path
from tutor.progress.records import Answer, Attempt, EarlierDraft, StepRef
from tutor.progress.rescue import Rescue
from tutor.progress.statements import Change, key, loaded_text
from tutor.progress.trouble import Trouble, trouble_from
from tutor.progress.writer import Writer

_STEP = "WHERE pack = ? AND lesson = ? AND step = ?"


class Store:
    """Progress of one learner. Every call answers from memory within microseconds and may be made from any thread.

    Changes are visible at once and reach the file a moment later, by a thread of their own; ``flush`` waits for that.
    When the file cannot be written, nothing is lost while the store is open: changes wait and are tried again every two
    seconds, drafts are put into plain files meanwhile, and ``trouble`` says what happened. Rows that another tutor
    writes to the same file are taken over at the next write, or by ``refresh``.
    """

    def __init__(self, path: Path, ledger: Ledger, writer: Writer) -> None:
        self.path = path
        self._ledger = ledger
        self._writer = writer
        self._session = token_hex(8)

    @classmethod
    def open(cls, path: Path | None = None) -> Store:
        """Open the database at ``path``, by default ``data_folder() / "progress.sqlite3"``. Never raises for a file's
        sake: what is wrong with it is in ``trouble``."""
        path = (path or database_path()).absolute()
        rescue = Rescue(path)
        connection, memory, trouble = _opened(path)
        ledger = Ledger(memory)
        writer = Writer(path, ledger, rescue)
        writer.begin(connection)
        if trouble and trouble.moved_to:
            writer.notice = trouble
        else:
            writer.trouble = trouble
        store = cls(path, ledger, writer)
        if connection is not None:
            store._take_in(rescue)
        return store

    @property
    def trouble(self) -> Trouble | None:
        """What keeps progress from being stored, or that a damaged file was put aside in this session; else None."""
        return self._writer.trouble or self._writer.notice

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all is in the file; False when a write failed (see ``trouble``) or took longer than that."""
        return self._writer.flush(seconds)

    def close(self, seconds: float = 2.0) -> None:
        """Write what is left and let go of the file. Safe to call twice."""
        self._writer.stop(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def draft(self, ref: StepRef) -> str | None:
        """The answer as last typed, or None when there is none, or it was reset."""
        found = self._ledger.rows(f"SELECT text FROM drafts {_STEP}", key(ref))
        return loaded_text(found[0][0]) if found else None

    def save_draft(self, ref: StepRef, text: str) -> None:
        """Remember what is typed; quick enough to call at each key."""
        self._change(statements.draft_saved(ref, text, _now(), self._session))

    def reset_draft(self, ref: StepRef) -> None:
        """Begin the step afresh; the draft joins the earlier ones."""
        self._change(statements.draft_reset(ref))

    def restore_draft(self, ref: StepRef, text: str) -> None:
        """Make ``text`` the draft; the one it replaces joins the earlier ones."""
        self._change(statements.draft_kept(ref))
        self.save_draft(ref, text)

    def earlier_drafts(self, ref: StepRef) -> tuple[EarlierDraft, ...]:
        """Drafts that were reset or replaced, at most 20, the newest first."""
        sql = f"SELECT text, saved_at FROM earlier_drafts {_STEP} ORDER BY id DESC"
        return tuple(EarlierDraft(text=loaded_text(t), when=_time(at)) for t, at in self._ledger.rows(sql, key(ref)))

    def record(self, attempt: Attempt) -> None:
        self._change(statements.attempted(attempt))

    def attempts(self, ref: StepRef) -> tuple[Attempt, ...]:
        """The last 200 at most, the oldest first."""
        sql = f"SELECT made_at, passed, outcome, elapsed_ms, explanation FROM attempts {_STEP} ORDER BY id"
        return tuple(
            Attempt(ref=ref, when=_time(at), passed=bool(ok), outcome=outcome, elapsed_ms=ms, explanation=kind)
            for at, ok, outcome, ms, kind in self._ledger.rows(sql, key(ref))
        )

    def record_answer(self, answer: Answer) -> None:
        self._change(statements.answered(answer))

    def answers(self, ref: StepRef) -> tuple[Answer, ...]:
        """Predictions and choices made at a step, the last 200 at most, the oldest first."""
        sql = f"SELECT made_at, given, correct FROM answers {_STEP} ORDER BY id"
        return tuple(
            Answer(ref=ref, when=_time(at), given=loaded_text(given), correct=bool(correct))
            for at, given, correct in self._ledger.rows(sql, key(ref))
        )

    def mark_done(self, ref: StepRef, when: datetime | None = None) -> None:
        """The first time a step was done is the one that stays."""
        self._change(statements.step_done(ref, when or _now()))

    def done(self, pack: str | None = None) -> Mapping[StepRef, datetime]:
        """When each step that is done was done, in one pack or in all."""
        rows = self._ledger.rows("SELECT pack, lesson, step, done_at FROM done WHERE ?1 IS NULL OR pack = ?1", (pack,))
        return {StepRef(*ref): _time(at) for *ref, at in rows}

    def open_hints(self, ref: StepRef, count: int) -> None:
        """The first ``count`` hints have been opened; they stay open."""
        self._change(statements.hint_opened(ref, count))

    def hints_opened(self, ref: StepRef) -> int:
        found = self._ledger.rows(f"SELECT opened FROM hints {_STEP}", key(ref))
        return int(found[0][0]) if found else 0

    def mark_solution_seen(self, ref: StepRef, when: datetime | None = None) -> None:
        self._change(statements.solution_seen(ref, when or _now()))

    def solution_seen(self, ref: StepRef) -> bool:
        return bool(self._ledger.rows(f"SELECT 1 FROM solutions {_STEP}", key(ref)))

    def place(self, pack: str | None = None) -> StepRef | None:
        """Where the learner was last, in one pack or in any."""
        sql = "SELECT pack, lesson, step FROM places WHERE ?1 IS NULL OR pack = ?1 ORDER BY turn DESC LIMIT 1"
        found = self._ledger.rows(sql, (pack,))
        return StepRef(*found[0]) if found else None

    def set_place(self, ref: StepRef) -> None:
        self._change(statements.place_reached(ref))

    def setting(self, name: str, default: str = "") -> str:
        found = self._ledger.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return str(found[0][0]) if found else default

    def set_setting(self, name: str, value: str) -> None:
        self._change(statements.setting_chosen(name, value))

    def reset(
        self, pack: str | None = None, lesson: str | None = None, step: str | None = None, *, forget: bool = False
    ) -> None:
        """Forget what was done in a pack, a lesson, a step, or, with nothing named, everywhere.

        Drafts join the earlier ones, unless ``forget`` removes these too. Settings stay. Raises ``ValueError`` for a
        step without its lesson, or a lesson without its pack.
        """
        if (step and not lesson) or (lesson and not pack):
            raise ValueError((pack, lesson, step))
        self._change(statements.progress_reset(pack, lesson, step, forget))

    def export(self) -> dict[str, Any]:
        """Everything stored, as plain values for JSON. Times are ISO 8601, in UTC."""
        return {"version": 1, "file": str(self.path), **exported(self._ledger.rows)}

    def refresh(self, seconds: float = 0.5) -> None:
        """Take over what other tutors have written, if that takes no longer than this."""
        self._writer.refresh(seconds)

    def _change(self, change: Change) -> None:
        self._ledger.add(change)
        self._writer.wake()

    def _take_in(self, rescue: Rescue) -> None:
        """Bring back drafts that an earlier session could only leave in plain files; the later text is the draft."""
        for ref, rescued in rescue.found():
            saved = self._ledger.rows(f"SELECT text, saved_at FROM drafts {_STEP}", key(ref))
            is_newer = not saved or _time(saved[0][1]) <= rescued.when
            self._change(statements.draft_rescued(ref, rescued, self._session, is_newer))


def _opened(path: Path) -> tuple[sqlite3.Connection | None, sqlite3.Connection, Trouble | None]:
    """Open the file; return its connection, if any, its rows in memory, and what was wrong with it."""
    before = stat_of(path)
    try:
        connection, _ = connect(path, OPENING_SECONDS)
    except (sqlite3.Error, OSError) as error:
        trouble = trouble_from(error, path)
    else:
        memory = in_memory()
        copy_rows(connection, memory)
        return connection, memory, None
    memory = salvage(path)
    if trouble.kind != "damaged":
        return None, memory, trouble
    try:
        aside = put_aside(path, before)
        connection, is_new = connect(path, OPENING_SECONDS)
        if is_new:
            copy_rows(memory, connection)
        else:
            with closing(memory):
                memory = in_memory()
            copy_rows(connection, memory)
    except (sqlite3.Error, OSError) as error:
        return None, memory, trouble_from(error, path)
    return connection, memory, replace(trouble, moved_to=aside) if aside else None


def _now() -> datetime:
    return datetime.now(UTC)


def _time(stored: str) -> datetime:
    return datetime.fromisoformat(stored)
