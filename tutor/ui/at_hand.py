"""The lesson opened last, kept ready for the next start.

Reading YAML takes longer than painting the first frame. So the lesson on the screen is put beside the learner's progress
as JSON, with the size and time of every file it came from; the next start takes it from there while these are the same.
Whatever is wrong with that file, the lesson is read from its pack, as if there were none.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from tutor import __version__
from tutor.packs import format as types
from tutor.packs.format import LEFT_OUT, Lesson
from tutor.words import language

FILE_NAME: Final = "lesson-at-hand.json"
PARTS: Final = tuple(each for each in vars(types).values() if isinstance(each, type) and is_dataclass(each))
LARGEST: Final = 4 << 20
"""Bytes read at most."""


@dataclass(frozen=True)
class AtHand:
    """A lesson, the id of its pack, and the folder it is in."""

    pack: str
    folder: Path
    lesson: Lesson


def put(beside: Path, hand: AtHand, file: str) -> None:
    """Keep the lesson read from ``file``; what cannot be kept faithfully, or at all, is not kept."""
    with suppress(OSError, TypeError, ValueError):
        coded = json.dumps(_coded(hand.lesson))
        if _decoded(json.loads(coded)) != hand.lesson:
            return
        kept = {**_circumstances(hand.folder, file), "pack": hand.pack, "folder": str(hand.folder), "file": file}
        beside.mkdir(parents=True, exist_ok=True)
        fresh = beside / f"{FILE_NAME}.{os.getpid()}"
        fresh.write_text(f"{json.dumps(kept)}\n{coded}", encoding="utf-8")
        fresh.replace(beside / FILE_NAME)


def get(beside: Path, ref: str, lesson: str) -> AtHand | None:
    """The lesson of the pack ``ref``, an id or a folder, if it was kept and would still be read the same."""
    path = beside / FILE_NAME
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        if path.stat().st_size > LARGEST:
            return None
        head, _newline, coded = path.read_text(encoding="utf-8").partition("\n")
        kept = json.loads(head)
        pack, folder = kept["pack"], Path(kept["folder"])
        if ref != pack and Path(ref).absolute() != folder:
            return None
        if any(kept[name] != value for name, value in _circumstances(folder, kept["file"]).items()):
            return None
        found = _decoded(json.loads(coded))
        return AtHand(pack, folder, found) if isinstance(found, Lesson) and found.id == lesson else None
    return None


def _circumstances(folder: Path, file: str) -> dict[str, Any]:
    """All that decides how a lesson is read and which pack an id means; files by size and time."""
    within = Path(file)
    places = [*folder.glob("pack.*"), *(folder / within.parent).glob(f"{within.stem}.*"), *_installed()]
    return {
        "version": __version__,
        "language": language(),
        "packs": os.environ.get("TUTOR_PACKS", ""),
        "files": [[str(each), each.stat().st_size, each.stat().st_mtime_ns] for each in sorted(places)],
    }


def _installed() -> list[Path]:
    """The folder of installed packs, whose time changes when one comes or goes; it need not exist."""
    from platformdirs import user_data_path  # noqa: PLC0415 - one of its modules, the one for this platform

    folder = user_data_path("tutor", appauthor=False) / "packs"
    return [folder] if folder.is_dir() else []


def _coded(value: Any) -> Any:
    """A part of a lesson as JSON: parts carry the name of their type, tuples are told from lists."""
    if value is LEFT_OUT:
        return {"=": "left out"}
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: _coded(getattr(value, field.name)) for field in fields(value)}
        return {"=": type(value).__name__, **given}
    if isinstance(value, tuple):
        return {"=": "tuple", "of": [_coded(item) for item in value]}
    if isinstance(value, list):
        return [_coded(item) for item in value]
    if isinstance(value, dict):
        raise TypeError("no part of a lesson is a mapping")
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.pop("=")
    if name == "left out":
        return LEFT_OUT
    if name == "tuple":
        return tuple(_decoded(item) for item in value["of"])
    kind: Any = getattr(types, name)
    if not isinstance(kind, type) or not issubclass(kind, PARTS):
        raise TypeError(name)
    return kind(**{key: _decoded(item) for key, item in value.items()})
