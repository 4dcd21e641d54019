"""The scratch folder is measured and wiped, whatever was put in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor.running.fence import fill, scratch, wipe


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "scratch"
    made.mkdir()
    yield made
    wipe(str(made))


def _deep(folder: Path, levels: int) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_a_wiped_folder_is_gone_with_all_in_it(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").write_text("x")
    wipe(str(folder))
    assert not folder.exists()


def test_a_tree_deeper_than_any_path_may_be_is_wiped(folder: Path) -> None:
    _deep(folder, 3000)
    wipe(str(folder))
    assert not folder.exists()


def test_folders_without_any_permission_are_wiped(folder: Path) -> None:
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "inner" / "file").write_text("x")
    (folder / "closed" / "inner").chmod(0)
    (folder / "closed").chmod(0)
    wipe(str(folder))
    assert not folder.exists()


def test_wiping_follows_no_link(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    (folder / "to-folder").symlink_to(kept)
    (folder / "to-file").symlink_to(kept / "file")
    wipe(str(folder))
    assert not folder.exists()
    assert (kept / "file").read_text() == "x"


def test_a_link_in_place_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    (folder / "file").write_text("x")
    wipe(str(link))
    assert (folder / "file").exists()


def test_names_that_are_no_text_are_wiped(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\x1b[2J")).write_bytes(b"")
    wipe(str(folder))
    assert not folder.exists()


def test_wiping_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    wipe(str(tmp_path / "never"))


def test_too_many_files_are_noticed_without_counting_them_all(folder: Path) -> None:
    for number in range(scratch.MOST_ENTRIES + 10):
        (folder / str(number)).touch()
    found = fill(str(folder))
    assert "files" in found.too_much
    assert found.entries == scratch.MOST_ENTRIES + 1


def test_too_many_bytes_are_noticed_in_folders_too(folder: Path) -> None:
    (folder / "inner").mkdir()
    assert fill(str(folder)).too_much == ""
    with (folder / "inner" / "large").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, scratch.MOST_BYTES + (1 << 20))
    assert "MiB" in fill(str(folder)).too_much


def test_a_deep_tree_is_too_much_and_noticed_without_going_to_its_end(folder: Path) -> None:
    _deep(folder, 2500)
    found = fill(str(folder))
    assert "deep" in found.too_much
    assert found.depth == scratch.MOST_DEPTH + 1


def test_a_wide_tree_is_wiped(folder: Path) -> None:
    for number in range(300):
        (folder / str(number) / "inner").mkdir(parents=True)
    wipe(str(folder))
    assert not folder.exists()
