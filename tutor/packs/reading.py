"""From a tree to the values of the format: all problems at once, each at the key or value at fault."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tutor.packs.leaves import Leaves
from tutor.packs.problem import Problem, listed, near_miss, quoted, suggestion
from tutor.packs.shapes import (
    ChoiceShape,
    ConstantShape,
    FieldShape,
    FlagShape,
    ListShape,
    NumberShape,
    RecordShape,
    Shape,
    TextShape,
)
from tutor.packs.source import Source
from tutor.packs.tree import Items, Mapping, Node, Scalar
from tutor.words import _

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in its file: ``("steps", 2, "checks", 0)``."""


class Missing:
    """Stands for a value that could not be read."""


MISSING: Final = Missing()

Rule: TypeAlias = Callable[[Mapping, "Reading"], None]
"""Looks at a whole record for what no field shows alone."""


@dataclass
class Reading:
    """One reading of one file: the problems found and the places of what was read."""

    source: Source
    rules: dict[type[Any], Rule] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    """Keys that the format knows, but that have no place in this sort of file."""
    kinds: Collection[str] | None = None
    """The kinds of explanation that there are; None: any name will do."""
    problems: list[Problem] = field(default_factory=list)
    nodes: dict[Path, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._leaves = Leaves(self.source, self.say)

    def say(self, offset: int, message: str, code: str, *, note: bool = False) -> None:
        self.problems.append(self.source.problem(offset, message, code, note=note))

    def read(self, shape: Shape, node: Node, path: Path = (), key: str = "") -> Any:
        """Return the value of ``node``, or MISSING after saying what is wrong with it. ``key`` names it in messages."""
        self.nodes[path] = node
        if isinstance(node, Scalar) and node.style == "unknown":
            return MISSING
        if isinstance(shape, RecordShape):
            return self._record(shape, node, path, key)
        if isinstance(shape, ChoiceShape):
            return self._choice(shape, node, path, key)
        if isinstance(shape, ListShape):
            return self._list(shape, node, path, key)
        value = self._leaf(shape, node, key)
        return MISSING if value is None else value[0]

    def _leaf(self, shape: Shape, node: Node, key: str) -> tuple[Any] | None:
        if isinstance(shape, TextShape):
            return self._leaves.text(shape.holds, node, key)
        if isinstance(shape, NumberShape):
            return self._leaves.number(node, key)
        if isinstance(shape, FlagShape):
            return self._leaves.flag(node, key)
        if isinstance(shape, ConstantShape) and key == "kind":
            return (shape.value,)
        if isinstance(shape, ConstantShape):
            return self._leaves.constant(shape.value, node, key)
        raise TypeError(shape)

    def _list(self, shape: ListShape, node: Node, path: Path, key: str) -> Any:
        if not isinstance(node, Items):
            message = _("found {found} for `{key}`; expected a list: lines that begin with `- `")
            self.say(node.start, message.format(found=self._leaves.described(node), key=key), "list")
            return MISSING
        values = [self.read(shape.of, item, (*path, number), key) for number, item in enumerate(node.items)]
        return MISSING if any(value is MISSING for value in values) else tuple(values)

    def _choice(self, shape: ChoiceShape, node: Node, path: Path, key: str) -> Any:
        if not isinstance(node, Mapping):
            self._not_a_mapping(node, key, shape.records[0].fields[0].name)
            return MISSING
        record = self._by_kind(shape, node) if shape.by_kind else self._by_mark(shape, node)
        return MISSING if record is None else self._record(record, node, path, key)

    def _by_kind(self, shape: ChoiceShape, node: Mapping) -> RecordShape | None:
        kind = node.get("kind")
        if kind is None:
            self._unknown_keys(node, {name for record in shape.records for name in record.names})
            message = _("found a step without `kind`; expected one of {kinds}")
            self.say(node.start, message.format(kinds=listed(shape.marks)), "missing-key")
            return None
        if isinstance(kind, Scalar) and kind.text in shape.marks:
            return shape.named(kind.text)
        if not isinstance(kind, Scalar) or kind.style != "unknown":
            found = kind.text if isinstance(kind, Scalar) else ""
            message = _("found the kind {found}; expected one of {kinds}{near}")
            near = near_miss(found, shape.marks)
            text = message.format(found=quoted(found), kinds=listed(shape.marks), near=suggestion(near))
            self.say(kind.start, text, "unknown-kind")
            return shape.named(near) if near else None
        return None

    def _by_mark(self, shape: ChoiceShape, node: Mapping) -> RecordShape | None:
        marks = [name for name, _value in node.pairs if name.text in shape.marks]
        if len(marks) == 1:
            return shape.named(marks[0].text)
        if not marks:
            self._unknown_keys(node, {name for record in shape.records for name in record.names})
            message = _("found a check without any of {marks}; expected one of them")
            self.say(node.start, message.format(marks=listed(shape.marks)), "missing-key")
            return None
        message = _("found {found} in one check; expected one of them: write each as a check of its own")
        self.say(marks[1].start, message.format(found=listed(mark.text for mark in marks)), "two-checks")
        return None

    def _not_a_mapping(self, node: Node, key: str, first: str) -> None:
        message = _("found {found}{where}; expected keys and values, such as `{first}: ...`")
        where = _(" in `{key}`").format(key=key) if key else ""
        self.say(node.start, message.format(found=self._leaves.described(node), where=where, first=first), "mapping")

    def _unknown_keys(self, node: Mapping, known: set[str], within: str = "") -> set[str]:
        """Say the keys that are not ``known``; return those of ``known`` that they were probably meant to be."""
        meant: set[str] = set()
        for name, _value in node.pairs:
            if name.text in known or name.style == "unknown":
                continue
            if name.text in self.elsewhere:
                message = _("found `{key}`, which belongs in the original; expected only words here: {known}")
                self.say(name.start, message.format(key=name.text, known=listed(sorted(known))), "not-words")
                continue
            near = near_miss(name.text, sorted(known))
            meant |= {near} if near else set()
            message = _("found the unknown key {key}{within}; expected one of {known}{near}")
            text = message.format(
                key=quoted(name.text), within=within, known=listed(sorted(known)), near=suggestion(near)
            )
            self.say(name.start, text, "unknown-key")
        return meant

    def _record(self, shape: RecordShape, node: Node, path: Path, key: str) -> Any:
        if not isinstance(node, Mapping):
            self._not_a_mapping(node, key, shape.fields[0].name)
            return MISSING
        before = len(self.problems)
        meant = self._unknown_keys(node, set(shape.names), _within(node))
        values: dict[str, Any] = {}
        for one in shape.fields:
            value = self._field(one, node, path) if node.get(one.name) or one.name not in meant else None
            if value is not None:
                values[one.name] = value[0]
        if rule := self.rules.get(shape.type):
            rule(node, self)
        errors = any(problem.severity == "error" for problem in self.problems[before:])
        incomplete = errors or any(value is MISSING for value in values.values())
        return MISSING if incomplete else shape.type(**values)

    def _field(self, one: FieldShape, node: Mapping, path: Path) -> tuple[Any] | None:
        found = node.get(one.name)
        if found is None:
            if one.required:
                message = _("found no `{key}`{within}; expected it here")
                self.say(node.start, message.format(key=one.name, within=_within(node)), "missing-key")
            return None
        if one.default is None and not one.required and isinstance(found, Scalar) and found.value is None:
            return None
        return (self.read(one.shape, found, (*path, one.name), one.name),)


def _within(node: Mapping) -> str:
    """Return which part of the file is meant: `` in the step `dot` (code)``."""
    name, kind = node.get("id"), node.get("kind")
    if isinstance(kind, Scalar) and isinstance(name, Scalar):
        return _(" in the step {id} of kind {kind}").format(id=quoted(name.text), kind=quoted(kind.text))
    return ""
