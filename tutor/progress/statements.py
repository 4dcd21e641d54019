"""Each thing that can be remembered, as the SQL that remembers it.

The same statements are run twice: at once on the copy in memory, and later on the file. So they hold every value they
need (never ``CURRENT_TIMESTAMP``), and running them on rows that another tutor has changed meanwhile must do right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from tutor.progress.records import Answer, Attempt, EarlierDraft, StepRef
from tutor.progress.schema import TABLES_BY_STEP

Parameter: TypeAlias = str | bytes | int | float | None
Statement: TypeAlias = tuple[str, tuple[Parameter, ...]]

EARLIER_DRAFTS: Final = 20
"""How many a step are kept."""
ATTEMPTS: Final = 200
"""How many a step are kept: a run after every pause in typing makes many."""

_STEP: Final = "pack = ? AND lesson = ? AND step = ?"


@dataclass(frozen=True, slots=True)
class Change:
    """Statements that belong together. A later change with the same ``replaces`` right behind it makes it needless."""

    statements: tuple[Statement, ...]
    replaces: tuple[str, ...] | None = None


def stored_text(text: str) -> str | bytes:
    """SQLite's text is UTF-8, which has no lone surrogates; pasted rubbish may hold some, and is kept as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def loaded_text(stored: str | bytes) -> str:
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")


def stored_time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def key(ref: StepRef) -> tuple[str, str, str]:
    return ref.pack, ref.lesson, ref.step


def _keep(condition: str, parameters: tuple[Parameter, ...]) -> tuple[Statement, ...]:
    """Put the drafts that meet ``condition`` among the earlier ones, the newest last and each text once."""
    return (
        (
            "DELETE FROM earlier_drafts WHERE EXISTS (SELECT 1 FROM drafts d WHERE d.pack = earlier_drafts.pack AND "
            "d.lesson = earlier_drafts.lesson AND d.step = earlier_drafts.step AND d.text = earlier_drafts.text "
            f"AND {condition})",
            parameters,
        ),
        (
            "INSERT INTO earlier_drafts (pack, lesson, step, text, saved_at) SELECT d.pack, d.lesson, d.step, d.text, "
            f"d.saved_at FROM drafts d WHERE length(d.text) > 0 AND {condition}",
            parameters,
        ),
    )


_OF_STEP: Final = "d.pack = ? AND d.lesson = ? AND d.step = ?"


def _newest_only(table: str, ref: StepRef, count: int) -> Statement:
    return (
        f"DELETE FROM {table} WHERE {_STEP} AND id NOT IN "
        f"(SELECT id FROM {table} WHERE {_STEP} ORDER BY id DESC LIMIT ?)",
        (*key(ref), *key(ref), count),
    )


def draft_saved(ref: StepRef, text: str, when: datetime, writer: str) -> Change:
    """Another writer's differing draft, from an earlier session or a tutor open beside this one, is kept."""
    stored = stored_text(text)
    return Change(
        (
            *_keep(f"{_OF_STEP} AND d.writer <> ? AND d.text <> ?", (*key(ref), writer, stored)),
            _newest_only("earlier_drafts", ref, EARLIER_DRAFTS),
            (
                "INSERT OR REPLACE INTO drafts (pack, lesson, step, text, saved_at, writer) VALUES (?, ?, ?, ?, ?, ?)",
                (*key(ref), stored, stored_time(when), writer),
            ),
        ),
        replaces=("draft", *key(ref)),
    )


def draft_kept(ref: StepRef) -> Change:
    return Change((*_keep(_OF_STEP, key(ref)), _newest_only("earlier_drafts", ref, EARLIER_DRAFTS)))


def draft_reset(ref: StepRef) -> Change:
    removed: Statement = (f"DELETE FROM drafts WHERE {_STEP}", key(ref))
    return Change((*draft_kept(ref).statements, removed))


def attempted(attempt: Attempt) -> Change:
    return Change(
        (
            (
                "INSERT INTO attempts (pack, lesson, step, made_at, passed, outcome, elapsed_ms, explanation) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *key(attempt.ref),
                    stored_time(attempt.when),
                    attempt.passed,
                    attempt.outcome,
                    attempt.elapsed_ms,
                    attempt.explanation,
                ),
            ),
            _newest_only("attempts", attempt.ref, ATTEMPTS),
        )
    )


def answered(answer: Answer) -> Change:
    values = (*key(answer.ref), stored_time(answer.when), stored_text(answer.given), answer.correct)
    return Change(
        (
            ("INSERT INTO answers (pack, lesson, step, made_at, given, correct) VALUES (?, ?, ?, ?, ?, ?)", values),
            _newest_only("answers", answer.ref, ATTEMPTS),
        )
    )


def step_done(ref: StepRef, when: datetime) -> Change:
    """The first time stays."""
    sql = "INSERT OR IGNORE INTO done (pack, lesson, step, done_at) VALUES (?, ?, ?, ?)"
    return Change(((sql, (*key(ref), stored_time(when))),))


def hint_opened(ref: StepRef, count: int) -> Change:
    sql = (
        "INSERT INTO hints (pack, lesson, step, opened) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (pack, lesson, step) DO UPDATE SET opened = max(opened, excluded.opened)"
    )
    return Change(((sql, (*key(ref), count)),))


def solution_seen(ref: StepRef, when: datetime) -> Change:
    sql = "INSERT OR IGNORE INTO solutions (pack, lesson, step, seen_at) VALUES (?, ?, ?, ?)"
    return Change(((sql, (*key(ref), stored_time(when))),))


def place_reached(ref: StepRef) -> Change:
    """Turns are counted, not timed: a clock that jumps back must not bring an older place forward."""
    sql = (
        "INSERT OR REPLACE INTO places (pack, lesson, step, turn) "
        "SELECT ?, ?, ?, coalesce(max(turn), 0) + 1 FROM places"
    )
    return Change(((sql, key(ref)),), replaces=("place", ref.pack))


def setting_chosen(name: str, value: str) -> Change:
    return Change((("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value)),))


def progress_reset(pack: str | None, lesson: str | None, step: str | None, forget: bool) -> Change:
    """Forget what was done in the part named; drafts move to the earlier ones, or go too with ``forget``."""
    named = {"pack": pack, "lesson": lesson, "step": step}
    chosen = {name: value for name, value in named.items() if value is not None}
    condition = " AND ".join(f"{name} = ?" for name in chosen) or "TRUE"
    values = tuple(chosen.values())
    kept = () if forget else _keep(" AND ".join(f"d.{name} = ?" for name in chosen) or "TRUE", values)
    tables = [table for table in TABLES_BY_STEP if forget or table != "earlier_drafts"]
    removed: list[Statement] = [(f"DELETE FROM {table} WHERE {condition}", values) for table in (*tables, "places")]
    return Change((*kept, *removed))


def draft_rescued(ref: StepRef, rescued: EarlierDraft, writer: str, is_newer: bool) -> Change:
    """A draft out of a plain file: the draft again when it is the newer one, else among the earlier ones."""
    if is_newer:
        return draft_saved(ref, rescued.text, rescued.when, writer)
    stored = stored_text(rescued.text)
    sql = (
        "INSERT INTO earlier_drafts (pack, lesson, step, text, saved_at) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS "
        "(SELECT 1 FROM drafts WHERE pack = ?1 AND lesson = ?2 AND step = ?3 AND text = ?4)"
    )
    return Change(
        (
            (sql, (*key(ref), stored, stored_time(rescued.when))),
            _newest_only("earlier_drafts", ref, EARLIER_DRAFTS),
        )
    )
