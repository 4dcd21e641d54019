"""A pack's ``equals: [0.0, 4.0]`` as a value, and as a tensor where a tensor is what it is compared with."""

from __future__ import annotations

import struct
from typing import Final

from tutor.autograd import Items, PlainValue, TensorValue, Value
from tutor.judging.elements import Number

_SPELT: Final = {
    "nan": float("nan"),
    ".nan": float("nan"),
    "inf": float("inf"),
    ".inf": float("inf"),
    "-inf": float("-inf"),
    "-.inf": float("-inf"),
}


def expression_of(equals: object) -> str | None:
    """Return the expression that an ``equals`` is, or None when it is a literal. ``nan`` and ``inf`` are literals."""
    return equals if isinstance(equals, str) and equals.strip().lower() not in _SPELT else None


def literal_value(equals: object) -> Value:
    """Return a literal of a pack (None, numbers, text, lists and mappings of them) as a value."""
    if isinstance(equals, (list, tuple)):
        return Items(python_type=type(equals).__name__, items=tuple(literal_value(item) for item in equals))
    if isinstance(equals, dict):
        items = tuple(literal_value(item) for item in equals.values())
        return Items(python_type="dict", items=items, keys=tuple(str(key) for key in equals))
    if isinstance(equals, str) and equals.strip().lower() in _SPELT:
        equals = _SPELT[equals.strip().lower()]
    if isinstance(equals, (bool, int, float, str)) or equals is None:
        return PlainValue(python_type=type(equals).__name__, value=equals, text=repr(equals))
    return PlainValue(python_type=type(equals).__name__, text=repr(equals))


def number_of(value: Value) -> Number | None:
    """Return the Python number that a plain value is, None for anything else."""
    if not isinstance(value, PlainValue):
        return None
    if isinstance(value.value, (bool, int, float)):
        return value.value
    if value.python_type not in {"complex", "int"}:
        return None
    try:
        return int(value.text) if value.python_type == "int" else complex(value.text)
    except ValueError:
        return None


def as_tensor(literal: Value, like: TensorValue) -> TensorValue | None:
    """Return a literal number or rectangular list of numbers as a tensor, None where it is neither.

    ``like`` lends its dtype, so that the two read alike; the elements keep the literal's own precision. An empty
    list takes the shape of an empty ``like``: a literal cannot say ``(0, 3)``.
    """
    found = _rectangle(literal)
    if found is None:
        return None
    shape, numbers = found
    if not numbers and 0 in like.shape:
        shape = like.shape
    storage, data = _packed(numbers)
    dtype = like.dtype if storage != "bool" or like.dtype == "bool" else "bool"
    return TensorValue(shape=shape, dtype=dtype, storage=storage, data=data)


def _rectangle(value: Value) -> tuple[tuple[int, ...], list[Number]] | None:
    number = number_of(value)
    if number is not None:
        return (), [number]
    if not isinstance(value, Items) or value.keys is not None or value.more:
        return None
    rows = [_rectangle(item) for item in value.items]
    shapes = {row[0] for row in rows if row is not None}
    if None in rows or len(shapes) > 1:
        return None
    inner = next(iter(shapes), ())
    return (len(rows), *inner), [number for row in rows if row is not None for number in row[1]]


def _packed(numbers: list[Number]) -> tuple[str, bytes]:
    if numbers and all(isinstance(number, bool) for number in numbers):
        return "bool", bytes(map(bool, numbers))
    if any(isinstance(number, complex) for number in numbers):
        pairs = [part for number in map(complex, numbers) for part in (number.real, number.imag)]
        return "complex128", struct.pack(f"<{len(pairs)}d", *pairs)
    integers = [number for number in numbers if isinstance(number, int) and abs(number) < 1 << 63]
    if len(integers) == len(numbers):
        return "int64", struct.pack(f"<{len(integers)}q", *integers)
    reals = [float(number) for number in numbers if not isinstance(number, complex)]
    return "float64", struct.pack(f"<{len(reals)}d", *reals)
