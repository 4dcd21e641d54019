"""What a fenced program may read: the Python installation and the libraries it loads, and no lesson.

Landlock knows no exceptions, and a wheel keeps the lessons, with their solutions, among the very packages a program
may import. So a folder that holds something private is not granted as a whole: it may be listed, and each of its other
entries is granted by itself.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from tutor.running.fence import landlock

_SYSTEM: Final = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/urandom",
    "/dev/random",
)
_TUTOR: Final = Path(__file__).resolve().parents[2]


def package() -> str:
    """The folder of this package, which in a wheel holds the lessons too."""
    return str(_TUTOR)


def private_folders() -> frozenset[str]:
    """Where lessons, their solutions and what is stored about the learner may lie."""
    named = [Path(part).expanduser() for part in os.environ.get("TUTOR_PACKS", "").split(os.pathsep) if part]
    beside = [_TUTOR.parent / "lessons"] if (_TUTOR.parent / "pyproject.toml").is_file() else []
    return frozenset(landlock.resolved(path) for path in (_TUTOR, *named, *beside))


def readable_roots() -> frozenset[str]:
    """The folders of this Python: its standard library, its packages, the libraries it is linked with."""
    paths = sysconfig.get_paths()
    of_python = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    packages = {*site.getsitepackages(), *(path for path in sys.path if path.endswith("-packages"))}
    # a shared libpython lies in LIBDIR, other libraries of a conda environment too
    libraries = {os.path.join(prefix, "lib") for prefix in (sys.base_prefix, sys.prefix) if prefix != "/usr"}  # noqa: PTH118
    return frozenset(landlock.resolved(path) for path in (of_python | packages | libraries | set(_SYSTEM)))


def grants(roots: Iterable[str], private: frozenset[str]) -> dict[str, int]:
    """Rights by path so that everything below ``roots`` can be read but what is ``private``; resolved paths all."""
    tops = list(_tops(roots))
    return {path: rights for root in tops for path, rights in _below(root, private)}


def _tops(roots: Iterable[str]) -> Iterator[str]:
    """The roots that do not lie below another one."""
    known: list[str] = []
    for root in sorted(set(roots)):
        if not any(root == top or root.startswith(top.rstrip("/") + "/") for top in known):
            known.append(root)
            yield root


def _below(path: str, private: frozenset[str]) -> Iterator[tuple[str, int]]:
    if path in private:
        return
    if not any(hidden.startswith(path.rstrip("/") + "/") for hidden in private):
        yield path, landlock.READ
        return
    yield path, landlock.READ_DIR
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        # a link leads out of here or to something granted by itself
        if not entry.is_symlink():
            yield from _below(entry.path, private)


@lru_cache(maxsize=1)
def readable() -> dict[str, int]:
    """The grants of this installation, found once."""
    return {**grants(readable_roots(), private_folders()), os.devnull: landlock.OVERWRITE}
