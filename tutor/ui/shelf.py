"""The packs at hand, opened when they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.packs import PackError, Problem, find_packs, open_pack
from tutor.text import safe_line
from tutor.words import _

if TYPE_CHECKING:
    from tutor.packs import FoundPacks, OpenPack
    from tutor.packs.format import Lesson


@dataclass
class Shelf:
    """Packs are looked for once, when first asked for; an opened pack stays open."""

    find: Callable[[], FoundPacks] = find_packs
    open_ref: Callable[[str | Path], OpenPack] = open_pack
    _opened: dict[str, OpenPack] = field(default_factory=dict)
    _lessons: dict[tuple[str, str], Lesson] = field(default_factory=dict)

    @cached_property
    def found(self) -> FoundPacks:
        return self.find()

    def pack(self, ref: str | Path) -> OpenPack:
        """A pack by its id or folder. Raises PackError."""
        key = str(ref)
        if key not in self._opened:
            opened = self.open_ref(ref)
            self._opened[key] = self._opened[opened.pack.id] = opened
        return self._opened[key]

    def lesson(self, pack: str, lesson: str) -> Lesson:
        """Raises PackError."""
        if (pack, lesson) not in self._lessons:
            self._lessons[pack, lesson] = self.pack(pack).lesson(lesson)
        return self._lessons[pack, lesson]

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
                return self.pack(Path(folder)).pack.id, lesson, step
        pack, lesson_id, step_id = (*parts, "", "")[:3]
        return self.pack(pack).pack.id, lesson_id or None, step_id or None

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
