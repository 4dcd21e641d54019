"""Examining a whole pack without running any of it: every file, every problem, in one report."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tutor.packs.comparing import lesson_trouble, pack_trouble
from tutor.packs.files import LESSON_ENDINGS, PACK_FILE, inside, is_overlay, leaves_folder, named_at, overlays, shown
from tutor.packs.format import CodeStep, Lesson, Pack, ValueCheck
from tutor.packs.loading import Loaded, load
from tutor.packs.parsing import parse
from tutor.packs.problem import PackError, Problem, quoted
from tutor.packs.source import read_source
from tutor.packs.translation import LessonWords, PackWords
from tutor.packs.tree import Items, Mapping, Scalar
from tutor.packs.wording import load_words
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in one file. ``lesson`` is set for a lesson that can be used."""

    file: str
    lesson: Loaded[Lesson] | None = None
    problems: tuple[Problem, ...] = ()


@dataclass
class Examination:
    """A pack under examination: iterate over it to read the files, one by one.

    ``kinds`` are the kinds of explanation that a mistake may name; None: any.
    """

    folder: Path
    kinds: Collection[str] | None = None
    pack: Pack | None = field(init=False, default=None)
    _title_page: Examined = field(init=False)
    _places: dict[str, tuple[int, int]] = field(init=False)
    """Where ``pack.yaml`` names each lesson."""

    def __post_init__(self) -> None:
        path = self.folder / PACK_FILE
        try:
            loaded = load(path, Pack)
        except PackError as error:
            self._title_page = Examined(shown(path), problems=error.problems)
            self._places = _lessons_anyway(path)
        else:
            self.pack = loaded.value
            self._places = {file: loaded.place(("lessons", number)) for number, file in enumerate(self.pack.lessons)}
            words = tuple(_pack_words(self.folder, self.pack))
            unlisted = tuple(_unlisted(self.folder, loaded))
            self._title_page = Examined(shown(path), problems=(*loaded.notes, *words, *unlisted))

    @property
    def files(self) -> tuple[str, ...]:
        """The lesson files that will be read."""
        return tuple(self._places)

    def __iter__(self) -> Iterator[Examined]:
        """Yield what is found in ``pack.yaml``, then in each lesson with its translations."""
        yield self._title_page
        ids: dict[str, str] = {}
        for file in self.files:
            yield self._lesson(file, ids)

    def _lesson(self, file: str, ids: dict[str, str]) -> Examined:
        shown_file = shown(self.folder / file)
        try:
            loaded = load(inside(self.folder, file), Lesson, self.kinds)
        except PackError as error:
            title_page = shown(self.folder / PACK_FILE)
            return Examined(shown_file, problems=named_at(error.problems, title_page, self._places[file]))
        problems = [*loaded.notes, *_without_variants(loaded), *_lesson_words(self.folder, file, loaded.value)]
        other = ids.setdefault(loaded.value.id, shown_file)
        if other != shown_file:
            message = _("found the lesson id {id} a second time; expected each once: {other} has it already")
            text = message.format(id=quoted(loaded.value.id), other=quoted(other))
            problems.append(loaded.problem(("id",), text, "duplicate-id"))
        return Examined(shown_file, loaded, tuple(problems))


def _without_variants(loaded: Loaded[Lesson]) -> Iterator[Problem]:
    for number, step in enumerate(loaded.value.steps):
        check = _gradient_check(step) if isinstance(step, CodeStep) and not step.variants else None
        if check is not None:
            message = _("found no `variants`, though {value} is checked: without them a copied gradient passes")
            text = message.format(value=quoted(check[1].value))
            yield loaded.problem(("steps", number, "checks", check[0]), text, "no-variants", note=True)


def _gradient_check(step: CodeStep) -> tuple[int, ValueCheck] | None:
    """Return the first check of a gradient with its number."""
    for number, check in enumerate(step.checks):
        if isinstance(check, ValueCheck) and check.value.rstrip(")] ").endswith(".grad"):
            return number, check
    return None


def _pack_words(folder: Path, pack: Pack) -> Iterator[Problem]:
    for _language, name in overlays(folder, PACK_FILE):
        try:
            yield from pack_trouble(load_words(inside(folder, name), PackWords), pack)
        except PackError as error:
            yield from error.problems


def _lesson_words(folder: Path, file: str, lesson: Lesson) -> Iterator[Problem]:
    for _language, name in overlays(folder, file):
        try:
            yield from lesson_trouble(load_words(inside(folder, name), LessonWords), lesson)
        except PackError as error:
            yield from error.problems


def _unlisted(folder: Path, loaded: Loaded[Pack]) -> Iterator[Problem]:
    """Yield a note for each YAML file beside ``pack.yaml`` that belongs to nothing."""
    known = {PACK_FILE, *loaded.value.lessons}
    known |= {name for file in tuple(known) for _language, name in overlays(folder, file)}
    for name in _yaml_files(folder):
        if name not in known:
            message = _("found the file {file}, which `lessons` does not name; expected it there, or not at all")
            yield loaded.problem(("lessons",), message.format(file=quoted(name)), "unlisted-file", note=True)


def _yaml_files(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in LESSON_ENDINGS)
    except OSError:
        return []


def _lessons_anyway(path: Path) -> dict[str, tuple[int, int]]:
    """Return the lessons of a pack whose ``pack.yaml`` is wrong: those it names, or else all that lie beside it."""
    try:
        source = read_source(path)
    except PackError:
        return _beside(path.parent)
    root = parse(source).root
    named = root.get("lessons") if isinstance(root, Mapping) else None
    if not isinstance(named, Items):
        return _beside(path.parent)
    files = {item.text: source.place(item.start) for item in named.items if isinstance(item, Scalar)}
    return {file: place for file, place in files.items() if file and file != PACK_FILE and not leaves_folder(file)}


def _beside(folder: Path) -> dict[str, tuple[int, int]]:
    return {name: (1, 1) for name in _yaml_files(folder) if name != PACK_FILE and not is_overlay(name)}
