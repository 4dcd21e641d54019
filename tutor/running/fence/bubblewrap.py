"""bubblewrap around the whole server, where it is installed and asked for.

A second fence outside the first: no network at all, no other process in sight, the system read-only, the home
folder and every lesson out of sight. It also serves where the kernel has no Landlock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

ASKED_BY: Final = "TUTOR_BWRAP"
INSIDE: Final = "TUTOR_INSIDE_BWRAP"
"""Set for what runs inside, so that the wall can be named."""
_TRIAL_SECONDS: Final = 10


def asked(environment: Mapping[str, str]) -> bool:
    """Whether the learner asked for it: ``TUTOR_BWRAP=1``."""
    return environment.get(ASKED_BY, "") not in {"", "0"}


@lru_cache(maxsize=1)
def available() -> str | None:
    """The program's path, or None where it is not installed or the system lets nobody use it."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return None
    command = wrapped([sys.executable, "-c", ""], bwrap=bwrap)
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return bwrap if done.returncode == 0 else None


def wrapped(command: Sequence[str], *, bwrap: str, home: str | None = None) -> list[str]:
    """``command`` started inside bubblewrap. Its temporary folder is its own, in memory, and goes when it ends.

    It is not made to die with us: a server that hands over to a successor ends before that one does.
    """
    from tutor.running.fence import reach  # noqa: PLC0415 - seldom needed

    # the whole installation, since the interpreter itself is to be started from it
    roots = reach.readable_roots() | {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    hidden = [os.path.realpath(home or Path.home()), "/tmp", "/var/tmp", "/run"]  # noqa: S108 - hidden, not used
    arguments = [bwrap, "--new-session", "--unshare-all", "--ro-bind", "/", "/"]
    for folder in hidden:
        if os.path.isdir(folder) and folder != "/":  # noqa: PTH112
            arguments += ["--tmpfs", folder]
    for root in sorted(roots):
        if any(root.startswith(folder + "/") for folder in hidden) and os.path.exists(root):  # noqa: PTH110
            arguments += ["--ro-bind", root, root]
    arguments += _package(reach.package(), hidden)
    for folder in sorted(reach.private_folders() - {reach.package()}):
        if os.path.isdir(folder):  # noqa: PTH112
            arguments += ["--tmpfs", folder]
    return [*arguments, "--dev", "/dev", "--proc", "/proc", "--setenv", INSIDE, "1", "--", *command]


def _package(package: str, hidden: Sequence[str]) -> list[str]:
    """The tutor itself stays readable to the server, without its lessons."""
    shown = ["--ro-bind", package, package] if any(package.startswith(folder + "/") for folder in hidden) else []
    lessons = os.path.join(package, "lessons")  # noqa: PTH118
    return [*shown, *(["--tmpfs", lessons] if os.path.isdir(lessons) else [])]  # noqa: PTH112
