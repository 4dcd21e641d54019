"""What torch and Python were before a program ran, so that probes can be asked of them and not of replacements."""

from __future__ import annotations

import builtins
import math
from typing import Any, Final

import torch

_OWNERS: Final[tuple[Any, ...]] = (
    builtins,
    math,
    torch,
    torch.Tensor,
    torch.nn.Parameter,
    torch._tensor,
    torch.autograd,
    torch.autograd.functional,
    torch.fft,
    torch.func,
    torch.linalg,
    torch.nn,
    torch.nn.functional,
    torch.special,
    torch.testing,
)
_taken: Final[list[tuple[Any, dict[str, Any]]]] = []
_torch = torch
_builtins = builtins
_namespace: Final = builtins.__dict__
_names: Final = dict(_namespace)


def take() -> None:
    """Remember how things are now, before any program."""
    _taken[:] = [(owner, dict(vars(owner))) for owner in _OWNERS]


def restore() -> None:
    """Undo replacements in the modules and classes that expressions, and we ourselves, use."""
    # first, and without using any of them: what follows does
    _namespace.update(_names)
    for owner, before in _taken:
        now = vars(owner)
        for name, value in before.items():
            if now.get(name) is not value:
                setattr(owner, name, value)
        # a class takes a lookup of a name it did not define from its bases: so what was added must go
        if isinstance(owner, type):
            for name in now.keys() - before.keys():
                delattr(owner, name)


def scope(namespace: dict[str, Any]) -> dict[str, Any]:
    """The program's names for a probe to use, with the real ``torch`` and the real builtins."""
    return {**namespace, "torch": _torch, "__builtins__": _builtins}
