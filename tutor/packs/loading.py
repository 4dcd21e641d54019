"""A file of a pack to its typed value, with the places of its parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from tutor.packs.files import shown
from tutor.packs.parsing import parse
from tutor.packs.problem import PackError, Problem, Severity
from tutor.packs.python_text import offset_in
from tutor.packs.reading import MISSING, Reading
from tutor.packs.reading import Path as Within
from tutor.packs.rules import RULES
from tutor.packs.shapes import record_shape
from tutor.packs.source import Source, read_source
from tutor.packs.tree import Node, Scalar
from tutor.words import _

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A value and where it stands. ``notes`` do not keep it from being used."""

    value: T
    source: Source
    nodes: Mapping[Within, Node] = field(repr=False)
    notes: tuple[Problem, ...] = ()

    def place(self, within: Within = (), line: int | None = None) -> tuple[int, int]:
        """Return line and column of a part, such as ``("steps", 0, "solution")``, or of the nearest part around it;
        with ``line``, those of a line (from 1) of the code that the part is."""
        while within and within not in self.nodes:
            within = within[:-1]
        node = self.nodes.get(within)
        if node is None:
            return self.source.place(0)
        if line is None or not isinstance(node, Scalar):
            return self.source.place(node.start)
        return self.source.place(offset_in(self.source, node, line, 1))

    def problem(
        self, within: Within, message: str, code: str, *, line: int | None = None, note: bool = False
    ) -> Problem:
        """Return a problem at the place of a part."""
        at_line, column = self.place(within, line)
        severity: Severity = "note" if note else "error"
        return Problem(
            file=self.source.file, line=at_line, column=column, message=message, code=code, severity=severity
        )


def load(path: Path, kind: type[T], kinds: Collection[str] | None = None) -> Loaded[T]:
    """Load the file at ``path`` as a ``kind``. Raises PackError with all of its problems.

    ``kinds``: the kinds of explanation that a foreseen mistake may name; None: any.
    """
    return loaded(read_source(path, shown(path)), kind, kinds)


def loaded(
    source: Source, kind: type[T], kinds: Collection[str] | None = None, elsewhere: frozenset[str] = frozenset()
) -> Loaded[T]:
    """Read ``source`` as a ``kind`` (Lesson, Pack, or the words of one). Raises PackError with all of its problems."""
    parsed = parse(source)
    if parsed.root is None:
        problems = parsed.problems or (_empty(source, kind),)
        raise PackError(sorted(problems))
    return read(source, parsed.root, kind, parsed.problems, kinds, elsewhere)


def read(
    source: Source,
    root: Node,
    kind: type[T],
    before: tuple[Problem, ...] = (),
    kinds: Collection[str] | None = None,
    elsewhere: frozenset[str] = frozenset(),
) -> Loaded[T]:
    """Read the tree of ``source`` as a ``kind``; ``before`` are the problems found when parsing it.

    ``elsewhere``: keys that the format knows, but that have no place in this sort of file.
    """
    reading = Reading(source, RULES, elsewhere, kinds)
    value = reading.read(record_shape(kind), root)
    problems = sorted((*before, *reading.problems))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or value is MISSING:
        raise PackError(problems)
    return Loaded(value, source, reading.nodes, tuple(problems))


def _empty(source: Source, kind: type[T]) -> Problem:
    first = record_shape(kind).fields[0].name
    message = _("found an empty file; expected keys and values, beginning with `{first}: ...`")
    return source.problem(0, message.format(first=first), "empty")
