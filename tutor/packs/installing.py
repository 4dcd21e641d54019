"""New packs and installed packs: folders made, copied and replaced without leaving half of one behind."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tutor.packs.files import PACK_FILE, shown
from tutor.packs.finding import installed_folder
from tutor.packs.format import Pack
from tutor.packs.loading import load
from tutor.packs.problem import PackError, Problem, quoted
from tutor.words import _

MAX_FILES = 5_000
MAX_BYTES = 50 * 1024 * 1024
_TEMPLATE = Path(__file__).parent / "template"


@dataclass(frozen=True, slots=True)
class Installed:
    pack: Pack
    folder: Path
    replaced: bool


def new_pack(folder: Path) -> tuple[Path, ...]:
    """Write a small pack that passes ``tutor pack check`` into ``folder``, which must be empty or not exist yet.

    Returns the files written. Raises PackError when there is something already, or when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise _refused(folder, _("found a folder with files in it; expected an empty one, or a new name"))
        return tuple(_write_template(folder))
    except OSError as error:
        message = _("found no way to write here ({said}); expected a folder that you may write to")
        raise _refused(folder, message.format(said=error.strerror)) from None


def _write_template(folder: Path) -> Iterator[Path]:
    name = _slug(folder.resolve().name)
    for original in sorted(_TEMPLATE.glob("*.yaml")):
        text = original.read_text(encoding="utf-8").replace("id: my-pack      ", f"id: {name}      ")
        path = folder / original.name
        path.write_text(text, encoding="utf-8")
        yield path


def _slug(name: str) -> str:
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join(words)[:64].strip("-") or "my-pack"


def install(folder: Path, *, replace: bool = False, into: Path | None = None) -> Installed:
    """Copy the pack in ``folder`` to where installed packs are; plain files only, in bounded number and size.

    A pack of the same id is replaced if ``replace`` says so. Raises PackError when it is there and may not be replaced,
    when the pack cannot be opened, holds links out of its folder or is too large, or when it cannot be written.
    """
    pack = load(folder / PACK_FILE, Pack).value
    files = _files(folder)
    home = into or installed_folder()
    target = home / pack.id
    there = target.exists()
    if there and not replace:
        message = _("found an installed pack {id} already; expected a new one: say --replace to put this in its place")
        raise _refused(target, message.format(id=quoted(pack.id)))
    try:
        home.mkdir(parents=True, exist_ok=True)
        _copy(folder, files, target)
    except OSError as error:
        message = _("found no way to write here ({said}); expected a folder that you may write to")
        raise _refused(target, message.format(said=error.strerror or error)) from None
    return Installed(pack, target, there)


def _files(folder: Path) -> list[Path]:
    """Return the paths of the plain files in ``folder``, relative to it."""
    found: list[Path] = []
    total = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in (*linked, *sorted(names)):
            path = Path(where) / name
            if name.startswith("."):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _refused(path, _("found a link, pipe or device; expected plain files only"))
            total += path.lstat().st_size
            found.append(path.relative_to(folder))
            if len(found) > MAX_FILES or total > MAX_BYTES:
                message = _("found more than {files:,} files or {size:,} bytes; expected a folder with a pack only")
                raise _refused(folder, message.format(files=MAX_FILES, size=MAX_BYTES))
    return found


def _copy(folder: Path, files: list[Path], target: Path) -> None:
    """Copy beside the target first, so that a copy that fails leaves what was there."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as scratch:
        fresh = Path(scratch) / "new"
        for file in files:
            (fresh / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, fresh / file, follow_symlinks=False)
        if target.exists():
            target.rename(Path(scratch) / "old")
        fresh.rename(target)


def _refused(path: Path, message: str) -> PackError:
    return PackError([Problem(file=shown(path), message=message, code="installing")])
