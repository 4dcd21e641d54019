"""Every problem of a lesson is said at its line and column: what was found, what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent

import pytest

Problems = Callable[[str | bytes], list[str]]

STEP = """\
id: slopes
title: Slopes
summary: What a slope is.
steps:
  - id: dot
    kind: code
    text: Do it.
    solution: y = 1
"""
HEAD = """\
id: slopes
title: Slopes
summary: What a slope is.
steps:
"""


def test_all_problems_of_a_file_are_in_one_report_in_the_order_of_the_file(problems_of: Problems) -> None:
    found = problems_of(
        dedent("""\
        id: Slopes
        titel: Slopes
        summary: 3
        steps:
          - id: dot
            kind: code
            text: Do it.
            startr: y = ...
            solution: y = (1
            checks: []
        """)
    )
    places = [message.split(": ")[0] for message in found]
    assert places == ["1:5", "2:1", "3:10", "8:5", "9:19", "10:13"]


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ("    checks: [{value: y}]\n    startr: y\n", "10:5", ["unknown key `startr`", "did you mean `starter`?"]),
        ("    checks: [{value: y}]\n    Starter: y\n", "10:5", ["did you mean `starter`?"]),
        ("    checks: [{valeu: y}]\n", "9:15", ["unknown key `valeu`", "did you mean `value`?"]),
        ("    checks: [{value: y, uses: [z]}]\n", "9:25", ["`value`, `uses`", "each as a check of its own"]),
        ("    checks: [{value: 3}]\n", "9:22", ["the number `3`", 'in quotes: value: "3"']),
        ("    checks: [{value: x.grad +}]\n", "9:22", ["Python in `value`", "an expression such as `x.grad`"]),
        ("    checks: [{value: y, equals: 4 * * x}]\n", "9:37", ["Python in `equals`"]),
        ("    checks: [{value: y, equals: {a: 1}}]\n", "9:33", ["a mapping for `equals`"]),
        ("    checks: [{value: y, rtol: -1}]\n", "9:31", ["the number `-1`", "zero or more"]),
        ("    checks: [{value: y, rtol: small}]\n", "9:31", ["the text `small`", "a number such as 1e-5"]),
        ("    checks: [{uses: backward}]\n", "9:21", ["the text `backward` for `uses`", "expected a list"]),
        ("    checks: [{uses: ['x y z']}]\n", "9:22", ["`x y z` in `uses`", "expected a name"]),
        ("    checks: [{raises: RuntimeErorr}]\n", "9:23", ["did you mean `RuntimeError`?"]),
        ("    checks: [{raises: Foo Bar}]\n", "9:23", ["`Foo Bar` for `raises`"]),
        ("    checks: [{raises: ValueError, match: 3}]\n", "9:42", ["the number `3`", "in quotes"]),
        (
            "    checks: [{raises: ValueError, match: '(a'}]\n",
            "9:43",
            ["regular expression", "unterminated subpattern"],
        ),
        ("    checks: [{raises: A.B}, {raises: KeyError}]\n", "9:38", ["`raises` in two checks"]),
        ("    checks: []\n", "9:13", ["no checks", "every answer would pass"]),
        ("    checks: [{value: y}]\n    hints: []\n", "10:12", ["empty list of hints"]),
        ("    checks: [{value: y}]\n    hints: use backward\n", "10:12", ["expected a list"]),
        ("    checks: [{value: y}]\n    hints: ['']\n", "10:13", ["empty text for `hints`"]),
        ("    checks: [{value: y}]\n    hints: [1]\n", "10:13", ["the number `1`"]),
        ("    checks: [{value: y}]\n    variants: [{setup: x = = 1}]\n", "10:28", ["Python in `setup`"]),
        ("    checks: [{value: y}]\n    mistakes: [{code: y = 2}]\n", "10:16", ["without `kind` and `message`"]),
        ("    checks: [{value: y}]\n    mistakes: [{code: 'y =', kind: a}]\n", "10:27", ["Python in `code`"]),
        ("    checks: [{value: y}]\n    setup: [x]\n", "10:12", ["a list for `setup`", "expected text"]),
        ("    checks: [{value: y}]\n    setup:\n", "10:11", ["nothing for `setup`", "`setup: |`"]),
    ],
)
def test_a_problem_of_a_code_step_is_said_where_it_stands(
    problems_of: Problems, lines: str, place: str, words: list[str]
) -> None:
    found = [message for message in problems_of(STEP + lines) if message.startswith(f"{place}: ")]
    assert found, problems_of(STEP + lines)
    assert all(word in found[0] for word in words), found


@pytest.mark.parametrize(
    ("step", "place", "words"),
    [
        ("- {id: a, kind: quiz, text: b}", "5:19", ["the kind `quiz`", "did you mean `choice`?"]),
        ("- {id: a, kind: red, text: b}", "5:19", ["did you mean `read`?"]),
        ("- {id: a, text: b}", "5:5", ["without `kind`"]),
        ("- {id: a, kind: read}", "5:5", ["no `text` in the step `a` of kind `read`"]),
        ("- {id: a, kind: read, text: b, solution: c}", "5:34", ["unknown key `solution` in the step `a`"]),
        ("- just words", "5:5", ["the text `just words`", "expected keys and values"]),
        ("- {id: a, kind: predict, text: b, code: 'x = 1', ask: x =}", "5:59", ["Python in `ask`"]),
        ("- {id: a, kind: choice, text: b, options: [{text: c, why: d, correct: true}]}", "5:45", ["fewer than two"]),
        (
            "- {id: a, kind: choice, text: b, options: [{text: c, why: d}, {text: e, why: f, correct: false}]}",
            "5:46",
            ["no correct option", "`correct: true`"],
        ),
        (
            "- {id: a, kind: choice, text: b, options: [{text: c, why: d, correct: yes}, {text: e, why: f}]}",
            "5:73",
            ["the text `yes` for `correct`", "in YAML 1.2 yes, no, on and off are text"],
        ),
        ("- {id: a, kind: read, text: b}\n  - {id: a, kind: read, text: c}", "6:10", ["`a` a second time", "line 5"]),
        ("- {id: a, kind: read, text: b, text: c}", "5:34", ["the key `text` a second time", "line 5"]),
    ],
)
def test_a_problem_of_any_step_is_said_where_it_stands(
    problems_of: Problems, step: str, place: str, words: list[str]
) -> None:
    found = [message for message in problems_of(f"{HEAD}  {step}\n") if message.startswith(f"{place}: ")]
    assert found, problems_of(f"{HEAD}  {step}\n")
    assert all(word in found[0] for word in words), found


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("    setup: |\n      x = 1\n      y = (2\n", "11:11"),
        ("    setup: |\n\n\n      for i in x\n        pass\n", "12:17"),
        ("    setup: |2\n        x = 1\n", "10:9"),
        ("    setup: &s |\n      y = )\n", "10:11"),
        ("    setup: 'x = )'\n", "9:17"),
        ("    setup: x = )\n", "9:16"),
        ("    setup: |-  # words\n        x = )\n", "10:13"),
    ],
)
def test_python_that_cannot_be_read_is_placed_inside_its_block(problems_of: Problems, block: str, place: str) -> None:
    found = problems_of(STEP + block + "    checks: [{value: y}]\n")
    assert [message.split(": ")[0] for message in found if "Python" in message] == [place], found


def test_code_after_a_folding_sign_is_refused_before_it_is_joined_to_nonsense(problems_of: Problems) -> None:
    found = problems_of(STEP + "    setup: >\n      x = 1\n      y = 2\n    checks: [{value: y}]\n")
    assert len(found) == 1
    assert re.match(r"9:12: found code after `>`, which joins its lines; expected `setup: \|`", found[0])


def test_a_class_that_the_step_itself_defines_may_be_raised(problems_of: Problems) -> None:
    code = "    setup: |\n      class Unwell(Exception): pass\n    checks: [{raises: Unwell}]\n"
    assert problems_of(STEP + code) == []


@pytest.mark.parametrize(
    "word", ["backward", ".data", "torch.autograd.grad", "with torch.no_grad", "for", "'@'", "requires_grad=True"]
)
def test_the_whole_vocabulary_of_uses_and_avoids_is_accepted(problems_of: Problems, word: str) -> None:
    assert problems_of(STEP + f"    checks: [{{uses: [{word}]}}, {{avoids: [{word}]}}]\n") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "an empty file; expected keys and values, beginning with `id: ...`"),
        ("# only a comment\n", "an empty file"),
        ("- a\n", "1:1: found a list; expected keys and values"),
        ("words\n", "1:1: found the text `words`; expected keys and values"),
        ("id: a\n---\nid: b\n", "2:1: found a second document"),
        ("? [a]\n: b\n", "a list or a mapping where a key stands"),
        ("id: !!python/object:os.system x\n", "1:5: found the tag `!!python/object:os.system`; expected none"),
        ("<<: {id: a}\n", "1:1: found a merge key, `<<`; expected the keys written out"),
    ],
)
def test_a_file_of_another_form_is_named_for_what_it_is(problems_of: Problems, content: str, words: str) -> None:
    assert any(words in message for message in problems_of(content)), problems_of(content)


def test_anchors_may_share_a_setup_between_steps(problems_of: Problems) -> None:
    shared = "    setup: &s |\n      x = 1\n    checks: [{value: y}]\n    variants: [{setup: *s}]\n"
    assert problems_of(STEP + shared) == []


@pytest.mark.parametrize("number", ["1e-5", "1.0e-5", "0.001", "0", "1", ".5"])
def test_numbers_are_those_of_yaml_1_2(problems_of: Problems, number: str) -> None:
    assert problems_of(STEP + f"    checks: [{{value: y, rtol: {number}}}]\n") == []


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "2026-01-31", "1_000", "12:30:45"])
def test_words_that_older_yaml_took_for_something_else_are_text(problems_of: Problems, word: str) -> None:
    assert problems_of(f"{HEAD}  - {{id: a, kind: read, text: {word}}}\n") == []


def test_control_characters_in_a_message_are_made_visible(problems_of: Problems) -> None:
    (found,) = problems_of(f'{HEAD}  - {{id: "a\\e[31m\\u202E", kind: read, text: b}}\n')
    assert "\x1b" not in found
    assert "\u202e" not in found
    assert "␛" in found
