"""Loading translations: words only, and each known step once."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from tutor.packs.files import shown
from tutor.packs.format import Lesson, Pack
from tutor.packs.loading import Loaded, loaded
from tutor.packs.problem import PackError
from tutor.packs.shapes import names_within, record_shape
from tutor.packs.source import read_source
from tutor.packs.translation import LessonWords, PackWords, translated, translated_pack

T = TypeVar("T")


def load_words(path: Path, kind: type[T]) -> Loaded[T]:
    """Load the translation at ``path`` (``LessonWords`` or ``PackWords``). Raises PackError with all of its problems."""
    originals = names_within(record_shape(Lesson)) | names_within(record_shape(Pack))
    return loaded(read_source(path, shown(path)), kind, elsewhere=originals)


def pack_in_words(pack: Pack, overlay: Path) -> Pack:
    """Return ``pack`` in the words of its translation; as it is when that cannot be used, which a check of it says."""
    words = _usable(overlay, PackWords)
    return pack if words is None else translated_pack(pack, words)


def lesson_in_words(lesson: Lesson, overlay: Path) -> Lesson:
    """Return ``lesson`` in the words of its translation; as it is when that cannot be used."""
    words = _usable(overlay, LessonWords)
    return lesson if words is None else translated(lesson, words)


def _usable(overlay: Path, kind: type[T]) -> T | None:
    try:
        return load_words(overlay, kind).value
    except PackError:
        return None
