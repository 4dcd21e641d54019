"""What the table of contents shows of a lesson, without reading the whole of it.

Nearly all lessons begin with ``id``, ``title`` and ``summary`` on a line each. Where a file surely does, these lines
are taken as they stand; otherwise YAML decides: on the part before ``steps:`` first, and on the whole file if that is
not enough.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePath
from typing import Final, TypeVar

from tutor.packs.files import PACK_FILE, inside, named_at, shown
from tutor.packs.format import Slug, Words
from tutor.packs.loading import loaded, read
from tutor.packs.parsing import parse
from tutor.packs.problem import PackError, Problem, quoted
from tutor.packs.shapes import record_shape
from tutor.packs.source import Source, decoded, read_source, read_start
from tutor.packs.tree import Mapping, plain_value
from tutor.text import safe_line
from tutor.words import _

T = TypeVar("T")

_READ_FIRST: Final = 2048
_STEPS: Final = re.compile(r"^steps:", re.MULTILINE)
_ENTRY: Final = re.compile(r"(id|title|summary): +(\S.*?) *\Z")
_BLOCKS: Final = frozenset({"|", "|-", "|+", ">", ">-", ">+"})
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonHeading:
    """What a table of contents shows; title and summary are a line each.

    A lesson that cannot be opened has ``problems``; the others stay usable.
    """

    id: str
    title: str
    summary: str
    file: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWords:
    """The first fields of a translation."""

    title: Words | None = None
    summary: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first fields of a lesson."""

    id: Slug
    title: Words
    summary: Words


def heading(folder: Path, file: str, place: tuple[int, int] = (1, 1)) -> LessonHeading:
    """Return the heading of the lesson ``file`` of the pack in ``folder``, named at ``place`` in its ``pack.yaml``.

    Total: problems are in the heading.
    """
    try:
        path = inside(folder, file)
        known = _quick(path)
        if len(known) < 3 or not _ID.match(known["id"]):
            known = asdict(_careful(path, Head))
        title, summary = safe_line(known["title"]), safe_line(known["summary"])
    except PackError as error:
        stem = safe_line(PurePath(file).stem)
        problems = named_at(error.problems, shown(folder / PACK_FILE), place)
        return LessonHeading(id=stem, title=stem, summary="", file=file, problems=problems)
    return LessonHeading(id=known["id"], title=title, summary=summary, file=file)


def translated_heading(original: LessonHeading, overlay: Path) -> LessonHeading:
    """Return ``original`` in the words of a translation, as far as it has them and can be read."""
    known: dict[str, str | None] = dict(_quick(overlay))
    if not known:
        try:
            known = asdict(_careful(overlay, HeadWords))
        except PackError:
            return original
    title, summary = known.get("title") or original.title, known.get("summary") or original.summary
    return replace(original, title=safe_line(title), summary=safe_line(summary))


def once_each(headings: Iterable[LessonHeading]) -> Iterator[LessonHeading]:
    """Yield ``headings``; one whose id an earlier one has, with the problem that it can never be opened."""
    first: dict[str, str] = {}
    for one in headings:
        other = first.setdefault(one.id, one.file)
        if other == one.file:
            yield one
            continue
        message = _("found the lesson id {id} a second time; expected each once: {other} has it already")
        text = message.format(id=quoted(one.id), other=quoted(other))
        yield replace(one, problems=(*one.problems, Problem(file=one.file, message=text, code="duplicate-id")))


def _quick(path: Path) -> dict[str, str]:
    """Return id, title and summary where they stand in a form that can only mean one thing; else nothing."""
    try:
        text = decoded(read_start(path, _READ_FIRST).rpartition(b"\n")[0], "").text
    except PackError:
        return {}
    known: dict[str, str] = {}
    block = ""
    for line in text.split("\n"):
        if line.startswith("steps:"):
            return known if all(value.strip() for value in known.values()) else {}
        entry = _ENTRY.match(line)
        if block and (not line or line[0] == " "):
            known[block] += f" {line.strip()}"
        elif entry is None:
            block = ""
            if line and not line.startswith("#"):
                return {}
        else:
            value = "" if entry[2] in _BLOCKS else _surely(entry[2])
            if value is None or entry[1] in known:
                return {}
            known[entry[1]] = value
            block = "" if value else entry[1]
    return {}


def _surely(written: str) -> str | None:
    """Return the text that ``written`` means in YAML, None unless it is plain to see."""
    first, last = written[0], written[-1]
    if first in "'\"":
        inner = written[1:-1]
        plain = len(written) > 1 and first == last and first not in inner and "\\" not in inner
        return inner if plain and inner.strip() else None
    if not first.isalpha() or ": " in written or " #" in written or "\t" in written or last == ":":
        return None
    return written if isinstance(plain_value(written), str) else None


def _careful(path: Path, kind: type[T]) -> T:
    source = read_source(path, shown(path))
    steps = _STEPS.search(source.text)
    if steps and steps.start():
        try:
            return _fields(replace(source, text=source.text[: steps.start()]), kind)
        except PackError:
            pass
    return _fields(source, kind)


def _fields(source: Source, kind: type[T]) -> T:
    parsed = parse(source)
    root = parsed.root
    if root is None:
        return loaded(source, kind).value
    if isinstance(root, Mapping):
        wanted = record_shape(kind).names
        root.pairs = [pair for pair in root.pairs if pair[0].text in wanted]
    return read(source, root, kind, parsed.problems).value
