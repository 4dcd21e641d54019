"""Where packs are: built in, installed, and in the folders that ``TUTOR_PACKS`` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tutor.packs.files import PACK_FILE, shown
from tutor.packs.format import Pack
from tutor.packs.loading import load
from tutor.packs.problem import PackError, Problem, quoted
from tutor.words import _

Origin: TypeAlias = Literal["built-in", "installed", "TUTOR_PACKS"]

PATHS_VARIABLE: Final = "TUTOR_PACKS"


@dataclass(frozen=True, slots=True)
class FoundPack:
    """A pack that can be opened."""

    pack: Pack
    folder: Path
    origin: Origin

    @property
    def id(self) -> str:
        return self.pack.id


@dataclass(frozen=True, slots=True)
class FoundPacks:
    """All packs, and the problems of those that cannot be opened. Of two packs with one id the later is left out."""

    packs: tuple[FoundPack, ...]
    problems: tuple[Problem, ...] = ()


def installed_folder() -> Path:
    """Return the folder that installed packs are in; it need not exist."""
    from platformdirs import user_data_path  # noqa: PLC0415 - opening a folder does not need it

    return user_data_path("autograd-tutor", appauthor=False) / "packs"


def built_in_folder() -> Path:
    """Return the folder of the packs that came with the product: in the wheel, or in an editable checkout."""
    package = Path(__file__).resolve().parents[1]
    wheel = package / "lessons"
    return wheel if wheel.is_dir() else package.parent / "lessons"


def find_packs() -> FoundPacks:
    """Find all packs. Total: a pack that cannot be opened is a problem, and the others are found."""
    packs: dict[str, FoundPack] = {}
    problems: list[Problem] = []
    for folder, origin in _candidates(problems):
        try:
            loaded = load(folder / PACK_FILE, Pack)
        except PackError as error:
            problems.extend(error.problems)
            continue
        pack = loaded.value
        if pack.id not in packs:
            packs[pack.id] = FoundPack(pack, folder, origin)
        elif packs[pack.id].folder.resolve() != folder.resolve():
            message = _("found the pack id {id} a second time; expected one pack of this id: {other} is used")
            text = message.format(id=quoted(pack.id), other=shown(packs[pack.id].folder))
            problems.append(loaded.problem(("id",), text, "duplicate-id"))
    return FoundPacks(tuple(packs.values()), tuple(problems))


def _candidates(problems: list[Problem]) -> Iterator[tuple[Path, Origin]]:
    """Yield the folders that have a ``pack.yaml``: what the user names comes before what is installed and built in."""
    for path in filter(None, os.environ.get(PATHS_VARIABLE, "").split(os.pathsep)):
        yield from _named(Path(path), problems)
    for folder in _packs_in(installed_folder()):
        yield folder, "installed"
    for folder in _packs_in(built_in_folder()):
        yield folder, "built-in"


def _named(path: Path, problems: list[Problem]) -> Iterator[tuple[Path, Origin]]:
    if (path / PACK_FILE).exists():
        yield path, PATHS_VARIABLE
        return
    folders = list(_packs_in(path))
    if not folders:
        message = _(
            "found no pack here, though {variable} names it; expected a folder with {file}, or one of such folders"
        )
        text = message.format(variable=PATHS_VARIABLE, file=PACK_FILE)
        problems.append(Problem(file=shown(path), message=text, code="no-such-pack"))
    for folder in folders:
        yield folder, PATHS_VARIABLE


def _packs_in(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if (entry / PACK_FILE).exists())
    except OSError:
        return
    yield from entries
