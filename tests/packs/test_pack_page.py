"""The page for instructors shows what is true: its pack is proven by the command it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from tutor.cli.pack import pack
from tutor.packs import open_pack
from tutor.packs.format import CodeStep, Lesson, Option, PredictStep
from tutor.packs.format import Pack as PackFile
from tutor.packs.shapes import record_shape

WritePack = Callable[[Mapping[str, str | bytes]], Path]
Problems = Callable[[str | bytes], list[str]]

PAGE = Path(__file__).parents[2] / "docs" / "pack-format.md"


def files_of_the_page() -> dict[str, str | bytes]:
    blocks = re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(blocks)


def test_the_pack_of_the_page_is_proven(write_pack: WritePack) -> None:
    folder = write_pack(files_of_the_page())
    result = CliRunner().invoke(pack, ["check", str(folder)], standalone_mode=False)
    errors = [line for line in result.output.splitlines() if "note: " not in line]
    assert errors == ["✓ slopes is proven: 1 lesson, 5 steps."]
    notes = [line for line in result.output.splitlines() if "note: " in line]
    assert all("first-slope.zh.yaml" in line for line in notes)


def test_the_translation_of_the_page_is_shown(write_pack: WritePack) -> None:
    lesson = open_pack(write_pack(files_of_the_page()), "zh").lesson("first-slope")
    assert lesson.title == "第一个斜率"
    dot = next(step for step in lesson.steps if isinstance(step, CodeStep))
    assert dot.hints[0] == "逐元素相乘再求和。"
    assert dot.checks[1].message == "斜率是 $4x$。"


@pytest.mark.parametrize("of", [PackFile, Lesson, CodeStep, PredictStep, Option])
def test_every_field_is_on_the_page(of: type[object]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [name for name in record_shape(of).names if f"`{name}`" not in page and f"`{name}: " not in page]
    assert missing == []


@pytest.mark.parametrize(
    "line", re.findall(r"^\| `(text: [^`]*|version: 1\.0)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
)
def test_the_surprises_of_the_page_surprise(problems_of: Problems, line: str) -> None:
    found = problems_of(f"id: a\ntitle: b\nsummary: c\nsteps:\n  - id: d\n    kind: read\n    {line}\n")
    assert len([message for message in found if message.startswith("7:")]) == 1
