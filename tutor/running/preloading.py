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


def preload(*, lazy: bool = True) -> None:
    """Import, and go through a run: without a backward, since autograd's threads would not survive a fork.

    ``lazy``: also what torch puts off until it is needed, which takes as long as torch itself.
    """
    torch.set_num_threads(1)
    for name in (*_STANDARD, *_EAGER, *(_PUT_OFF if lazy else ())):
        with suppress(ImportError):
            importlib.import_module(name)
    from tutor.running.warming import warm_up  # noqa: PLC0415 -- torch's threads are to be set first

    warm_up(backward=False)
    # what libraries wanted done at exit is not for a program's process to do
    atexit._clear()
    gc.collect()
    gc.freeze()
