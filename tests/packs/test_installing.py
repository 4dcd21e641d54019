"""New packs pass, and installing copies a pack whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tutor.packs import PackError, find_packs
from tutor.packs.examining import Examination
from tutor.packs.installing import install, new_pack

WritePack = Callable[[Mapping[str, str | bytes]], Path]

LESSON = "id: a\ntitle: {title}\nsummary: S.\nsteps:\n  - {{id: a, kind: read, text: b}}\n"


def test_a_new_pack_has_the_name_of_its_folder_and_no_problem(tmp_path: Path) -> None:
    folder = tmp_path / "My Class 2"
    assert {path.name for path in new_pack(folder)} == {"pack.yaml", "slopes.yaml"}
    examination = Examination(folder, kinds={"non-scalar-backward"})
    assert [problem for one in examination for problem in one.problems] == []
    assert examination.pack is not None
    assert examination.pack.id == "my-class-2"


def test_a_new_pack_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PackError, match="found a folder with files in it"):
        new_pack(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_installed_pack_is_found_and_replaced_only_when_that_is_said(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": LESSON.format(title="First"), "pictures/x.txt": "x", ".git/config": "secret"})
    installed = install(folder)
    assert [one.origin for one in find_packs().packs if one.id == "sample"] == ["installed"]
    assert (installed.folder / "pictures" / "x.txt").read_text() == "x"
    assert not (installed.folder / ".git").exists()
    (folder / "a.yaml").write_text(LESSON.format(title="Second"))
    with pytest.raises(PackError, match="--replace"):
        install(folder)
    assert "First" in (installed.folder / "a.yaml").read_text()
    assert install(folder, replace=True).replaced
    assert "Second" in (installed.folder / "a.yaml").read_text()
    assert [path.name for path in installed.folder.parent.iterdir()] == ["sample"]


def test_links_pipes_and_large_packs_are_not_installed(write_pack: WritePack, tmp_path: Path) -> None:
    folder = write_pack({"a.yaml": LESSON.format(title="T")})
    odd = folder / "odd"
    odd.symlink_to("/etc")
    with pytest.raises(PackError, match=r"odd.*found a link, pipe or device"):
        install(folder)
    odd.unlink()
    os.mkfifo(odd)
    with pytest.raises(PackError, match="found a link, pipe or device"):
        install(folder)
    odd.unlink()
    odd.touch()
    os.truncate(odd, 100_000_000)
    with pytest.raises(PackError, match="found more than"):
        install(folder)
    assert not (tmp_path / "data").exists()
