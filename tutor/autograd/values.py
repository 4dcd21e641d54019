"""Values as a run left them, carried out of the child as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Summary:
    """A tensor too large to carry whole.

    ``minimum``, ``maximum`` and ``mean`` are over the finite elements, None where there is none.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    nan: int
    infinite: int
    first: tuple[float | int | bool | str, ...]
    """The first elements in C order; complex ones as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorValue:
    """A tensor's elements and what describes them.

    ``data`` holds the elements in C order, little endian, as ``storage`` (a numpy dtype name), or None when the
    tensor was too large to carry (then ``summary`` is set) or has no elements to read (``note`` says why:
    meta, sparse, quantised, nested). ``bfloat16`` and the 8-bit floats travel as ``float32``, which holds them exactly.
    """

    type: Literal["tensor"] = "tensor"
    shape: tuple[int, ...]
    dtype: str
    """torch's name without the prefix: ``float32``, ``bool``, ``complex64``."""
    device: str = "cpu"
    requires_grad: bool = False
    storage: str = "float32"
    data: bytes | None = None
    summary: Summary | None = None
    note: str = ""
    python_type: str = "Tensor"
    """``Parameter`` for a parameter, the class's name for a subclass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainValue:
    """A Python value that is not a tensor.

    ``value`` carries None, booleans, ints (within 64 bits), finite or non-finite floats and strings; anything else
    is known by ``python_type`` and ``text``, its repr, made safe and cut. Complex numbers: ``value`` is None, ``text``
    their repr.
    """

    type: Literal["plain"] = "plain"
    python_type: str
    value: bool | int | float | str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list, tuple (``torch.Size`` too) or dict of values; ``keys`` is set for a dict only."""

    type: Literal["items"] = "items"
    python_type: str
    items: tuple[Value, ...]
    keys: tuple[str, ...] | None = None
    more: int = 0
    """How many further items were left out."""


Value: TypeAlias = TensorValue | PlainValue | Items
