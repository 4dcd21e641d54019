"""Everything stored, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tutor.progress.schema import COLUMNS
from tutor.progress.statements import loaded_text

_LEFT_OUT: Final = {"writer", "turn"}
_FLAGS: Final = {"passed", "correct"}


def exported(rows: Callable[[str], list[Any]]) -> dict[str, Any]:
    """Return each table as a list of records, and the settings as one; ``rows`` runs a query."""
    tables: dict[str, Any] = {}
    for table, columns in COLUMNS.items():
        found = rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid")
        records = [dict(zip(columns, row, strict=True)) for row in found]
        tables[table] = [_record(record) for record in records]
    tables["settings"] = {record["name"]: record["value"] for record in tables["settings"]}
    return tables


def _record(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        name: bool(value) if name in _FLAGS else loaded_text(value) if isinstance(value, bytes) else value
        for name, value in columns.items()
        if name not in _LEFT_OUT
    }
