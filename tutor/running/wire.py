"""Turns decoded MessagePack back into frozen dataclasses, and refuses whatever does not fit their types.

The readers are made from the types' own annotations, so a field added to :class:`tutor.autograd.Observation` travels
without a word here. Texts pass :func:`tutor.text.safe` on the way in.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from tutor.autograd import TensorValue
from tutor.text import safe

Read: TypeAlias = Callable[[Any, int], Any]

ITEM_BYTES: Final = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}
"""Bytes of an element, by the storage that a tensor's data may travel as."""


class NotThatShape(Exception):  # noqa: N818 -- it names what was seen
    """A decoded value that the type does not allow."""


def reader(of: type[Any], *, most_nesting: int, clean: bool = True) -> Callable[[Any], Any]:
    """A function from decoded MessagePack to ``of``. It raises NotThatShape."""
    read = _Readers(clean).of(of)
    return lambda value: read(value, most_nesting)


class _Readers:
    def __init__(self, clean: bool) -> None:
        self._clean = clean
        self._known: dict[Any, Read] = {}

    def of(self, annotation: Any) -> Read:
        """The reader of one type. Recursive types meet themselves here, through the table of known ones."""
        if annotation in self._known:
            return self._known[annotation]
        made: Read

        def itself(value: Any, depth: int) -> Any:
            return made(value, depth)

        self._known[annotation] = itself
        made = self._make(annotation)
        self._known[annotation] = made
        return made

    def _make(self, annotation: Any) -> Read:
        origin = get_origin(annotation)
        if dataclasses.is_dataclass(annotation):
            return self._record(annotation)
        if origin in (Union, types.UnionType):
            return self._union(get_args(annotation))
        if origin is Literal:
            return _one_of(get_args(annotation))
        if origin is tuple:
            return self._row(get_args(annotation))
        if origin is frozenset:
            return self._set(get_args(annotation)[0])
        if origin is dict:
            return self._mapping(*get_args(annotation))
        if annotation is str:
            return self._text
        if annotation is float:
            return _number
        return _exactly(annotation)

    def _text(self, value: Any, _depth: int) -> str:
        if type(value) is not str:
            raise NotThatShape(f"{type(value).__name__} where a text belongs")
        return safe(value) if self._clean else value

    def _record(self, of: Any) -> Read:
        hints = get_type_hints(of)
        fields = {field.name: self.of(hints[field.name]) for field in dataclasses.fields(of)}
        needed = {
            field.name
            for field in dataclasses.fields(of)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
        check = _whole_tensor if of is TensorValue else None

        def read(value: Any, depth: int) -> Any:
            if type(value) is not dict:
                raise NotThatShape(f"{type(value).__name__} where a {of.__name__} belongs")
            if depth <= 0:
                raise NotThatShape("values nested too deep")
            if not needed <= value.keys() <= fields.keys():
                raise NotThatShape(f"a {of.__name__} with other fields")
            made = of(**{name: fields[name](part, depth - 1) for name, part in value.items()})
            if check is not None:
                check(made)
            return made

        return read

    def _union(self, members: tuple[Any, ...]) -> Read:
        tagged = {_tag(member): self.of(member) for member in members if dataclasses.is_dataclass(member)}
        others = {member: self.of(member) for member in members if not dataclasses.is_dataclass(member)}
        plain = {member: read for member, read in others.items() if isinstance(member, type)}
        rows = [read for member, read in others.items() if get_origin(member) is tuple]
        mappings = [read for member, read in others.items() if get_origin(member) is dict]

        def read(value: Any, depth: int) -> Any:
            found = plain.get(type(value))
            if found is None and type(value) is dict:
                found = tagged.get(value.get("type")) or tagged.get(None) or next(iter(mappings), None)
            if found is None and type(value) is list:
                found = next(iter(rows), None)
            if found is None and type(value) is int:
                found = plain.get(float)
            if found is None:
                raise NotThatShape(f"an unexpected {type(value).__name__}")
            return found(value, depth)

        return read

    def _row(self, members: tuple[Any, ...]) -> Read:
        if members[-1] is not Ellipsis:
            fixed = [self.of(member) for member in members]
            return lambda value, depth: tuple(
                read(part, depth - 1) for read, part in zip(fixed, _list(value, depth, len(fixed)), strict=True)
            )
        each = self.of(members[0])
        return lambda value, depth: tuple([each(part, depth - 1) for part in _list(value, depth)])

    def _set(self, member: Any) -> Read:
        each = self.of(member)
        return lambda value, depth: frozenset(each(part, depth - 1) for part in _list(value, depth))

    def _mapping(self, key: Any, member: Any) -> Read:
        name, each = self.of(key), self.of(member)

        def read(value: Any, depth: int) -> dict[Any, Any]:
            if type(value) is not dict or depth <= 0:
                raise NotThatShape("a mapping was expected")
            return {name(key, depth - 1): each(part, depth - 1) for key, part in value.items()}

        return read


def _tag(record: Any) -> str | None:
    hint = get_type_hints(record).get("type")
    return get_args(hint)[0] if get_origin(hint) is Literal else None


def _list(value: Any, depth: int, length: int | None = None) -> list[Any]:
    if type(value) is not list or depth <= 0 or (length is not None and len(value) != length):
        raise NotThatShape("a list of another length or depth was expected")
    return value


def _one_of(allowed: tuple[Any, ...]) -> Read:
    def read(value: Any, _depth: int) -> Any:
        if type(value) not in (str, int) or value not in allowed:
            raise NotThatShape("a word that is not in the vocabulary")
        return value

    return read


def _number(value: Any, _depth: int) -> float:
    if type(value) is not float and type(value) is not int:
        raise NotThatShape(f"{type(value).__name__} where a number belongs")
    return float(value)


def _exactly(of: Any) -> Read:
    def read(value: Any, _depth: int) -> Any:
        if type(value) is not of:
            raise NotThatShape(f"{type(value).__name__} where {of.__name__} belongs")
        return value

    return read


def _whole_tensor(tensor: TensorValue) -> None:
    """Data must be as many bytes as shape and storage say: whoever reads it later may rely on that."""
    size = ITEM_BYTES.get(tensor.storage)
    if size is None or any(length < 0 for length in tensor.shape):
        raise NotThatShape("a tensor of an impossible shape or storage")
    for length in tensor.shape:
        size *= length
    if tensor.data is not None and len(tensor.data) != size:
        raise NotThatShape("a tensor whose data do not fill its shape")
