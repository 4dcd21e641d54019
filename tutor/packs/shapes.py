"""What the types of the format say a file must look like. Loader, messages and JSON Schema follow from this reading."""

from __future__ import annotations

import types
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from tutor.packs.format import Holds


@dataclass(frozen=True)
class TextShape:
    holds: Holds


@dataclass(frozen=True)
class NumberShape:
    """A tolerance: a number, zero or more."""


@dataclass(frozen=True)
class FlagShape:
    """true or false."""


@dataclass(frozen=True)
class ConstantShape:
    value: str | int


@dataclass(frozen=True)
class ListShape:
    of: Shape


@dataclass(frozen=True)
class FieldShape:
    name: str
    shape: Shape
    required: bool
    default: Any


@dataclass(frozen=True)
class RecordShape:
    type: type[Any]
    fields: tuple[FieldShape, ...]

    def field(self, name: str) -> FieldShape | None:
        return next((one for one in self.fields if one.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields)


@dataclass(frozen=True)
class ChoiceShape:
    """One of several records, told apart by the value of the key ``kind``, or by which of the ``marks`` is there."""

    records: tuple[RecordShape, ...]
    marks: tuple[str, ...]
    by_kind: bool

    def named(self, mark: str) -> RecordShape:
        return self.records[self.marks.index(mark)]


Shape: TypeAlias = TextShape | NumberShape | FlagShape | ConstantShape | ListShape | RecordShape | ChoiceShape


def record_shape(of: type[Any]) -> RecordShape:
    """Return the shape of a dataclass of the format. Raises TypeError for a field of no known shape."""
    if of not in _known:
        _known[of] = _record(of)
    return _known[of]


_known: dict[type[Any], RecordShape] = {}


def _record(of: type[Any]) -> RecordShape:
    found = []
    for one in fields(of):
        required = one.default is MISSING
        found.append(FieldShape(one.name, _shape(one.type), required, None if required else one.default))
    return RecordShape(of, tuple(found))


def _shape(annotation: Any) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return TextShape(next(one for one in annotation.__metadata__ if isinstance(one, Holds)))
    if origin is Literal:
        return ConstantShape(arguments[0])
    if origin is tuple:
        return ListShape(_shape(arguments[0]))
    if origin in {Union, types.UnionType}:
        known = [one for one in arguments if one is not type(None)]
        return _shape(known[0]) if len(known) == 1 else _choice(known)
    if annotation is bool:
        return FlagShape()
    if annotation is float:
        return NumberShape()
    if isinstance(annotation, type):
        return record_shape(annotation)
    raise TypeError(annotation)


def _choice(of: list[type[Any]]) -> ChoiceShape:
    records = tuple(map(record_shape, of))
    kinds = [record.field("kind") for record in records]
    constants = [one.shape.value for one in kinds if one and isinstance(one.shape, ConstantShape)]
    if len(constants) == len(records):
        return ChoiceShape(records, tuple(str(value) for value in constants), by_kind=True)
    return ChoiceShape(records, tuple(record.fields[0].name for record in records), by_kind=False)


def names_within(shape: Shape) -> frozenset[str]:
    """Return every key that may stand anywhere in ``shape``."""
    if isinstance(shape, ListShape):
        return names_within(shape.of)
    if isinstance(shape, ChoiceShape):
        return frozenset[str]().union(*map(names_within, shape.records))
    if isinstance(shape, RecordShape):
        return frozenset(shape.names).union(*(names_within(one.shape) for one in shape.fields))
    return frozenset()
