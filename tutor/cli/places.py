"""``PACK/LESSON/STEP`` as it is typed: PACK is an id or a folder, the last two parts are ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from tutor.packs import OpenPack, PackError, find_packs, open_pack
from tutor.packs.format import CodeStep, Lesson, PredictStep, Step
from tutor.text import safe_line
from tutor.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFound:
    """A step, with the lesson and the pack it is in."""

    pack: OpenPack
    lesson: Lesson
    step: Step

    def __str__(self) -> str:
        return f"{self.pack.pack.id}/{self.lesson.id}/{self.step.id}"


class BadPlace(click.ClickException):
    """There is no such pack, lesson or step, or it cannot be opened."""

    exit_code = 2


def find_step(place: str) -> StepFound:
    """Return the step that ``PACK/LESSON/STEP`` names.

    Raises:
        BadPlace: there is none, or its lesson cannot be used; the message says what is near it.
    """
    parts = _parts(place)
    if len(parts) < 3 or _is_folder(place) or _is_folder("/".join(parts[:-1])):
        text = _("`{place}` is not a step: write PACK/LESSON/STEP. `tutor list PACK` shows them.")
        raise BadPlace(text.format(place=safe_line(place)))
    pack = find_pack("/".join(parts[:-2]))
    lesson = find_lesson(pack, parts[-2])
    for step in lesson.steps:
        if step.id == parts[-1]:
            return StepFound(pack=pack, lesson=lesson, step=step)
    text = _("There is no step `{step}` in the lesson `{lesson}`.")
    text = text.format(step=safe_line(parts[-1]), lesson=f"{pack.pack.id}/{lesson.id}")
    raise BadPlace(text + _near(parts[-1], [step.id for step in lesson.steps]))


def find_judged_step(place: str) -> tuple[StepFound, CodeStep | PredictStep]:
    """Return a step whose answer can be judged from a file.

    Raises:
        BadPlace: there is none, or it asks for no text.
    """
    found = find_step(place)
    if isinstance(found.step, (CodeStep, PredictStep)):
        return found, found.step
    text = _("`{place}` is a {kind} step: there is nothing to judge in a file. Open it with `tutor {place}`.")
    raise BadPlace(text.format(place=found, kind=found.step.kind))


def find_place(place: str) -> None:
    """Make sure that ``PACK[/LESSON[/STEP]]`` is there.

    Raises:
        BadPlace: it is not.
    """
    parts = _parts(place)
    if _is_pack(place) or len(parts) == 1:
        find_pack(place)
    elif _is_pack("/".join(parts[:-1])) or len(parts) == 2:
        find_lesson(find_pack("/".join(parts[:-1])), parts[-1])
    else:
        find_step(place)


def find_pack_or_lesson(place: str) -> tuple[OpenPack, Lesson | None]:
    """Return the pack, and the lesson if one is named, of ``PACK[/LESSON]``.

    Raises:
        BadPlace: there is no such pack or lesson, or it is broken.
    """
    name, slash, lesson = place.rstrip("/").rpartition("/")
    if not slash or _is_pack(place):
        return find_pack(place.rstrip("/")), None
    pack = find_pack(name)
    return pack, find_lesson(pack, lesson)


def find_pack(name: str) -> OpenPack:
    """Open a pack by its id, or by its folder.

    Raises:
        BadPlace: there is none, or it is broken; the message has all its problems.
    """
    if not _is_folder(name):
        ids = [pack.id for pack in find_packs().packs]
        if name not in ids:
            text = _("There is no pack `{name}`.").format(name=safe_line(name))
            raise BadPlace(text + _near(name, ids) + " " + _("`tutor list` shows them all."))
    try:
        return open_pack(Path(name) if _is_folder(name) else name)
    except PackError as error:
        raise BadPlace(_("This pack cannot be used:") + f"\n{error}") from error


def find_lesson(pack: OpenPack, name: str) -> Lesson:
    """Load a lesson of a pack.

    Raises:
        BadPlace: there is none, or it is broken; the message has all its problems.
    """
    ids = [heading.id for heading in pack.headings]
    if name not in ids:
        text = _("There is no lesson `{lesson}` in the pack `{pack}`.")
        raise BadPlace(text.format(lesson=safe_line(name), pack=pack.pack.id) + _near(name, ids))
    try:
        return pack.lesson(name)
    except PackError as error:
        raise BadPlace(_("This lesson cannot be used:") + f"\n{error}") from error


def near_command(word: str) -> str | None:
    """Return what to say of a first word that is neither a command nor a place, None where it may be a place."""
    from tutor.cli.root import COMMANDS  # noqa: PLC0415 - it imports this module

    if "/" in word or _is_pack(word):
        return None
    near = get_close_matches(word, [*COMMANDS, *(pack.id for pack in find_packs().packs)], n=2)
    text = _("`{word}` is neither a command nor a pack.").format(word=safe_line(word))
    return text + (_near(word, near) or " " + _("`tutor --help` shows the commands, `tutor list` the packs."))


def completions(incomplete: str) -> list[CompletionItem]:
    """Packs, then their lessons, then their steps, as ``PACK/LESSON/STEP`` grows."""
    try:
        return [CompletionItem(place, help=title) for place, title in _completed(incomplete.split("/"))]
    except (BadPlace, OSError):
        return []


def _completed(parts: list[str]) -> Iterable[tuple[str, str]]:
    if len(parts) == 1:
        offered = ((pack.id, pack.pack.title) for pack in find_packs().packs)
    elif len(parts) == 2:
        offered = ((f"{parts[0]}/{heading.id}", heading.title) for heading in find_pack(parts[0]).headings)
    else:
        lesson = find_lesson(find_pack("/".join(parts[:-2])), parts[-2])
        offered = (("/".join([*parts[:-1], step.id]), step.title or step.kind) for step in lesson.steps)
    return [(place, title) for place, title in offered if place.startswith("/".join(parts))]


def _parts(place: str) -> list[str]:
    return place.rstrip("/").split("/")


def _is_pack(name: str) -> bool:
    return _is_folder(name) or name in {pack.id for pack in find_packs().packs}


def _is_folder(name: str) -> bool:
    return Path(name).is_dir() and (Path(name) / "pack.yaml").exists()


def _near(found: str, known: Iterable[str]) -> str:
    near = get_close_matches(found, list(known), n=3)
    if not near:
        return ""
    return " " + _("Did you mean {names}?").format(names=_(" or ").join(f"`{name}`" for name in near))
