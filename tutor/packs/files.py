"""Files of a pack: which paths are inside it, and how they are called in messages."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from tutor.packs.problem import PackError, Problem, did_you_mean
from tutor.words import _

PACK_FILE = "pack.yaml"
LESSON_ENDINGS = (".yaml", ".yml")


def shown(path: Path) -> str:
    """Return ``path`` as a user here would write it."""
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except (OSError, ValueError):
        return str(path)


def leaves_folder(name: str) -> bool:
    """Whether the path ``name`` points out of the folder it is relative to."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    absolute = posix.is_absolute() or bool(windows.drive or windows.root)
    return absolute or ".." in posix.parts or ".." in windows.parts


def inside(folder: Path, name: str) -> Path:
    """Return the path of the file ``name`` of the pack in ``folder``.

    Raises PackError when it is missing, or when a link leads out of the folder.
    """
    path = folder / name
    try:
        real = path.resolve(strict=True)
        home = folder.resolve(strict=True)
    except FileNotFoundError:
        raise _refused(
            path, _("found no such file; expected a lesson here{near}").format(near=_near(folder, name))
        ) from None
    except (OSError, RuntimeError, ValueError):
        raise _refused(path, _("found a link that leads back to itself; expected a lesson file")) from None
    if not real.is_relative_to(home):
        raise _refused(path, _("found a link that leads out of the pack; expected a file inside its folder"))
    return path


def _near(folder: Path, name: str) -> str:
    try:
        names = [entry.name for entry in folder.iterdir() if entry.suffix in LESSON_ENDINGS]
    except OSError:
        return ""
    return did_you_mean(name, sorted(names)[:1000])


def _refused(path: Path, message: str) -> PackError:
    return PackError([Problem(file=shown(path), message=message, code="missing-file")])
