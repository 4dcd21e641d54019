"""What the table of contents shows of a lesson, without reading the whole of it.

Nearly all lessons begin with ``id``, ``title`` and ``summary`` on a line each. Where a file surely does, these lines
are taken as they stand; otherwise YAML decides: on the part before ``steps:`` first, and on the whole file if that is
not enough.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from tutor.packs.files import inside, shown
from tutor.packs.format import Slug, Words
from tutor.packs.loading import loaded, read
from tutor.packs.parsing import parse
from tutor.packs.problem import PackError, Problem
from tutor.packs.source import Source, decoded, read_source
from tutor.packs.tree import Mapping, plain_value
from tutor.text import safe_line

_READ_FIRST: Final = 2048
_STEPS: Final = re.compile(r"^steps:", re.MULTILINE)
_ENTRY: Final = re.compile(r"(id|title|summary): +(\S.*?) *\Z")
_NAMES: Final = ("id", "title", "summary")
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonHeading:
    """One line of a table of contents. A lesson that cannot be opened has ``problems``; the others stay usable."""

    id: str
    title: str
    summary: str
    file: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first fields of a lesson."""

    id: Slug
    title: Words
    summary: Words


def heading(folder: Path, file: str) -> LessonHeading:
    """Return the heading of the lesson ``file`` of the pack in ``folder``. Total: problems are in the heading."""
    stem = PurePath(file).stem
    try:
        path = inside(folder, file)
        known = _quick(path) or _careful(path)
    except PackError as error:
        return LessonHeading(id=safe_line(stem), title=safe_line(stem), summary="", file=file, problems=error.problems)
    return LessonHeading(id=known["id"], title=known["title"], summary=known["summary"], file=file)


def _quick(path: Path) -> dict[str, str] | None:
    """Return id, title and summary where they stand on lines that can only mean one thing."""
    try:
        with path.open("rb") as opened:
            text = decoded(opened.read(_READ_FIRST).rpartition(b"\n")[0], "").text
    except (OSError, PackError):
        return None
    known: dict[str, str] = {}
    for line in text.split("\n"):
        if line.startswith("steps:"):
            return known if len(known) == 3 and _ID.match(known["id"]) else None
        entry = _ENTRY.match(line)
        if entry is None:
            if line and not line.startswith("#"):
                return None
            continue
        value = _surely(entry[2])
        if value is None or entry[1] in known:
            return None
        known[entry[1]] = value
    return None


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


def _careful(path: Path) -> dict[str, str]:
    source = read_source(path, shown(path))
    steps = _STEPS.search(source.text)
    if steps and steps.start():
        try:
            return _fields(replace(source, text=source.text[: steps.start()]))
        except PackError:
            pass
    return _fields(source)


def _fields(source: Source) -> dict[str, str]:
    parsed = parse(source)
    root = parsed.root
    if isinstance(root, Mapping):
        root.pairs = [pair for pair in root.pairs if pair[0].text in _NAMES]
    if root is None:
        return asdict(loaded(source, Head).value)
    return asdict(read(source, root, Head, parsed.problems).value)
