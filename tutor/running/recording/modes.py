"""Which grad mode a program is in, and what put it there."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

if TYPE_CHECKING:
    from tutor.running.recording.recorder import Recorder

_MODES = frozenset({"no_grad", "enable_grad", "set_grad_enabled", "inference_mode"})


class Modes:
    """Follows the grad mode, inference mode, and attributes set on tensors that torch does not know."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._off: int | None = None
        self._inference: list[int] = []

    @property
    def off_by(self) -> int | None:
        """The event that switched tracking off; None while it is on."""
        if self._inference and torch.is_inference_mode_enabled():
            return self._inference[-1]
        return None if torch.is_grad_enabled() else self._off

    def grad_mode(self, on: bool, place: int, frame: FrameType) -> None:
        """The grad mode is about to become ``on``, by a call from ``frame``."""
        was_on = torch.is_grad_enabled()
        if on != was_on:
            seq = self._recorder.note("grad_mode", place, arguments=(("on", str(on)), *_how(frame, self._recorder)))
            self._off = None if on else seq

    def begin(self) -> None:
        # Neither of these passes through torch functions; both are put back by end().
        enter, leave = torch.inference_mode.__enter__, torch.inference_mode.__exit__
        self._saved = enter, leave

        def entered(mode: Any) -> Any:
            result = enter(mode)
            frame = sys._getframe(1)
            place, _ = self._recorder.places.of(frame)
            arguments = (("on", str(bool(mode.mode))), *_how(frame, self._recorder, mode))
            self._inference.append(self._recorder.note("inference_mode", place, arguments=arguments))
            return result

        def left(mode: Any, *problem: Any) -> Any:
            if self._inference:
                self._inference.pop()
            return leave(mode, *problem)

        def set_attribute(tensor: Any, name: str, value: Any) -> None:
            object.__setattr__(tensor, name, value)
            if not hasattr(type(tensor), name) and not name.startswith("_"):
                place, library = self._recorder.places.of(sys._getframe(1))
                if library is None:
                    self._recorder.note(
                        "unknown-attribute", place, tensor, (("name", name), ("value", repr(value)[:60]))
                    )

        torch.inference_mode.__enter__, torch.inference_mode.__exit__ = entered, left
        torch.Tensor.__setattr__ = set_attribute
        self._step_hook = register_optimizer_step_pre_hook(self._stepping)

    def end(self) -> None:
        torch.inference_mode.__enter__, torch.inference_mode.__exit__ = self._saved
        del torch.Tensor.__setattr__
        self._step_hook.remove()

    def _stepping(self, optimizer: Any, *_arguments: object) -> None:
        place, _ = self._recorder.places.of(sys._getframe(1))
        self._recorder.note("optimizer.step", place, arguments=(("optimizer", type(optimizer).__name__),))


def _how(frame: FrameType, recorder: Recorder, mode: Any = None) -> tuple[tuple[str, str], ...]:
    """By which class (``no_grad``), and as a ``block``, a ``decorator`` of a function, or a plain ``call``."""
    by, how, found = "" if mode is None else type(mode).__name__, "call", frame
    details: list[tuple[str, str]] = []
    above: FrameType | None = found
    while above is not None and not recorder.places.is_own(above):
        code = above.f_code
        if code.co_name in {"__enter__", "__exit__", "__init__"} and "self" in above.f_locals:
            kind = type(above.f_locals["self"]).__name__
            by = kind if kind in _MODES else by
            how = "block" if code.co_name == "__enter__" else how
        elif code.co_name == "decorate_context":
            how = "decorator"
            function = above.f_locals.get("func")
            own = getattr(function, "__code__", None)
            if own is not None:
                details = [
                    ("function", own.co_name),
                    ("file", own.co_filename),
                    ("line", str(own.co_firstlineno)),
                ]
        above = above.f_back
    if mode is not None and how == "call":
        how = "block"
    return (("by", by), ("how", how), *details)
