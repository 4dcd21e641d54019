"""How a Python of ours is started: with this installation's packages, and nothing of the learner's in its way."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_KEPT: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
)
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def command(module: str, *arguments: str) -> list[str]:
    """The command line that calls ``main()`` of ``module``.

    No PYTHON* variable counts and no folder but the installation's is searched: a ``torch.py`` beside the learner's
    script stays out. The folder of this very package comes last, for a checkout that is used without installing it.
    """
    alone = ["-s"] if sys.flags.no_user_site else []
    start = f"import sys; sys.path.append(sys.argv.pop(1)); from {module} import main; main()"
    return [sys.executable, "-E", "-P", *alone, "-c", start, str(_ROOT), *arguments]


def environment() -> dict[str, str]:
    """Little, since the programs inherit it. Libraries are told to use one thread: the server forks."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # packs a learner has chosen are to be out of reach of fenced programs, so the fence must know where they are
    packs = {"TUTOR_PACKS": os.environ["TUTOR_PACKS"]} if "TUTOR_PACKS" in os.environ else {}
    return {**kept, **packs, **dict.fromkeys(_THREADS, "1"), "PYTHONUTF8": "1"}
