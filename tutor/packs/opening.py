"""Opening a pack: its title page at once, its lessons when asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tutor.packs.files import MISSING_FILE, PACK_FILE, inside, overlay_name, shown
from tutor.packs.finding import find_packs
from tutor.packs.format import Lesson, Pack
from tutor.packs.headings import LessonHeading, heading, once_each, translated_heading
from tutor.packs.loading import Loaded, load
from tutor.packs.problem import PackError, Problem, did_you_mean, listed, quoted
from tutor.packs.translation import LessonWords, PackWords, translated, translated_pack
from tutor.words import _, language

T = TypeVar("T")


@dataclass(frozen=True)
class OpenPack:
    """A pack whose ``pack.yaml`` is right. Its words are in ``language`` where a translation has them."""

    loaded: Loaded[Pack]
    folder: Path
    language: str

    @cached_property
    def pack(self) -> Pack:
        words = self._words(PACK_FILE, PackWords)
        return translated_pack(self.loaded.value, words.value) if words else self.loaded.value

    @cached_property
    def headings(self) -> tuple[LessonHeading, ...]:
        """All lessons in order, those that cannot be opened too."""
        return tuple(once_each(self._heading(number) for number in range(len(self.pack.lessons))))

    def _heading(self, number: int) -> LessonHeading:
        file = self.pack.lessons[number]
        found = heading(self.folder, file, self.loaded.place(("lessons", number)))
        if self._is_original or found.problems:
            return found
        return translated_heading(found, self.folder / overlay_name(file, self.language))

    def lesson(self, lesson_id: str) -> Lesson:
        """Load a lesson. Raises PackError with all of its problems, or when there is none of this id."""
        return self.loaded_lesson(lesson_id).value

    def loaded_lesson(self, lesson_id: str) -> Loaded[Lesson]:
        """Load a lesson together with the places of its parts. Raises PackError as :meth:`lesson` does."""
        title = self.heading(lesson_id)
        if any(problem.code == MISSING_FILE for problem in title.problems):
            raise PackError(title.problems)
        file = title.file
        found = load(inside(self.folder, file), Lesson)
        words = self._words(file, LessonWords)
        return replace(found, value=translated(found.value, words.value)) if words else found

    @property
    def _is_original(self) -> bool:
        return self.language == self.loaded.value.language

    def _words(self, file: str, kind: type[T]) -> Loaded[T] | None:
        """Return the words of a translation, None where there is none that can be used: the original's are shown then,
        and ``tutor pack check`` says what is wrong."""
        name = overlay_name(file, self.language)
        if self._is_original or not (self.folder / name).exists():
            return None
        try:
            return load(inside(self.folder, name), kind)
        except PackError:
            return None

    def heading(self, lesson_id: str) -> LessonHeading:
        """Return the heading of the first lesson called ``lesson_id``. Raises PackError when there is none."""
        for number, file in enumerate(self.pack.lessons):
            if Path(file).stem == lesson_id and (found := self._heading(number)).id == lesson_id:
                return found
        for one in self.headings:
            if one.id == lesson_id:
                return one
        ids = [one.id for one in self.headings]
        message = _("found no lesson {found} in this pack; expected one of {known}{near}").format(
            found=quoted(lesson_id), known=listed(ids[:20]), near=did_you_mean(lesson_id, ids)
        )
        raise PackError([Problem(file=shown(self.folder / PACK_FILE), message=message, code="no-such-lesson")])


def open_folder(folder: Path, wanted: str | None = None) -> OpenPack:
    """Open the pack in ``folder``. Raises PackError when its ``pack.yaml`` cannot be used."""
    return OpenPack(load(folder / PACK_FILE, Pack), folder, wanted or language())


def open_pack(ref: str | Path, language: str | None = None) -> OpenPack:
    """Open a pack: a folder, its ``pack.yaml``, or the id of one that :func:`find_packs` finds.

    ``language`` is that of the words, where a translation has them; None: the learner's.
    Raises PackError when there is no such pack, or its ``pack.yaml`` cannot be used.
    """
    path = Path(ref)
    if path.name == PACK_FILE:
        path = path.parent
    if isinstance(ref, Path) or "/" in ref or "\\" in ref or ref in {".", ".."} or (path / PACK_FILE).is_file():
        return open_folder(path, language)
    found = find_packs()
    for one in found.packs:
        if one.id == ref:
            return open_folder(one.folder, language)
    ids = [one.id for one in found.packs]
    message = _("found no pack of this name and no such folder; expected a folder or one of {known}{near}").format(
        known=listed(ids), near=did_you_mean(ref, ids)
    )
    raise PackError([Problem(file=ref, message=message, code="no-such-pack")])
