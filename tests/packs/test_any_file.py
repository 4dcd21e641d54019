"""Laws that hold for whatever stands in a lesson file."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tutor.packs import PackError
from tutor.packs.format import Lesson
from tutor.packs.loading import Loaded, loaded
from tutor.packs.source import decoded

LESSON = """\
id: slopes
title: Slopes
summary: What a slope is.
steps:
  - id: dot
    kind: code
    text: |
      Do it.
    setup: &setup |
      x = 1
    solution: y = 1
    checks:
      - {value: y, equals: [1.0, 2], rtol: 1e-3}
      - raises: RuntimeError
        match: "a b"
    variants:
      - setup: *setup
    hints: ['first', second]
    mistakes: [{code: y = 2, kind: sign-flipped}]
"""


def _load(data: bytes) -> Loaded[Lesson] | PackError:
    try:
        return loaded(decoded(data, "lesson.yaml"), Lesson)
    except PackError as error:
        return error


def _holds(data: bytes) -> None:
    found = _load(data)
    problems = found.notes if isinstance(found, Loaded) else found.problems
    assert isinstance(found, Loaded) or problems
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert problem.column >= 1
        assert problem.message.startswith("found ")
        assert "\n" not in str(problem)
        assert str(problem).isprintable() or any(not character.isascii() for character in str(problem))


@given(st.binary(max_size=300))
@example(b"%")
@example(b"\xef\xbb\xbf")
@example(b"a: !\n")
@example(b"|")
@example(b"? |\n")
def test_any_bytes_are_a_lesson_or_problems_with_places_in_the_file(data: bytes) -> None:
    _holds(data)


@given(st.text(alphabet="ab:-#'\"|>[]{}&*!%@`,? \n\t\\~<.0\u2028\x85", max_size=80))
@example("a: |\n\ta")
@example("'\\\n")
@example("!<")
@example("%YAML 9.9\n---\na")
@example("%TAG ! x\n--- !a b")
@example("--- |1-\n a")
@example("{? a")
def test_any_sequence_of_yaml_signs_is_a_lesson_or_problems(text: str) -> None:
    _holds(text.encode())


@given(st.integers(0, len(LESSON)), st.integers(0, 12), st.text(alphabet="ab:-#'\"|>[]{}&*! \n\t0", max_size=6))
def test_a_lesson_changed_anywhere_is_a_lesson_or_problems(start: int, cut: int, put: str) -> None:
    _holds((LESSON[:start] + put + LESSON[start + cut :]).encode())


_slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
_words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and text.isprintable()
)
_code = st.sampled_from(["x = 1\n", "x = torch.arange(4.0)\ny = x\n", "for i in range(3):\n    y = i\n", "y = '#: @'"])
_numbers = st.one_of(st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False))
_literals = st.recursive(_numbers, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def _optional(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


_checks = st.one_of(
    _optional(
        {"value": st.sampled_from(["x", "x.grad", "y[0]"])},
        {"equals": st.one_of(_literals, st.none(), st.just("4 * x")), "rtol": st.floats(0, 1), "message": _words},
    ),
    _optional({"uses": st.lists(st.sampled_from(["backward", "with torch.no_grad", "@"]), max_size=2)}, {}),
    _optional({"avoids": st.just([".data"])}, {"message": _words}),
)
_steps = st.one_of(
    _optional({"kind": st.just("read"), "text": _words}, {"title": _words}),
    _optional(
        {"kind": st.just("predict"), "text": _words, "code": _code, "ask": st.just("x.grad")},
        {"setup": _code, "why": _words, "hints": st.lists(_words, min_size=1, max_size=3)},
    ),
    _optional(
        {
            "kind": st.just("code"),
            "text": _words,
            "solution": _code,
            "checks": st.lists(_checks, min_size=1, max_size=3),
        },
        {"starter": _code, "variants": st.lists(st.fixed_dictionaries({"setup": _code}), max_size=2)},
    ),
)
_lessons = st.fixed_dictionaries(
    {"id": _slugs, "title": _words, "summary": _words, "steps": st.lists(_steps, min_size=1, max_size=4)}
)


def _same(loaded_value: Any, written: Any) -> bool:
    if isinstance(written, dict):
        return all(_same(getattr(loaded_value, key), value) for key, value in written.items())
    if isinstance(written, list):
        return len(loaded_value) == len(written) and all(map(_same, loaded_value, written))
    return bool(loaded_value == written)


@given(_lessons)
def test_a_lesson_that_is_written_as_yaml_is_read_back_as_it_was(lesson: dict[str, Any]) -> None:
    for number, step in enumerate(lesson["steps"]):
        step["id"] = f"step-{number}"
    stream = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.dump(lesson, stream)
    found = _load(stream.getvalue())
    assert isinstance(found, Loaded), found
    assert _same(found.value, lesson)
