"""A pattern is searched for as `re` does it, and cannot hold up whoever judges."""

from __future__ import annotations

import re

import pytest

from tutor.judging.patterns import TakesForEver, is_found


@pytest.mark.parametrize(
    "pattern", ["only for scalar", "^grad", r"\d+", "created .* scalar", r"(\w+ )+outputs$", "x|y", ""]
)
@pytest.mark.parametrize("text", ["grad can be implicitly created only for scalar outputs", "xyz", "", "two\nlines 3"])
def test_a_pattern_is_found_where_re_finds_it(pattern: str, text: str) -> None:
    assert is_found(pattern, text) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ["(a+)+$", ".*.*.*.*.*.*x"])
def test_a_pattern_that_takes_for_ever_is_given_up(pattern: str) -> None:
    with pytest.raises(TakesForEver):
        is_found(pattern, "a" * 3000 + "!")


def test_what_is_no_pattern_is_said() -> None:
    with pytest.raises(re.error):
        is_found("(", "text")


def test_a_repetition_in_brackets_or_behind_a_backslash_is_none() -> None:
    assert is_found(r"[*+]\*\+", "a **+")
