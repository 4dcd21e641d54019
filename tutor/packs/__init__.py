"""Lesson packs: the format as types, loading with a place for every problem, finding packs.

The names below are imported when they are first used: who needs only the types of a lesson does not wait for YAML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tutor.packs.finding import FoundPack, FoundPacks, find_packs
    from tutor.packs.headings import LessonHeading
    from tutor.packs.loading import Loaded
    from tutor.packs.opening import OpenPack, open_pack
    from tutor.packs.problem import PackError, Problem

_HOMES: Final = {
    "FoundPack": "finding",
    "FoundPacks": "finding",
    "LessonHeading": "headings",
    "Loaded": "loading",
    "OpenPack": "opening",
    "PackError": "problem",
    "Problem": "problem",
    "find_packs": "finding",
    "open_pack": "opening",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"tutor.packs.{_HOMES[name]}"), name)


__all__ = [
    "FoundPack",
    "FoundPacks",
    "LessonHeading",
    "Loaded",
    "OpenPack",
    "PackError",
    "Problem",
    "find_packs",
    "open_pack",
]
