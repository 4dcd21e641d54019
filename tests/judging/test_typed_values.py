"""A prediction is read as learners write values, and never evaluated."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.judging.typed import (
    CannotRead,
    TypedError,
    TypedList,
    TypedNone,
    TypedNumber,
    TypedWord,
    read,
    shape_and_numbers,
)


def as_tensor(text: str) -> tuple[tuple[int, ...], list[complex]]:
    typed = read(text)
    assert isinstance(typed, (TypedNumber, TypedList))
    shape, numbers = shape_and_numbers(typed)
    return shape, [number.value for number in numbers]


@pytest.mark.parametrize(
    ("text", "shape", "numbers"),
    [
        ("[0, 4, 8, 12]", (4,), [0, 4, 8, 12]),
        ("tensor([0., 4.])", (2,), [0, 4]),
        ("torch.tensor([0., 4.], requires_grad=True)", (2,), [0, 4]),
        ("tensor([1., 2.], dtype=torch.float64, requires_grad=True)", (2,), [1, 2]),
        ("tensor(28., grad_fn=<SumBackward0>)", (), [28]),
        ("Parameter containing:\ntensor([1.], requires_grad=True)", (1,), [1]),
        ("0 4 8 12", (4,), [0, 4, 8, 12]),
        ("0, 4, 8", (3,), [0, 4, 8]),
        ("[0 4 8]", (3,), [0, 4, 8]),
        ("4", (), [4]),
        ("(4)", (), [4]),
        ("(4,)", (1,), [4]),
        ("torch.Size([4, 1])", (2,), [4, 1]),
        ("[[1, 2], [3, 4]]", (2, 2), [1, 2, 3, 4]),
        ("[[1., 2.],\n [3., 4.]]", (2, 2), [1, 2, 3, 4]),
        ("[]", (0,), []),
        ("1e-3", (), [0.001]),
        (".5", (), [0.5]),
        ("-4", (), [-4]),
        ("− 4", (), [-4]),
        ("1/3", (), [1 / 3]),
        ("[1/3, -2/3]", (2,), [1 / 3, -2 / 3]),
        ("inf", (), [math.inf]),
        ("-inf", (), [-math.inf]),
        ("1+2j", (), [1 + 2j]),
        ("`[1, 2]`", (2,), [1, 2]),
        ("true", (), [True]),
    ],
)
def test_values_are_read_as_learners_write_them(text: str, shape: tuple[int, ...], numbers: list[complex]) -> None:
    assert as_tensor(text) == (shape, numbers)


def test_nan_is_a_number() -> None:
    _shape, [number] = as_tensor("NaN")
    assert number != number  # noqa: PLR0124


@pytest.mark.parametrize("text", ["None", "none", " NONE ", "nothing"])
def test_none_is_read(text: str) -> None:
    assert read(text) == TypedNone()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("error", ""),
        ("An error", ""),
        ("exception", ""),
        ("it fails", ""),
        ("RuntimeError", "RuntimeError"),
        ("RuntimeError: grad can be ...", "RuntimeError"),
        ("torch.OutOfMemoryError", "OutOfMemoryError"),
    ],
)
def test_an_error_is_read_with_its_name_where_one_is_given(text: str, kind: str) -> None:
    assert read(text) == TypedError(kind)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("torch.float32", "torch.float32"),
        ("<SumBackward0>", "SumBackward0"),
        ("<SumBackward0 object at 0x7f>", "SumBackward0"),
        ("'mean'", "mean"),
    ],
)
def test_names_of_things_are_words(text: str, word: str) -> None:
    assert read(text) == TypedWord(word)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "Type a value"),
        ("[1, 2", "closing `]`"),
        ("((1)", "closing `)`"),
        ("2*3", "not the calculation"),
        ("4 * 2", "not the calculation"),
        ("x + 1", "cannot read `x + 1`"),
        ("[1;2]", "cannot read"),
        ("[1,,2]", "cannot read"),
        ("1/0", "no value"),
        ("hello world", "cannot read"),
        ("[" * 50, "too deeply"),
        ("1" * 20_000, "too long"),
    ],
)
def test_what_is_no_value_is_answered_with_how_to_write_one(text: str, advice: str) -> None:
    with pytest.raises(
        CannotRead, match=advice.replace("(", r"\(").replace("[", r"\[").replace(")", r"\)").replace("+", r"\+")
    ):
        read(text)


def test_rows_of_different_lengths_are_said() -> None:
    typed = read("[[1, 2], [3]]")
    assert isinstance(typed, TypedList)
    with pytest.raises(CannotRead, match="rows do not match"):
        shape_and_numbers(typed)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="0123456789.,-+eE[]() \n/*jinfaN", max_size=40))
def test_any_text_is_read_or_answered(text: str) -> None:
    with suppress(CannotRead):
        typed = read(text)
        if isinstance(typed, (TypedNumber, TypedList)):
            shape, numbers = shape_and_numbers(typed)
            assert math.prod(shape) == len(numbers)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=3).flatmap(
        lambda shape: st.tuples(
            st.just(shape), st.lists(st.floats(-99, 99, width=16), min_size=math.prod(shape), max_size=math.prod(shape))
        )
    )
)
def test_what_torch_prints_is_read_back(case: tuple[list[int], list[float]]) -> None:
    shape, numbers = case
    if 0 in shape:
        return
    with torch._tensor_str.printoptions(precision=12, sci_mode=False):
        text = repr(torch.tensor(numbers, dtype=torch.float64).reshape(shape))
    found, read_back = as_tensor(text)
    assert found == tuple(shape)
    assert read_back == pytest.approx(numbers)
