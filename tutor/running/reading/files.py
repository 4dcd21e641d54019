"""Whose code a file name stands for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

SETUP: Final = "setup.py"
PROBE: Final = "<probe>"

Where: TypeAlias = Literal["answer", "setup", "probe", "neighbour", "library"]

_INSTALLED: Final = tuple(
    os.path.realpath(folder) + os.sep for folder in {sys.prefix, sys.base_prefix, *filter(None, sys.path)}
)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one run. ``compiled_as`` is the name in the code objects, ``shown_as`` the one to say."""

    compiled_as: str
    shown_as: str
    folder: str | None = None
    """Where an open script's own modules lie; None when it has none."""

    def where(self, filename: str) -> Where:
        if filename == self.compiled_as:
            return "answer"
        if filename == SETUP:
            return "setup"
        if filename == PROBE:
            return "probe"
        return "neighbour" if self._beside(filename) else "library"

    def shown(self, filename: str) -> str:
        if filename == self.compiled_as:
            return self.shown_as
        if self._beside(filename):
            return os.path.relpath(os.path.realpath(filename), os.path.realpath(self.folder or "."))
        return filename

    def _beside(self, filename: str) -> bool:
        if self.folder is None:
            return False
        real = os.path.realpath(filename)
        return real.startswith(os.path.realpath(self.folder) + os.sep) and not real.startswith(_INSTALLED)
