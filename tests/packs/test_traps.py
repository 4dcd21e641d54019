"""Where YAML surprises an author, the message says what YAML made of it and how to write it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Problems = Callable[[str | bytes], list[str]]

HEAD = "id: slopes\ntitle: Slopes\nsummary: What a slope is.\nsteps:\n  - id: a\n    kind: read\n"
BLOCK = "the block form: `text: |` with the text on the next line, indented"


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        ("Is it # or not", 17, ["found ` #` in text without quotes, which cuts it", "`# or not` is not shown"]),
        ("# nothing", 11, ["found nothing for `text`, since ` #` begins a comment"]),
        ("Remember: call backward", 19, ["found `: ` inside text without quotes"]),
        ("`x.grad` holds it", 11, ["found text that begins with a backtick"]),
        ("@ multiplies matrices", 11, ["found text that begins with `@`"]),
        ("%timeit is nice", 11, ["found text that begins with `%`"]),
        ("*important* words", 11, ["found text that begins with `*`"]),
        ("*important", 11, ["found `*important`, an alias that nothing above defines"]),
        ("& so on", 11, ["found text that begins with `&`"]),
        ("&so on", 11, ["found `&` at the start of a value"]),
        ("!important words", 11, ["found the tag `!important`", "text that begins with `!` needs quotes"]),
        ("{x} is a set", 11, ["found text that begins with `{`, which begins a mapping"]),
        ("[0] is the first", 11, ["found text that begins with `[`, which begins a list"]),
        ("{x}", 11, ["found `{` at the start of `text`, which begins a mapping"]),
        ("[x]", 11, ["found a list for `text`; expected text"]),
        ("}, it says", 11, ["found text that begins with `}`"]),
        (", it says", 11, ["found text that begins with `,`"]),
        ("'It's' here", 15, ["found more text after the closing quote"]),
        ('"x" is a name', 15, ["found more text after the closing quote"]),
        ('"a \\d digit"', 14, ["found the backslash `\\d` in double quotes", "single quotes"]),
        ("| and more", 13, ["found text after `|`"]),
        ("3.0", 11, ["found the number `3.0`", 'text: "3.0"']),
        ("true", 11, ["found `true` (true or false)", 'text: "true"']),
        ("null", 11, ["null (`null`)", "expected text"]),
        ("", 10, ["found nothing for `text`; expected text"]),
    ],
)
def test_a_value_that_yaml_takes_for_something_else_is_explained(
    problems_of: Problems, value: str, column: int, words: list[str]
) -> None:
    (found,) = problems_of(f"{HEAD}    text: {value}\n")
    assert found.startswith(f"7:{column}: "), found
    assert all(word in found for word in words), found


@pytest.mark.parametrize("value", ["a # b", "Many words # cut", "`x`", "Remember: x", "{x} is", "'a' b"])
def test_the_block_form_is_shown_and_mends_it(problems_of: Problems, value: str) -> None:
    (found,) = problems_of(f"{HEAD}    text: {value}\n")
    assert BLOCK in found
    assert problems_of(f"{HEAD}    text: |\n      {value}\n") == []


def test_several_unreadable_values_are_said_in_one_report_with_what_else_is_wrong(problems_of: Problems) -> None:
    found = problems_of(f"{HEAD}    text: `a`\n  - id: a\n    kind: reed\n    text: @b\n  - id: c: d\n")
    assert [message.split(": ")[0] for message in found][:4] == ["7:11", "8:9", "9:11", "10:11"]


@pytest.mark.parametrize("comment", ["  # two spaces before it", "   # three"])
def test_a_comment_set_apart_from_the_text_is_a_comment(problems_of: Problems, comment: str) -> None:
    assert problems_of(f"{HEAD}    text: Some words.{comment}\n") == []


def test_a_comment_after_code_is_a_comment(problems_of: Problems) -> None:
    step = "  - id: a\n    kind: predict\n    text: What?\n    code: x = 1 # one\n    ask: x # that\n"
    assert problems_of("id: s\ntitle: S\nsummary: S.\nsteps:\n" + step) == []


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ("id: a\n\ttitle: b\n", "2:1", "a tab in the indentation; expected spaces"),
        ("id: a\t# b\ntitle: c\n", "1:6", "found a tab before a comment; expected spaces"),
        ("steps:\n\t- id: a\n", "2:1", "a tab in the indentation; expected spaces"),
        ("id:a\ntitle: b\n", "1:1", "found `id:a`; expected a space after the colon: `id: a`"),
        ("id: a\ntitle\nsummary: b\n", "2:1", "found `title` where a key stands"),
        ("id: a\n  title: b\n", "2:3", "found the key `title` below a value"),
        (
            "steps:\n  - id: a\n   kind: read\n",
            "3:4",
            "a line that begins in column 4; expected it in line with one above",
        ),
        ('title: "never closed\nid: a\n', "1:8", "a quote that is never closed"),
        ("steps: [a, b\n", "1:13", "inside the list that begins with `[`"),
        ("steps: {a: b: c}\n", "1:13", "inside the mapping that begins with `{`"),
        ("steps:\n  - {id: a, text: `b`}\n", "2:19", "found text that begins with a backtick"),
        ('steps: [\n  {id: "a"\n  id: b}]\n', "3:3", "in a list or mapping in brackets that began on line 2"),
        ("  id: a\ntitle: b\n", "2:1", "found `title: b` after the end of the file's keys"),
        ("id: a\n- b\n", "2:1", "found `- b` here"),
    ],
)
def test_a_slip_of_layout_is_said_in_words_of_layout(
    problems_of: Problems, content: str, place: str, words: str
) -> None:
    found = problems_of(content)
    assert any(message.startswith(f"{place}: ") and words in message for message in found), found
