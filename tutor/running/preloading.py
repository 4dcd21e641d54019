"""Imports, once, whatever a program is likely to need, so that no program waits for it."""

from __future__ import annotations

import atexit
import gc
import importlib
from contextlib import suppress
from typing import Final

import torch

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
    "torch._dynamo",
)
"""torch imports the last of these when the first optimiser is made, which takes it more than a second."""
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
    """Import, and run one small operation forward: never a backward, whose threads would not survive a fork."""
    torch.set_num_threads(1)
    for name in (*_STANDARD, *_EAGER):
        with suppress(ImportError):
            importlib.import_module(name)
    for name in ("tutor.running.execution", "tutor.running.recording"):
        importlib.import_module(name)
    _ = (torch.ones(2) + 1).sum()
    # what libraries wanted done at exit is not for a program's process to do
    atexit._clear()
    gc.collect()
    gc.freeze()
