"""A translation gives a lesson other words and leaves everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tutor.packs import open_pack
from tutor.packs.examining import Examination
from tutor.packs.format import ChoiceStep, CodeStep, ReadStep
from tutor.words import use_language

WritePack = Callable[[Mapping[str, str | bytes]], Path]

LESSON = """\
id: slopes
title: Slopes
summary: What a slope is.
steps:
  - id: words
    kind: read
    text: Some words.
  - id: pick
    kind: choice
    text: Which?
    options:
      - {text: one, why: because, correct: true}
      - {text: two, why: no}
  - id: dot
    kind: code
    text: Do it.
    solution: y = 1
    checks:
      - {value: y, message: Not one.}
      - uses: [backward]
    hints: [first, second]
    mistakes:
      - {code: y = 2, message: That is two.}
"""
CHINESE = """\
title: 斜率
summary: 什么是斜率。
steps:
  - id: words
    text: 一些文字。
  - id: pick
    text: 哪一个?
    options:
      - {text: 一, why: 因为}
      - {text: 二, why: 不}
  - id: dot
    text: 做吧。
    hints: [第一, 第二]
    checks: [{message: 不是一。}, {}]
    mistakes: [{message: 这是二。}]
"""
PACK = 'format: 1\nid: sample\ntitle: A sample\nversion: "1"\nlessons: [slopes.yaml]\n'


def files(words: str) -> dict[str, str | bytes]:
    return {"pack.yaml": PACK, "slopes.yaml": LESSON, "slopes.zh.yaml": words, "pack.zh.yaml": "title: 一个样本\n"}


def notes_and_errors(folder: Path) -> list[str]:
    return [str(problem) for one in Examination(folder) for problem in one.problems if "zh.yaml" in problem.file]


def test_all_words_are_those_of_the_translation_and_the_code_is_that_of_the_original(write_pack: WritePack) -> None:
    pack = open_pack(write_pack(files(CHINESE)), "zh")
    original = open_pack(pack.folder, "en").lesson("slopes")
    lesson = pack.lesson("slopes")
    assert (pack.pack.title, pack.headings[0].title, pack.headings[0].summary) == ("一个样本", "斜率", "什么是斜率。")
    assert (lesson.title, lesson.summary) == ("斜率", "什么是斜率。")
    read, pick, dot = lesson.steps
    assert isinstance(read, ReadStep)
    assert read.text == "一些文字。"
    assert isinstance(pick, ChoiceStep)
    assert [(one.text, one.why, one.correct) for one in pick.options] == [("一", "因为", True), ("二", "不", False)]
    assert isinstance(dot, CodeStep)
    assert dot.hints == ("第一", "第二")
    assert [one.message for one in dot.checks] == ["不是一。", None]
    assert dot.mistakes[0].message == "这是二。"
    assert dot.solution == "y = 1"
    assert original.steps[0] == ReadStep(id="words", kind="read", text="Some words.")


@pytest.mark.parametrize("language", ["zh", "zh_CN", "zh-Hans-CN"])
def test_the_learner_s_language_decides(write_pack: WritePack, language: str) -> None:
    folder = write_pack(files(CHINESE))
    assert open_pack(folder, language).lesson("slopes").title == "斜率"
    use_language(language)
    assert open_pack(folder).lesson("slopes").title == "斜率"
    assert open_pack(folder, "fr").lesson("slopes").title == "Slopes"


def test_what_is_not_translated_stays_as_it_is_and_is_noted(write_pack: WritePack) -> None:
    folder = write_pack(files("title: 斜率\nsteps:\n  - id: dot\n    text: 做吧。\n"))
    lesson = open_pack(folder, "zh").lesson("slopes")
    assert (lesson.title, lesson.summary) == ("斜率", "What a slope is.")
    assert [one.text for one in lesson.steps] == ["Some words.", "Which?", "做吧。"]
    found = notes_and_errors(folder)
    assert all(": note: " in one for one in found)
    assert any("found no words for `words`, `pick`" in one for one in found)
    assert any("found no `summary`" in one for one in found)
    assert any("found no `hints` for the step `dot`" in one for one in found)


@pytest.mark.parametrize(
    ("words", "place", "message"),
    [
        ("steps:\n  - {id: dott, text: a}\n", "2:10", "which the original has not; expected one of"),
        ("steps:\n  - {id: dott, text: a}\n", "2:10", "did you mean `dot`?"),
        ("steps:\n  - {id: dot, solution: y = 2}\n", "2:15", "`solution`, which belongs in the original"),
        ("steps:\n  - {id: dot, kind: code}\n", "2:15", "`kind`, which belongs in the original"),
        ("steps:\n  - {id: dot, checks: [{value: y}]}\n", "2:25", "`value`, which belongs in the original"),
        ("steps:\n  - {id: dot, hnts: [a]}\n", "2:15", "unknown key `hnts`"),
        ("steps:\n  - {id: dot, hints: [a]}\n", "2:22", "found 1 under `hints`; expected 2, as in the original"),
        ("steps:\n  - {id: words, options: [{text: a}]}\n", "2:26", "found 1 under `options`; expected 0"),
        ("steps:\n  - {id: words, why: a}\n", "2:22", "found `why` for a step of kind `read`"),
        ("steps:\n  - {id: dot, text: a}\n  - {id: dot, text: b}\n", "3:10", "`dot` a second time"),
        ("id: sloops\n", "1:5", "found the id `sloops`; expected `slopes`, as in the original"),
        ("title: `x`\n", "1:8", "found text that begins with a backtick"),
    ],
)
def test_what_has_nowhere_to_go_is_said_and_the_lesson_stays_usable(
    write_pack: WritePack, words: str, place: str, message: str
) -> None:
    folder = write_pack(files(words))
    found = [one for one in notes_and_errors(folder) if f"slopes.zh.yaml:{place}: found" in one]
    assert any(message in one for one in found), notes_and_errors(folder)
    assert open_pack(folder, "zh").lesson("slopes").steps[0].id == "words"
