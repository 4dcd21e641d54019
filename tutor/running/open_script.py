"""Gives an open script what plain ``python`` gives it: its folder, arguments, environment and neighbours."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Final

import torch

from tutor.autograd import Program
from tutor.running.reading.files import Files

_OURS: Final = frozenset({*sys.stdlib_module_names, "torch", "numpy", "tutor", "msgspec", "typing_extensions"})
"""Modules a neighbour of the same name does not replace: this process has them in use."""


def enter_folder(program: Program, environment: dict[str, str] | None) -> Files:
    """Set folder, ``sys.argv`` and ``sys.path`` up for the program, and say what its file is called."""
    if program.walls == "fenced":
        sys.argv[:] = [program.filename, *program.arguments]
        return Files(compiled_as=program.filename, shown_as=program.filename)
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    folder = os.path.abspath(program.folder) if program.folder else os.getcwd()  # noqa: PTH100, PTH109 -- links stay
    os.chdir(folder)
    path = os.path.join(folder, program.filename)  # noqa: PTH118
    beside = os.path.dirname(path)  # noqa: PTH120
    own = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:0] = [beside, *own]
    sys.argv[:] = [program.filename, *program.arguments]
    tempfile.tempdir = None
    torch.set_num_threads(max(1, os.cpu_count() or 1))
    _make_room(beside)
    return Files(compiled_as=path, shown_as=program.filename, folder=beside if program.folder else None)


def _make_room(folder: str) -> None:
    """Forget preloaded modules that a file beside the script has the name of, so that the file is imported."""
    try:
        beside = {name.removesuffix(".py") for name in os.listdir(folder)}  # noqa: PTH208
    except OSError:
        return
    for name in beside - _OURS:
        if name in sys.modules:
            for loaded in [loaded for loaded in sys.modules if loaded == name or loaded.startswith(name + ".")]:
                del sys.modules[loaded]
