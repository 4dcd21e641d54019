"""Everything of a Python installation is granted but what is private in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.running.fence import landlock, reach


def _tree(top: Path) -> None:
    for file in ("torch/nn.py", "numpy/core.py", "tutor/lessons/answers.yaml", "tutor/app.py", "six.py"):
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).touch()


def _readable(path: Path, grants: dict[str, int]) -> bool:
    return any(
        rights & landlock.READ_FILE and (str(path) == root or str(path).startswith(root + "/"))
        for root, rights in grants.items()
    )


def test_what_is_private_is_left_out_of_its_surroundings(tmp_path: Path) -> None:
    _tree(tmp_path)
    grants = reach.grants([str(tmp_path)], frozenset({str(tmp_path / "tutor")}))
    assert _readable(tmp_path / "torch/nn.py", grants)
    assert _readable(tmp_path / "six.py", grants)
    assert not _readable(tmp_path / "tutor/app.py", grants)
    assert not _readable(tmp_path / "tutor/lessons/answers.yaml", grants)


def test_a_folder_with_something_private_may_be_listed_so_that_imports_find_its_entries(tmp_path: Path) -> None:
    _tree(tmp_path)
    grants = reach.grants([str(tmp_path)], frozenset({str(tmp_path / "tutor")}))
    assert grants[str(tmp_path)] == landlock.READ_DIR


def test_a_private_root_is_not_granted_at_all(tmp_path: Path) -> None:
    _tree(tmp_path)
    assert reach.grants([str(tmp_path / "tutor/lessons")], frozenset({str(tmp_path / "tutor/lessons")})) == {}


def test_a_private_folder_stays_private_when_a_root_lies_inside_another(tmp_path: Path) -> None:
    _tree(tmp_path)
    grants = reach.grants([str(tmp_path), str(tmp_path / "tutor")], frozenset({str(tmp_path / "tutor/lessons")}))
    assert _readable(tmp_path / "tutor/app.py", grants)
    assert not _readable(tmp_path / "tutor/lessons/answers.yaml", grants)


def test_a_link_does_not_lead_to_what_is_private(tmp_path: Path) -> None:
    _tree(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "tutor")
    grants = reach.grants([str(tmp_path)], frozenset({str(tmp_path / "tutor")}))
    assert str(tmp_path / "alias") not in grants


def test_without_anything_private_one_grant_is_enough(tmp_path: Path) -> None:
    _tree(tmp_path)
    assert reach.grants([str(tmp_path), str(tmp_path / "torch")], frozenset()) == {str(tmp_path): landlock.READ}


def test_the_tutor_and_the_packs_it_was_told_of_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_PACKS", str(tmp_path))
    assert {reach.package(), str(tmp_path)} <= reach.private_folders()


def test_neither_home_nor_root_nor_the_system_is_readable() -> None:
    roots = reach.readable_roots()
    assert not {"/", "/usr", "/etc", "/home", "/proc", "/tmp", str(Path.home())} & roots
