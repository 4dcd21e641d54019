"""The packs at hand, opened when they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.packs.problem import PackError, Problem
from tutor.text import safe_line
from tutor.ui import at_hand
from tutor.words import _

if TYPE_CHECKING:
    from tutor.packs import FoundPacks, OpenPack
    from tutor.packs.format import Lesson


def _find() -> FoundPacks:
    from tutor.packs.finding import find_packs  # noqa: PLC0415 - the lesson at hand opens without it

    return find_packs()


def _open(ref: str | Path) -> OpenPack:
    from tutor.packs.opening import open_pack  # noqa: PLC0415 - the lesson at hand opens without it

    return open_pack(ref)


@dataclass
class Shelf:
    """Packs are looked for once, when first asked for; an opened pack stays open."""

    find: Callable[[], FoundPacks] = _find
    open_ref: Callable[[str | Path], OpenPack] = _open
    beside: Path | None = None
    """The folder in which the lesson opened last is kept ready."""
    _opened: dict[str, OpenPack] = field(default_factory=dict)
    _lessons: dict[tuple[str, str], Lesson] = field(default_factory=dict)
    _folders: dict[str, Path] = field(default_factory=dict)
    """Where packs are whose lesson was at hand, so that they were not opened yet."""

    @cached_property
    def found(self) -> FoundPacks:
        return self.find()

    def pack(self, ref: str | Path) -> OpenPack:
        """A pack by its id or folder. Raises PackError."""
        key = str(ref)
        if key not in self._opened:
            opened = self.open_ref(self._folders.get(key, ref))
            self._opened[key] = self._opened[opened.pack.id] = opened
        return self._opened[key]

    def folder(self, pack: str) -> Path:
        """Where a pack lies. Raises PackError."""
        return self._folders[pack] if pack in self._folders else self.pack(pack).folder

    def lesson(self, pack: str, lesson: str) -> Lesson:
        """Raises PackError."""
        if (pack, lesson) not in self._lessons and self._take_at_hand(pack, lesson) is None:
            self._lessons[pack, lesson] = self.pack(pack).lesson(lesson)
        return self._lessons[pack, lesson]

    def _take_at_hand(self, ref: str, lesson: str) -> str | None:
        """The id of the pack, if this lesson of it is at hand."""
        hand = at_hand.get(self.beside, ref, lesson) if self.beside is not None and ref not in self._opened else None
        if hand is None:
            return None
        self._lessons[hand.pack, lesson] = hand.lesson
        self._folders[hand.pack] = hand.folder
        return hand.pack

    def keep_at_hand(self, pack: str, lesson: str) -> None:
        """Keep an opened lesson ready for the next start."""
        if self.beside is not None and pack not in self._folders:
            opened = self.pack(pack)
            file = opened.heading(lesson).file
            at_hand.put(self.beside, at_hand.AtHand(pack, opened.folder.absolute(), self.lesson(pack, lesson)), file)

    def next_lesson(self, pack: str, lesson: str) -> str | None:
        """The id of the lesson after this one, None after the last."""
        ids = [heading.id for heading in self.pack(pack).headings]
        after = ids.index(lesson) + 1 if lesson in ids else len(ids)
        return ids[after] if after < len(ids) else None

    def lesson_titles(self, pack: str) -> tuple[tuple[str, str], ...]:
        """Ids and titles, in order."""
        return tuple((heading.id, heading.title) for heading in self.pack(pack).headings)

    def place(self, text: str) -> tuple[str, str | None, str | None]:
        """``PACK[/LESSON[/STEP]]`` as ids; PACK may be a folder. Raises PackError when there is no such pack."""
        if Path(text).is_dir():
            return self.pack(Path(text)).pack.id, None, None
        parts = text.split("/")
        for kept in (2, 1):
            folder = "/".join(parts[:-kept])
            if folder and (Path(folder) / "pack.yaml").is_file():
                lesson, step = parts[-kept], parts[-1] if kept == 2 else None
                return self._take_at_hand(folder, lesson) or self.pack(Path(folder)).pack.id, lesson, step
        pack, lesson_id, step_id = (*parts, "", "")[:3]
        known = self._take_at_hand(pack, lesson_id) if lesson_id else None
        return known or self.pack(pack).pack.id, lesson_id or None, step_id or None

    def checked_place(self, text: str) -> tuple[str, str | None, str | None]:
        """As :meth:`place`. Raises PackError when the lesson cannot be opened or has no such step, too."""
        pack, lesson, step = self.place(text)
        if lesson is not None:
            ids = [each.id for each in self.lesson(pack, lesson).steps]
            if step is not None and step not in ids:
                message = _("found no step {found} in lesson {lesson}; expected one of {known}")
                words = message.format(found=safe_line(step), lesson=lesson, known=", ".join(ids))
                raise PackError([Problem(file=text, message=words, code="no-such-step")])
        return pack, lesson, step
