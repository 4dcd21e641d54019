"""Names by which the program can reach tensors: variables, attributes, items; nothing is called to find them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType, TracebackType
from typing import Any

import torch

from tutor.autograd.history import Named
from tutor.running.recording.places import Places
from tutor.running.recording.tensors import Tensors, is_tensor

_DEPTH = 4
_ITEMS = 30
_NAMES = 1_000


def own_frames(exception: BaseException | None, places: Places) -> list[FrameType]:
    """The program's own frames that the exception passed, the one nearest to the failure first."""
    found: list[FrameType] = []
    traceback: TracebackType | None = exception.__traceback__ if exception is not None else None
    while traceback is not None:
        if places.is_own(traceback.tb_frame):
            found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found[::-1]


def names_in(
    namespace: Mapping[str, Any], exception: BaseException | None, places: Places, tensors: Tensors
) -> tuple[Named, ...]:
    """Every name of a tensor, the failing function's first."""
    found: list[Named] = []
    scopes: list[tuple[str, Mapping[str, Any]]] = [
        (frame.f_code.co_name, frame.f_locals)
        for frame in own_frames(exception, places)
        if frame.f_code.co_name != "<module>"
    ]
    for function, variables in [*scopes, ("<module>", namespace)]:
        for name, tensor in _walk_variables(variables):
            found.append(Named(name=name, tensor=tensors.number(tensor), function=function))
            if len(found) >= _NAMES:
                return tuple(found)
    return tuple(found)


def _walk_variables(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for name, value in list(variables.items()):
        if is_tensor(value):
            yield name, value
    for name, value in list(variables.items()):
        if not (name.startswith("__") or isinstance(value, ModuleType) or is_tensor(value)):
            yield from _walk(name, value, _DEPTH, seen)


def _walk(name: str, value: Any, depth: int, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if is_tensor(value):
        yield name, value
        return
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    for step, part in _parts(value):
        yield from _walk(name + step, part, depth - 1, seen)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if type(value) in {list, tuple}:
        yield from ((f"[{index}]", part) for index, part in enumerate(value[:_ITEMS]))
    elif type(value) is dict:
        yield from ((f"[{key!r}]", part) for key, part in list(value.items())[:_ITEMS] if type(key) in {str, int})
    elif isinstance(value, torch.nn.Module):
        own = vars(value)
        for kind in ("_parameters", "_buffers", "_modules"):
            for name, part in own.get(kind, {}).items():
                yield (f"[{name}]" if name.isdigit() else f".{name}"), part
        yield from _attributes(own)
    elif type(value).__module__ == "__main__" and hasattr(value, "__dict__") and not isinstance(value, type):
        yield from _attributes(vars(value))


def _attributes(own: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f".{name}", part) for name, part in list(own.items())[:_ITEMS] if not name.startswith("_"))
