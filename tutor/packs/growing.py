"""From ruamel.yaml's events to a tree, within bounds.

Tags, duplicate keys, merge keys, several documents and recursive aliases are refused; so is a file that would hold more
than :data:`MAX_NODES` values with its aliases written out, counted before anything is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from tutor.packs.problem import Problem, quoted
from tutor.packs.source import Source
from tutor.packs.tree import Items, Mapping, Node, Scalar, Style, plain_value, size
from tutor.words import _

MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 32


class UnusableError(Exception):
    """The file cannot be read on from here."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class Growth:
    """A tree as it grows. ``root`` is None for an empty file."""

    def __init__(self, source: Source, mended: Collection[int] = ()) -> None:
        """``mended``: the offsets of values that were made readable so that the rest could be read."""
        self.source = source
        self.mended = mended
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[Items | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._names: list[str | None] = []
        self._anchors: dict[str, Node] = {}
        self._unused: dict[str, Scalar] = {}
        self._nodes = 0
        self._documents = 0
        self._on: dict[str, Callable[[Any], None]] = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": self._mapping,
            "SequenceStartEvent": self._items,
            "MappingEndEvent": self._end,
            "SequenceEndEvent": self._end,
            "AliasEvent": self._alias,
            "DocumentStartEvent": self._document,
        }

    def grow(self, events: Iterable[Any]) -> None:
        """Take all events. Raises UnusableError beyond the bounds, and whatever the parser raises."""
        for event in events:
            if on := self._on.get(type(event).__name__):
                on(event)
        for scalar in self._unused.values():
            message = _("found `&` at the start of a value; expected text in quotes: without them `&` names the value")
            self._say(scalar.start, message, "anchor")

    def columns(self) -> list[int]:
        """Return the columns at which the lists and mappings still open began."""
        return sorted({self.source.place(node.start)[1] for node in self._open})

    def _say(self, offset: int, message: str, code: str) -> None:
        self.problems.append(self.source.problem(offset, message, code))

    def _refuse(self, offset: int, message: str, code: str) -> UnusableError:
        return UnusableError(self.source.problem(offset, message, code))

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = _("found a second document after `---`; expected one document in a file")
            raise self._refuse(event.start_mark.index, message, "documents")

    def _scalar(self, event: Any) -> None:
        start = event.start_mark.index
        self._check_tag(event)
        self._count(start)
        text = str(event.value)
        style: Style = event.style or "plain"
        if start in self.mended:
            scalar = Scalar(start, event.end_mark.index, "", "unknown", "")
        else:
            scalar = Scalar(start, event.end_mark.index, text, style, plain_value(text) if style == "plain" else text)
        if event.anchor:
            self._anchors[event.anchor] = scalar
            if style == "plain":
                self._unused[event.anchor] = scalar
        self._add(scalar)

    def _mapping(self, event: Any) -> None:
        self._begin(Mapping(event.start_mark.index, event.end_mark.index), event)

    def _items(self, event: Any) -> None:
        self._begin(Items(event.start_mark.index, event.end_mark.index), event)

    def _begin(self, node: Items | Mapping, event: Any) -> None:
        self._check_tag(event)
        self._count(node.start)
        if len(self._open) >= MAX_DEPTH:
            message = _("found lists or mappings nested more than {depth} deep; expected a few levels")
            raise self._refuse(node.start, message.format(depth=MAX_DEPTH), "too-deep")
        self._open.append(node)
        self._keys.append(None)
        self._names.append(event.anchor)

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        self._keys.pop()
        node.end = event.end_mark.index
        children = node.items if isinstance(node, Items) else [value for _key, value in node.pairs]
        node.size = 1 + sum(map(size, children))
        name = self._names.pop()
        if name:
            self._anchors[name] = node
        self._add(node)

    def _alias(self, event: Any) -> None:
        start, name = event.start_mark.index, event.anchor
        self._unused.pop(name, None)
        if name in self._names:
            message = _("found {alias} inside the value that it stands for; expected it outside")
            raise self._refuse(start, message.format(alias=quoted(f"*{name}")), "recursive-alias")
        node = self._anchors.get(name)
        if node is None:
            message = _(
                "found {alias}, an alias that nothing above defines; expected quotes around text that begins with `*`"
            )
            self._say(start, message.format(alias=quoted(f"*{name}")), "alias")
            node = Scalar(start, event.end_mark.index, "", "unknown", "")
        self._count(start, size(node))
        self._add(node)

    def _count(self, offset: int, values: int = 1) -> None:
        self._nodes += values
        if self._nodes > MAX_NODES:
            message = _("found more than {limit:,} values, aliases written out; expected far fewer in one file")
            raise self._refuse(offset, message.format(limit=MAX_NODES), "too-many")

    def _check_tag(self, event: Any) -> None:
        if event.tag is None:
            return
        offset = max(self.source.text.find("!", event.start_mark.index), 0)
        written = self.source.text[offset:].split(maxsplit=1)[0]
        message = _("found the tag {tag}; expected none: text that begins with `!` needs quotes")
        self._say(offset, message.format(tag=quoted(written)), "tag")

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        key = self._keys[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        elif key is None:
            self._keys[-1] = self._as_key(node)
        else:
            self._keys[-1] = None
            self._add_pair(parent, key, node)

    def _as_key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        message = _("found a list or a mapping where a key stands; expected a name, such as `text:`")
        self._say(node.start, message, "key")
        return Scalar(node.start, node.end, "", "unknown", "")

    def _add_pair(self, parent: Mapping, key: Scalar, node: Node) -> None:
        first = next((name for name, _node in parent.pairs if name.text == key.text), None)
        if first is not None and key.style != "unknown":
            line = self.source.place(first.start)[0]
            message = _("found the key {key} a second time; expected it once: it stands on line {line} already")
            self._say(key.start, message.format(key=quoted(key.text), line=line), "duplicate-key")
        elif key.text == "<<" and key.style == "plain":
            message = _("found a merge key, `<<`; expected the keys written out: YAML 1.2 has no merge keys")
            self._say(key.start, message, "merge-key")
        else:
            parent.pairs.append((key, node))
