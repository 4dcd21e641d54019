"""Files of a pack: which paths are inside it, and how they are called in messages."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Final

from tutor.packs.problem import PackError, Problem, did_you_mean, quoted
from tutor.words import _

MISSING_FILE: Final = "missing-file"
PACK_FILE: Final = "pack.yaml"
LESSON_ENDINGS: Final = (".yaml", ".yml")

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z")
_OVERLAY: Final = re.compile(r".*\.(?P<language>[a-z]{2,3})\.ya?ml\Z", re.DOTALL)


def shown(path: Path) -> str:
    """Return ``path`` as a user here would write it."""
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except (OSError, ValueError):
        return str(path)


def is_language(text: str) -> bool:
    return bool(_LANGUAGE.match(text))


def primary(language: str) -> str:
    """Return ``zh`` of ``zh-CN``: the part of a language's name that translations are named by."""
    return re.split("[-_]", language)[0].lower()


def is_overlay(name: str) -> bool:
    """Whether ``name`` is that of a translation: ``first-gradient.zh.yaml``."""
    return bool(_OVERLAY.match(name))


def overlay_name(file: str, language: str) -> str:
    """Return the name of the translation of ``file`` into ``language``."""
    path = PurePath(file)
    return path.with_name(f"{path.stem}.{language}{path.suffix}").as_posix()


def overlays(folder: Path, file: str) -> list[tuple[str, str]]:
    """Return language and name of each translation of ``file`` that lies beside it."""
    path = PurePath(file)
    found = []
    try:
        names = sorted(entry.name for entry in (folder / path.parent).iterdir())
    except OSError:
        return []
    for name in names:
        match = _OVERLAY.match(name)
        if match and name == path.with_name(f"{path.stem}.{match['language']}{path.suffix}").name:
            found.append((match["language"], (path.parent / name).as_posix()))
    return found


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
    if "/" not in name and os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114 - said
        return path
    try:
        real = path.resolve(strict=True)
        home = folder.resolve(strict=True)
    except FileNotFoundError:
        raise _refused(
            path,
            _("found no file {name}; expected a lesson file of this name{near}").format(
                name=quoted(name), near=_near(folder, name)
            ),
        ) from None
    except (OSError, RuntimeError, ValueError):
        raise _refused(
            path, _("found {name}, a link that leads back to itself; expected a lesson file").format(name=quoted(name))
        ) from None
    if not real.is_relative_to(home):
        raise _refused(
            path,
            _("found {name}, a link that leads out of the pack; expected a file inside its folder").format(
                name=quoted(name)
            ),
        )
    return path


def _near(folder: Path, name: str) -> str:
    try:
        entries = [entry.name for entry in folder.iterdir() if entry.suffix in LESSON_ENDINGS]
    except OSError:
        return ""
    names = [entry for entry in entries if entry != PACK_FILE and not is_overlay(entry)]
    return did_you_mean(name, sorted(names)[:1000])


def named_at(problems: tuple[Problem, ...], file: str, place: tuple[int, int]) -> tuple[Problem, ...]:
    """Return ``problems`` with those of a missing lesson moved to the ``place`` in ``file`` that names it."""
    return tuple(
        replace(one, file=file, line=place[0], column=place[1]) if one.code == MISSING_FILE else one for one in problems
    )


def _refused(path: Path, message: str) -> PackError:
    return PackError([Problem(file=shown(path), message=message, code=MISSING_FILE)])
