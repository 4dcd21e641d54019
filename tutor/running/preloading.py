"""Imports, once, whatever a program is likely to need, so that no program waits for it."""

from __future__ import annotations

import atexit
import gc
import importlib
from contextlib import suppress
from typing import Final

import torch

from tutor.running import originals
from tutor.running.warming import warm_up

_EAGER: Final = (
    "numpy",
    "torch.autograd.forward_ad",
    "torch.autograd.functional",
    "torch.autograd.gradcheck",
    "torch.autograd.graph",
    "torch.distributions",
    "torch.fft",
    "torch.func",
    "torch.nn.functional",
    "torch.nn.utils",
    "torch.optim",
    "torch.testing",
    "torch.utils.checkpoint",
    "torch.utils.data",
)
_PUT_OFF: Final = ("torch._dynamo",)
"""torch imports it when the first optimiser is made."""
_STANDARD: Final = (
    "collections.abc",
    "concurrent.futures.thread",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "encodings.idna",
    "fractions",
    "inspect",
    "json",
    "logging",
    "math",
    "pathlib",
    "pickle",
    "pprint",
    "random",
    "re",
    "statistics",
    "string",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "traceback",
    "typing",
    "unittest.mock",
)


def preload() -> None:
    """Import, and go through a run: without a backward, since autograd's threads would not survive a fork."""
    torch.set_num_threads(1)
    _import(*_STANDARD, *_EAGER)
    originals.take()
    warm_up(backward=False)
    _settle_down()


def preload_rest() -> None:
    """Import what torch puts off until it is needed, which takes as long as torch itself."""
    _import(*_PUT_OFF)
    _settle_down()


def _import(*names: str) -> None:
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def _settle_down() -> None:
    originals.take()
    # what libraries wanted done at exit is not for a program's process to do
    atexit._clear()
    gc.collect()
    gc.freeze()
