"""Numbers for tensors, and what is known of each, without keeping any of them alive."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import Any

import torch

from tutor.autograd.history import TensorKnown


@dataclass(slots=True)
class _Entry:
    reference: weakref.ref[Any]
    known: TensorKnown


class Tensors:
    """All tensors seen so far, by number."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._entries: dict[int, _Entry] = {}
        self._storages: dict[int, int] = {}
        self._by_node: dict[int, int] = {}
        self._next = 0

    def number(self, tensor: Any, event: int | None = None) -> int:
        """The number of ``tensor``; a new one when it was not seen before, then made by ``event``."""
        number = self._numbers.get(id(tensor))
        if number is not None and self._refers(number, tensor):
            return number
        number = self._next
        self._next += 1
        self._numbers[id(tensor)] = number
        self._entries[number] = _Entry(weakref.ref(tensor), self._look(tensor, number, event, alive=True))
        return number

    def find(self, tensor: Any) -> int | None:
        number = self._numbers.get(id(tensor))
        return number if number is not None and self._refers(number, tensor) else None

    def _refers(self, number: int, tensor: Any) -> bool:
        entry = self._entries.get(number)
        return entry is not None and entry.reference() is tensor

    def by_node(self, sequence: int) -> int | None:
        """The tensor whose gradient function has this sequence number."""
        return self._by_node.get(sequence)

    def refresh(self, number: int, tensor: Any, event: int | None = None) -> None:
        """Look again: an operation has changed the tensor, or gave it a gradient function."""
        entry = self._entries[number]
        entry.known = self._look(tensor, number, entry.known.made_by if event is None else event, alive=True)

    def forget_dead(self, number: int, event: int) -> None:
        """Drop what is known of a tensor made by ``event``, if nothing refers to the tensor any more."""
        entry = self._entries.get(number)
        if entry is None or entry.known.made_by != event or entry.reference() is not None:
            return
        del self._entries[number]
        if entry.known.node is not None:
            self._by_node.pop(entry.known.node, None)
        if len(self._numbers) > 2 * len(self._entries) + 10_000:
            self._numbers = {key: value for key, value in self._numbers.items() if value in self._entries}

    def known(self, numbers: set[int]) -> tuple[TensorKnown, ...]:
        """What is known of these tensors and of those they are views of, as they are now."""
        kept: dict[int, TensorKnown] = {}
        waiting = sorted(numbers)
        while waiting:
            number = waiting.pop()
            entry = self._entries.get(number)
            if entry is None or number in kept:
                continue
            tensor = entry.reference()
            kept[number] = (
                replace(entry.known, alive=False)
                if tensor is None
                else self._look(tensor, number, entry.known.made_by, alive=True)
            )
            if kept[number].base is not None:
                waiting.append(kept[number].base or 0)
        return tuple(kept[number] for number in sorted(kept))

    def _look(self, tensor: Any, number: int, event: int | None, *, alive: bool) -> TensorKnown:
        node = gradient_function(tensor)
        leaf = bool(tensor.is_leaf)
        base = view_base(tensor)
        if node is not None and not leaf:
            self._by_node[node._sequence_nr()] = number
        return TensorKnown(
            id=number,
            shape=tuple(int(size) for size in tensor.shape),
            dtype=str(tensor.dtype).removeprefix("torch."),
            requires_grad=bool(tensor.requires_grad),
            is_leaf=leaf,
            grad_fn=None if node is None else node.name().rsplit("::", 1)[-1],
            node=None if node is None else node._sequence_nr(),
            made_by=event,
            base=None if base is None else self.find(base),
            storage=self._storage(tensor),
            version=version(tensor),
            has_grad=(leaf or bool(tensor.retains_grad)) and tensor.grad is not None,
            retains_grad=bool(tensor.retains_grad),
            is_inference=bool(tensor.is_inference()),
            python_type=type(tensor).__name__,
            alive=alive,
        )

    def _storage(self, tensor: Any) -> int:
        try:
            address = tensor.untyped_storage()._cdata
        except (RuntimeError, NotImplementedError):
            return 0
        return self._storages.setdefault(address, len(self._storages) + 1)


def version(tensor: Any) -> int | None:
    """The tensor's version counter; None for inference tensors and wrappers, which have none."""
    try:
        return int(tensor._version)
    except (RuntimeError, AttributeError):
        return None


def gradient_function(tensor: Any) -> Any:
    """``tensor.grad_fn``; None also for a view whose function torch refuses to rebuild."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def view_base(tensor: Any) -> Any:
    try:
        return tensor._base
    except RuntimeError:
        return None


def is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)
