"""Packs written by the tests, in the words of an instructor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tutor.packs import PackError
from tutor.packs.format import Lesson
from tutor.packs.loading import load
from tutor.words import use_language

PACK = """\
format: 1
id: sample
title: A sample
version: "1.0"
lessons: [{lessons}]
"""

LESSON = """\
id: {id}
title: Slopes
summary: What a slope is.
steps:
  - id: one
    kind: read
    text: Some words.
"""

WritePack = Callable[[Mapping[str, str | bytes]], Path]
Problems = Callable[[str | bytes], list[str]]


@pytest.fixture(autouse=True)
def _no_packs_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("TUTOR_PACKS", raising=False)
    use_language("en")
    yield
    use_language(None)


@pytest.fixture
def write_pack(tmp_path: Path) -> WritePack:
    """Write a pack: ``pack.yaml`` is made up from the other files unless it is given."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "pack"
        folder.mkdir(exist_ok=True)
        names = ", ".join(
            name for name in files if name != "pack.yaml" and name.endswith(".yaml") and name.count(".") == 1
        )
        for name, content in {"pack.yaml": PACK.format(lessons=names), **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return write


@pytest.fixture
def problems_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problems:
    """Return the problems of a lesson file, as ``line:column: message``."""
    monkeypatch.chdir(tmp_path)

    def problems(content: str | bytes) -> list[str]:
        path = tmp_path / "lesson.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            return [str(note).removeprefix("lesson.yaml:") for note in load(path, Lesson).notes]
        except PackError as error:
            return [str(problem).removeprefix("lesson.yaml:") for problem in error.problems]

    return problems


@pytest.fixture
def is_root() -> bool:
    return os.geteuid() == 0
