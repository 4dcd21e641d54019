"""Opening a pack: its title page at once, its lessons when asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tutor.packs.files import MISSING_FILE, PACK_FILE, inside, overlay_name, primary, shown
from tutor.packs.finding import find_packs
from tutor.packs.format import Lesson, Pack
from tutor.packs.headings import LessonHeading, heading, once_each, translated_heading
from tutor.packs.loading import Loaded, load
from tutor.packs.problem import PackError, Problem, did_you_mean, listed, quoted
from tutor.words import _, language


@dataclass(frozen=True)
class OpenPack:
    """A pack whose ``pack.yaml`` is right. Its words are in ``language`` where a translation has them."""

    loaded: Loaded[Pack]
    folder: Path
    language: str

    @cached_property
    def pack(self) -> Pack:
        overlay = self._overlay(PACK_FILE)
        if overlay is None:
            return self.loaded.value
        from tutor.packs.wording import pack_in_words  # noqa: PLC0415 - few learners need it at the start

        return pack_in_words(self.loaded.value, overlay)

    @cached_property
    def headings(self) -> tuple[LessonHeading, ...]:
        """All lessons in order, those that cannot be opened too."""
        return tuple(once_each(self._heading(number) for number in range(len(self.pack.lessons))))

    def _heading(self, number: int) -> LessonHeading:
        file = self.pack.lessons[number]
        found = heading(self.folder, file, self.loaded.place(("lessons", number)))
        overlay = None if found.problems else self._overlay(file)
        return found if overlay is None else translated_heading(found, overlay)

    def lesson(self, lesson_id: str) -> Lesson:
        """Load a lesson. Raises PackError with all of its problems, or when there is none of this id."""
        return self.loaded_lesson(lesson_id).value

    def loaded_lesson(self, lesson_id: str) -> Loaded[Lesson]:
        """Load a lesson together with the places of its parts. Raises PackError as :meth:`lesson` does."""
        title = self.heading(lesson_id)
        if any(problem.code == MISSING_FILE for problem in title.problems):
            raise PackError(title.problems)
        found = load(inside(self.folder, title.file), Lesson)
        overlay = self._overlay(title.file)
        if overlay is None:
            return found
        from tutor.packs.wording import lesson_in_words  # noqa: PLC0415

        return replace(found, value=lesson_in_words(found.value, overlay))

    def _overlay(self, file: str) -> Path | None:
        """Return the translation of ``file`` into the language asked for, None where there is none in the pack."""
        if primary(self.language) == primary(self.loaded.value.language):
            return None
        name = overlay_name(file, primary(self.language))
        try:
            return inside(self.folder, name)
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
