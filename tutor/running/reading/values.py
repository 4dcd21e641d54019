"""Any Python value as plain data."""

from __future__ import annotations

import enum
import itertools
import types
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from tutor.autograd import Items, PlainValue, Value
from tutor.running.reading.elements import STORAGES
from tutor.running.reading.tensors import is_tensor, tensor_value
from tutor.running.reading.texts import said, text, type_name

_MOST_ITEMS: Final = 1000
_MOST_DEPTH: Final = 6
_MOST_TEXT: Final = 1000
_SAID_BY_THEMSELVES: Final = (
    range,
    slice,
    bytes,
    bytearray,
    complex,
    torch.dtype,
    torch.device,
    torch.layout,
    torch.finfo,
    torch.iinfo,
    torch.Generator,
    np.dtype,
)
"""Types whose repr is not the learner's code."""
_from_numpy = torch.from_numpy


@dataclass(slots=True)
class Budget:
    """How much may still be carried: bytes of tensors and texts."""

    left: int

    def spend(self, size: int) -> None:
        self.left -= size


def described(value: object, budget: Budget, *, own_words: bool = False, depth: int = _MOST_DEPTH) -> Value:
    """``value`` as plain data. ``own_words``: call the repr of a learner's class too; it may do anything.

    Call it inside :func:`tutor.running.reading.tensors.undisturbed`.
    """
    if is_tensor(value):
        found = tensor_value(value, budget.left)
        budget.spend(200 + len(found.data or b""))
        return found
    if isinstance(value, np.ndarray):
        return _array(value, budget)
    kind = type(value)
    if issubclass(kind, (list, tuple, set, frozenset)):
        return _row(value, budget, own_words, depth)
    if issubclass(kind, dict):
        return _mapping(value, budget, own_words, depth)
    plain = _plain(value, budget, own_words)
    budget.spend(100 + len(plain.text))
    return plain


def _array(value: np.ndarray[Any, Any], budget: Budget) -> Value:
    name = type_name(type(value))
    plain = np.asarray(value).view(np.ndarray)
    if plain.dtype.name not in STORAGES.values():
        return PlainValue(python_type=name, text=said(repr, plain, _MOST_TEXT, "an array"))
    found = tensor_value(_from_numpy(np.ascontiguousarray(plain).reshape(plain.shape).copy()), budget.left)
    budget.spend(200 + len(found.data or b""))
    return _renamed(found, name)


def _renamed(found: Any, python_type: str) -> Value:
    import dataclasses  # noqa: PLC0415 -- only here

    renamed: Value = dataclasses.replace(found, python_type=python_type)
    return renamed


def _row(value: Any, budget: Budget, own_words: bool, depth: int) -> Value:
    kind = type(value)
    base = next(base for base in (list, tuple, set, frozenset) if issubclass(kind, base))
    length = base.__len__(value)
    if depth <= 0:
        return PlainValue(python_type=type_name(kind), text=f"{length} items")
    taken = list(itertools.islice(base.__iter__(value), _most(budget)))
    items = tuple(described(item, budget, own_words=own_words, depth=depth - 1) for item in taken)
    return Items(python_type=type_name(kind), items=items, more=length - len(items))


def _mapping(value: Any, budget: Budget, own_words: bool, depth: int) -> Value:
    kind = type(value)
    length = dict.__len__(value)
    if depth <= 0:
        return PlainValue(python_type=type_name(kind), text=f"{length} items")
    taken = list(itertools.islice(dict.items(value), _most(budget)))
    return Items(
        python_type=type_name(kind),
        items=tuple(described(item, budget, own_words=own_words, depth=depth - 1) for _, item in taken),
        keys=tuple(_key(key) for key, _ in taken),
        more=length - len(taken),
    )


def _most(budget: Budget) -> int:
    return _MOST_ITEMS if budget.left > 0 else 10


def _key(key: object) -> str:
    return text(key, 200) if type(key) is str else _words(key, own_words=False, limit=200)


def _plain(value: object, budget: Budget, own_words: bool) -> PlainValue:
    kind = type(value)
    name = type_name(kind)
    if value is None or kind is bool:
        return PlainValue(python_type=name, value=value, text=repr(value))  # type: ignore[arg-type]
    if isinstance(value, float) and issubclass(kind, (float, np.floating)):
        number = float.__float__(value)
        return PlainValue(python_type=name, value=number, text=float.__repr__(number))
    if issubclass(kind, int) and not issubclass(kind, enum.Enum):
        return _integer(int.__int__(value), name)  # type: ignore[arg-type]
    if issubclass(kind, np.generic):
        return _scalar(value, name)
    if issubclass(kind, str):
        return _string(str.__str__(value), name, budget)
    return PlainValue(python_type=name, text=_words(value, own_words=own_words, limit=_MOST_TEXT))


def _integer(value: int, name: str) -> PlainValue:
    within = -(2**63) <= value < 2**63
    shown = repr(value) if value.bit_length() < 10_000 else hex(value)[:60] + "…"
    return PlainValue(python_type=name, value=value if within else None, text=text(shown, _MOST_TEXT))


def _scalar(value: Any, name: str) -> PlainValue:
    inner = np.generic.item(value)
    carried = inner if type(inner) in (bool, float) or (type(inner) is int and abs(inner) < 2**63) else None
    return PlainValue(python_type=name, value=carried, text=text(repr(inner), _MOST_TEXT))


def _string(value: str, name: str, budget: Budget) -> PlainValue:
    whole = len(value) * 4 <= budget.left
    if whole:
        budget.spend(4 * len(value))
    return PlainValue(
        python_type=name,
        value=text(value, len(value) + 1) if whole else None,
        text=text(repr(value[:_MOST_TEXT]), _MOST_TEXT),
    )


def _words(value: object, *, own_words: bool, limit: int) -> str:
    kind = type(value)
    otherwise = f"<{type_name(kind)} object>"
    if isinstance(value, type):
        return f"<class {type_name(value)}>"
    if kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
        return text(f"<function {getattr(value, '__qualname__', '?')}>", limit)
    if kind is types.ModuleType:
        return text(f"<module {getattr(value, '__name__', '?')}>", limit)
    if own_words or kind in _SAID_BY_THEMSELVES or isinstance(value, (enum.Enum, int)):
        return said(repr, value, limit, otherwise)
    return otherwise
