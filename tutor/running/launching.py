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
    script stays out. This very package is the one imported, also from a checkout beside which another is installed.
    """
    alone = ["-s"] if sys.flags.no_user_site else []
    own = "import sys; sys.path.insert(0, sys.argv.pop(1)); import tutor; del sys.path[0]"
    start = f"{own}; from {module} import main; main()"
    return [sys.executable, "-E", "-P", *alone, "-c", start, str(_ROOT), *arguments]


def environment() -> dict[str, str]:
    """Little, since the programs inherit it. Libraries are told to use one thread: the server forks."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # packs a learner has chosen are to be out of reach of fenced programs, so the fence must know where they are
    packs = {"TUTOR_PACKS": os.environ["TUTOR_PACKS"]} if "TUTOR_PACKS" in os.environ else {}
    return {**kept, **packs, **dict.fromkeys(_THREADS, "1"), "PYTHONUTF8": "1"}
