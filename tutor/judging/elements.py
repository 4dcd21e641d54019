"""Reading the elements of a tensor that came as bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Final, TypeAlias

from tutor.autograd import TensorValue

Number: TypeAlias = bool | int | float | complex
Nested: TypeAlias = "Number | list[Nested]"

_FORMATS: Final = {
    "bool": "?",
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
    "complex64": "f",
    "complex128": "d",
}


def element_count(value: TensorValue) -> int:
    return math.prod(value.shape)


def is_complete(value: TensorValue) -> bool:
    """Whether every element came along, in a form that can be read."""
    code = _FORMATS.get(value.storage)
    if value.data is None or code is None:
        return False
    return len(value.data) == element_count(value) * _item_size(value.storage, code)


def elements(value: TensorValue, count: int | None = None) -> tuple[Number, ...]:
    """Return the first ``count`` elements, or all, in C order.

    Raises:
        ValueError: the elements did not come along (:func:`is_complete` is false).
    """
    if not is_complete(value) or value.data is None:
        raise ValueError("the elements of this tensor were not carried")
    code = _FORMATS[value.storage]
    total = element_count(value)
    wanted = total if count is None else min(count, total)
    parts = 2 if value.storage.startswith("complex") else 1
    numbers = struct.unpack_from(f"<{wanted * parts}{code}", value.data)
    if parts == 2:
        return tuple(complex(real, imaginary) for real, imaginary in zip(numbers[::2], numbers[1::2], strict=True))
    return numbers


def nested(numbers: Sequence[Number], shape: Sequence[int]) -> Nested:
    """Arrange numbers in C order as lists of lists, as ``Tensor.tolist`` does."""
    if not shape:
        return numbers[0]
    stride = math.prod(shape[1:])
    return [nested(numbers[at * stride : (at + 1) * stride], shape[1:]) for at in range(shape[0])]


def _item_size(storage: str, code: str) -> int:
    return struct.calcsize(f"<{code}") * (2 if storage.startswith("complex") else 1)
