"""Lesson packs: the format as types, loading with a place for every problem, finding packs."""

from tutor.packs.finding import FoundPack, FoundPacks, find_packs
from tutor.packs.headings import LessonHeading
from tutor.packs.loading import Loaded
from tutor.packs.opening import OpenPack, open_pack
from tutor.packs.problem import PackError, Problem

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
