"""The tensors that a program's names lead to, in the order the names were defined."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Final

import torch

from tutor.autograd import TensorSeen
from tutor.running.reading.tensors import is_tensor, seen
from tutor.running.reading.texts import text

_MOST_TENSORS: Final = 256
_MOST_ITEMS: Final = 32
_MOST_DEPTH: Final = 5
_MOST_PLACES: Final = 4000
_Module: Final = torch.nn.Module
_Optimizer: Final = torch.optim.Optimizer
_LISTED: Final = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ParameterList)


def read_namespace(namespace: dict[str, Any]) -> tuple[TensorSeen, ...]:
    """Each tensor by the first name that leads to it and, with ``same_as``, by further plain names.

    Call it inside :func:`tutor.running.reading.tensors.undisturbed`.
    """
    found: list[TensorSeen] = []
    known: dict[int, str] = {}
    for place, tensor in _Walk().through(namespace):
        if len(found) >= _MOST_TENSORS:
            break
        first = known.setdefault(id(tensor), place)
        if first != place and not place.isidentifier():
            continue
        one = seen(place, tensor)
        found.append(one if first == place else _again(one, first))
    return tuple(found)


def _again(one: TensorSeen, first: str) -> TensorSeen:
    from dataclasses import replace  # noqa: PLC0415 -- only here

    return replace(one, same_as=first)


class _Walk:
    """Goes through names, attributes and items, each object once, to a bound."""

    def __init__(self) -> None:
        self._been: set[int] = set()
        self._places = 0

    def through(self, namespace: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        later: list[tuple[str, Any]] = []
        for name, value in list(namespace.items()):
            if type(name) is not str or (name.startswith("__") and name.endswith("__")):
                continue
            if is_tensor(value):
                yield text(name, 200), value
            else:
                later.append((text(name, 200), value))
                yield from self._inside(text(name, 200), value, _MOST_DEPTH)

    def _inside(self, place: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
        self._places += 1
        if is_tensor(value):
            yield place, value
            return
        if depth <= 0 or self._places > _MOST_PLACES or not _has_inside(value) or id(value) in self._been:
            return
        self._been.add(id(value))
        for inner, part in _parts(place, value):
            yield from self._inside(inner, part, depth - 1)


def _has_inside(value: Any) -> bool:
    kind = type(value)
    return issubclass(kind, (list, tuple, dict, _Module, _Optimizer)) or _own_class(kind)


def _own_class(kind: type) -> bool:
    """A class of the program's own, whose attributes are plain to see."""
    return not issubclass(kind, (type, types.ModuleType)) and kind.__module__ == "__main__"


def _parts(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    kind = type(value)
    if issubclass(kind, (list, tuple)):
        base = list if issubclass(kind, list) else tuple
        for index in range(min(base.__len__(value), _MOST_ITEMS)):
            yield f"{place}[{index}]", base.__getitem__(value, index)
    elif issubclass(kind, dict):
        for key in list(dict.keys(value))[:_MOST_ITEMS]:
            if type(key) in (str, int):
                yield f"{place}[{text(repr(key), 100)}]", dict.__getitem__(value, key)
    elif issubclass(kind, _Module):
        yield from _module_parts(place, value)
    elif not issubclass(kind, _Optimizer):
        for name, part in list(_attributes(value).items())[:_MOST_ITEMS]:
            yield f"{place}.{text(str(name), 100)}", part


def _module_parts(place: str, module: Any) -> Iterator[tuple[str, Any]]:
    inside = _attributes(module)
    for group in ("_parameters", "_buffers"):
        for name, tensor in _mapping(inside.get(group)).items():
            yield (f"{place}[{name}]" if issubclass(type(module), _LISTED) else f"{place}.{name}"), tensor
    for name, child in _mapping(inside.get("_modules")).items():
        yield (f"{place}[{name}]" if issubclass(type(module), _LISTED) else f"{place}.{name}"), child
    for name, part in inside.items():
        if is_tensor(part) and not name.startswith("_"):
            yield f"{place}.{name}", part


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _attributes(value: Any) -> dict[str, Any]:
    """The instance's own dictionary and slots, without calling any of its code."""
    try:
        inside = object.__getattribute__(value, "__dict__")
    except AttributeError:
        inside = {}
    found = dict(inside) if type(inside) is dict else {}
    for kind in type(value).__mro__:
        for name in _slots(kind):
            slot = kind.__dict__.get(name)
            if type(slot) is types.MemberDescriptorType:
                try:
                    found[name] = slot.__get__(value)
                except AttributeError:
                    continue
    return found


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
