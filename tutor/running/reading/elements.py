"""A tensor's elements as bytes, or in summary, without touching the tensor, its graph or its version."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import Any, Final

import torch

from tutor.autograd import Summary

# Taken now, before any program could replace them.
_Base: Final = torch._C.TensorBase
_detach = _Base.detach
_contiguous = _Base.contiguous
_to = _Base.to
_cpu = _Base.cpu
_resolve_conj = _Base.resolve_conj
_resolve_neg = _Base.resolve_neg
_data_ptr = _Base.data_ptr
_narrow = _Base.narrow
_select = _Base.select
_item = _Base.item
_sum = _Base.sum
_isnan = torch.isnan
_isinf = torch.isinf
_isfinite = torch.isfinite
_aminmax = torch.aminmax
_count_nonzero = torch.count_nonzero
_masked_select = torch.masked_select

STORAGES: Final = {
    torch.bool: "bool",
    torch.int8: "int8",
    torch.uint8: "uint8",
    torch.int16: "int16",
    torch.uint16: "uint16",
    torch.int32: "int32",
    torch.uint32: "uint32",
    torch.int64: "int64",
    torch.uint64: "uint64",
    torch.float16: "float16",
    torch.float32: "float32",
    torch.float64: "float64",
    torch.complex64: "complex64",
    torch.complex128: "complex128",
}
_AS_COMPLEX64: Final = {torch.complex32}
_ORDERED: Final = {torch.float32, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64}
_PIECE: Final = 1 << 18
_FIRST: Final = 10


def storage_of(dtype: torch.dtype) -> str:
    """The numpy name that elements of ``dtype`` travel as: their own where numpy has it, else one that holds them."""
    if dtype in STORAGES:
        return STORAGES[dtype]
    return "complex64" if dtype in _AS_COMPLEX64 else "float32"


def item_bytes(dtype: torch.dtype) -> int:
    """Bytes an element takes on its way."""
    return {"bool": 1, "complex64": 8, "complex128": 16}.get(storage_of(dtype)) or int(
        "".join(filter(str.isdigit, storage_of(dtype)))
    ) // 8


def elements(tensor: Any) -> bytes:
    """All elements in C order. Raises RuntimeError (or NotImplementedError) where torch cannot read them."""
    plain = _plain(tensor)
    count = math.prod(plain.shape)
    if not count:
        return b""
    data: bytes = ctypes.string_at(_data_ptr(plain), count * item_bytes(plain.dtype))
    return data


def _plain(tensor: Any) -> Any:
    """A dense, contiguous tensor on the CPU with the same elements, of a dtype that numpy has."""
    plain = _resolve_neg(_resolve_conj(_detach(tensor)))
    if plain.device.type != "cpu":
        plain = _cpu(plain)
    if plain.dtype not in STORAGES:
        plain = _to(plain, torch.complex64 if plain.dtype in _AS_COMPLEX64 else torch.float32)
    return _contiguous(plain)


def summary(tensor: Any) -> Summary:
    """What describes a tensor too large to carry. Repeated elements (strides of zero) are looked at once."""
    detached = _detach(tensor)
    once, repeats = _once(detached)
    tally = _Tally()
    for piece in _pieces(once):
        tally.add(_plain(piece))
    return Summary(
        minimum=tally.low if tally.finite else None,
        maximum=tally.high if tally.finite else None,
        mean=tally.total / tally.finite if tally.finite else None,
        nan=tally.nan * repeats,
        infinite=tally.infinite * repeats,
        first=tuple(_first(detached)),
    )


class _Tally:
    """What is known of the pieces seen so far; extremes and total are over finite elements."""

    def __init__(self) -> None:
        self.low, self.high, self.total = math.inf, -math.inf, 0.0
        self.finite = self.nan = self.infinite = 0

    def add(self, piece: Any) -> None:
        if piece.dtype.is_complex:
            self._count_others(piece)
            return
        numbers = piece if piece.dtype in _ORDERED else _to(piece, torch.float64)
        if not self._add_finite(numbers):
            self._count_others(numbers)
            self._add_finite(_masked_select(numbers, _isfinite(numbers)))

    def _add_finite(self, numbers: Any) -> bool:
        """Take them in, unless one of them is not finite: then nothing is done, and False returned."""
        count = math.prod(numbers.shape)
        if not count:
            return True
        least, most = map(float, map(_item, _aminmax(numbers)))
        if not (math.isfinite(least) and math.isfinite(most)):
            return False
        self.low, self.high = min(self.low, least), max(self.high, most)
        self.total += float(_item(_sum(numbers, dtype=torch.float64)))
        self.finite += count
        return True

    def _count_others(self, numbers: Any) -> None:
        self.nan += int(_item(_count_nonzero(_isnan(numbers))))
        self.infinite += int(_item(_count_nonzero(_isinf(numbers))))


def _once(tensor: Any) -> tuple[Any, int]:
    """The tensor with each repeated dimension cut to one, and how many times each element is repeated."""
    repeats = 1
    for dim, (size, stride) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)):
        if stride == 0 and size > 1:
            tensor = _narrow(tensor, dim, 0, 1)
            repeats *= size
    return tensor, repeats


def _pieces(tensor: Any) -> Iterator[Any]:
    """Parts of at most a quarter million elements, so that looking needs little memory of its own."""
    if math.prod(tensor.shape) <= _PIECE:
        yield tensor
        return
    dim = max(range(len(tensor.shape)), key=lambda dim: tensor.shape[dim])
    half = tensor.shape[dim] // 2
    yield from _pieces(_narrow(tensor, dim, 0, half))
    yield from _pieces(_narrow(tensor, dim, half, tensor.shape[dim] - half))


def _first(tensor: Any) -> Iterator[float | int | bool | str]:
    for flat in range(min(_FIRST, math.prod(tensor.shape))):
        element, rest = tensor, flat
        for size in reversed(tensor.shape):
            rest, index = divmod(rest, size)
            element = _select(element, -1, index)
        value = _item(element)
        yield str(value) if isinstance(value, complex) else value
