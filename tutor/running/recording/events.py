"""The events of a run, within bounds: the first, the last, and from between what decides about gradients."""

from __future__ import annotations

from collections import deque

from tutor.autograd.history import Event
from tutor.running.recording.operations import DECISIVE
from tutor.running.recording.tensors import Tensors

_FIRST = 1_500
_LAST = 2_500
_BETWEEN = 500
_LEAVING = frozenset({"grad_mode", "inference_mode"})


class Events:
    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._first: list[Event] = []
        self._between: list[Event] = []
        self._last: deque[Event] = deque()
        self.next = 0
        self.dropped = 0
        self.failed: int | None = None
        """The latest event, if it ended with an exception: nothing later, but modes that end, shows that the program went on."""

    def add(self, event: Event) -> None:
        self.next += 1
        if event.error:
            self.failed = event.seq
        elif event.op not in _LEAVING:
            self.failed = None
        if len(self._first) < _FIRST:
            self._first.append(event)
            return
        self._last.append(event)
        if len(self._last) > _LAST:
            self._let_go(self._last.popleft())

    def _let_go(self, event: Event) -> None:
        if event.op in DECISIVE and len(self._between) < _BETWEEN:
            self._between.append(event)
            return
        self.dropped += 1
        for number in event.outputs:
            self._tensors.forget_dead(number, event.seq)

    def all(self) -> tuple[Event, ...]:
        return (*self._first, *self._between, *self._last)
