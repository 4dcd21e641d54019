"""Where on this machine a learner's progress lives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

DATA_VARIABLE: Final = "TUTOR_DATA"
FILE_NAME: Final = "progress.sqlite3"


def data_folder() -> Path:
    """Return the folder that ``TUTOR_DATA`` names, or the platform's own for user data. It need not exist."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415 - not needed when the variable is set

    return user_data_path("autograd-tutor", appauthor=False)


def database_path() -> Path:
    return data_folder() / FILE_NAME
