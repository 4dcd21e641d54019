"""Values are equal exactly when torch.testing says so; differences are said as what they are."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.autograd import Items, PlainValue, TensorValue, Value
from tutor.judging.comparing import Wanted, compare
from tutor.judging.literals import literal_value
from tutor.judging.tolerance import Asked

_CARRIED = {torch.bfloat16: torch.float32}


def carried(value: Any) -> Value:
    """The value as a run would hand it over."""
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        plain = plain.to(_CARRIED.get(plain.dtype, plain.dtype)).contiguous()
        return TensorValue(
            shape=tuple(value.shape),
            dtype=str(value.dtype).removeprefix("torch."),
            storage=str(plain.dtype).removeprefix("torch."),
            data=plain.numpy().tobytes(),
            requires_grad=value.requires_grad,
            python_type=type(value).__name__,
        )
    if isinstance(value, dict):
        return Items(python_type="dict", items=tuple(map(carried, value.values())), keys=tuple(value))
    if isinstance(value, (list, tuple)):
        return Items(python_type=type(value).__name__, items=tuple(map(carried, value)))
    if isinstance(value, (bool, int, float, str)) or value is None:
        return PlainValue(python_type=type(value).__name__, value=value, text=repr(value))
    return PlainValue(python_type=type(value).__name__, text=repr(value))


def equal(got: Any, want: Any, **asked: float) -> bool:
    return compare("x", carried(got), Wanted(carried(want), tolerance=Asked(**asked))).equal


def equals_literal(got: Any, literal: object) -> bool:
    return compare("x", carried(got), Wanted(literal_value(literal), literal=True)).equal


def said(got: Any, want: Any) -> str:
    return compare("x.grad", carried(got), Wanted(carried(want))).text


def test_the_tolerances_are_those_of_torch_testing() -> None:
    from torch.testing import _comparison  # noqa: PLC0415

    for dtype, precision in _comparison._DTYPE_PRECISIONS.items():
        found = Asked().of(str(dtype).removeprefix("torch."))
        assert (found.rtol, found.atol) == precision
    assert Asked().of("int64").exact
    assert Asked().of("bool").exact


DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]
DTYPES += [torch.complex64, torch.complex128]


@settings(max_examples=150, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    numbers=st.lists(st.floats(allow_nan=True, allow_infinity=True, width=16), max_size=6),
    factor=st.sampled_from([1.0, 1 + 1e-8, 1 + 1e-6, 1 + 2e-6, 1.001, 1.02, -1.0]),
    shift=st.sampled_from([0.0, 1e-8, 9e-6, 2e-5]),
)
def test_two_tensors_are_equal_when_torch_testing_says_so(
    dtype: torch.dtype, numbers: list[float], factor: float, shift: float
) -> None:
    if not (dtype.is_floating_point or dtype.is_complex):
        numbers = [number for number in numbers if math.isfinite(number)]
    want = torch.tensor(numbers, dtype=torch.float64).clamp(-60000, 60000).abs().to(dtype)
    got = (torch.tensor(numbers, dtype=torch.float64).clamp(-60000, 60000).abs() * factor + shift).to(dtype)
    # torch computes the allowed difference in the dtype itself: at the very edge the two may round differently
    rtol, atol = Asked().of(str(dtype).removeprefix("torch.")).rtol, Asked().of(str(dtype).removeprefix("torch.")).atol
    wide = (got.to(torch.complex128) - want.to(torch.complex128)).abs()
    allowed = atol + rtol * want.to(torch.complex128).abs()
    if bool(((wide - allowed).abs() <= 1e-2 * allowed).logical_and(allowed > 0).any()):
        return
    assert equal(got, want) == all_close(got, want)


def all_close(got: torch.Tensor, want: torch.Tensor) -> bool:
    try:
        torch.testing.assert_close(got, want, equal_nan=True)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (True, True),
        (3, 3),
        (3, 3.0),
        ("mean", "mean"),
        ([1, 2], (1, 2)),
        ({"a": torch.ones(2), "b": 1}, {"b": 1, "a": torch.ones(2)}),
        ([torch.ones(2), None], [torch.ones(2), None]),
        (torch.zeros(0), torch.zeros(0)),
        (torch.tensor(3.0), torch.tensor(3.0)),
        (torch.tensor([math.nan, math.inf, -math.inf]), torch.tensor([math.nan, math.inf, -math.inf])),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
        (torch.ones(2, requires_grad=True), torch.ones(2)),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j])),
        (1 + 2j, 1 + 2j),
        (torch.float32, torch.float32),
        (10**30, 10**30),
        (torch.ones(1).sum().item() / 3, torch.tensor(1 / 3).item()),
    ],
)
def test_what_is_the_same_is_equal(one: Any, other: Any) -> None:
    assert equal(one, other)
    assert equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, 0),
        (None, torch.zeros(1)),
        (True, 1),
        (0, False),
        (3, 4),
        (math.inf, -math.inf),
        (math.inf, 1e300),
        (math.nan, 0.0),
        ("mean", "sum"),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, [1]),
        (torch.zeros(0), torch.zeros(0, 3)),
        (torch.zeros(1), torch.zeros(())),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2), [1.0, 1.0]),
        (torch.tensor([1 + 2j]), torch.tensor([1 - 2j])),
        (torch.float32, torch.float64),
        (10**30, 10**30 + 1),
        (3.0, torch.tensor(3.0)),
    ],
)
def test_what_is_not_the_same_is_not_equal(one: Any, other: Any) -> None:
    assert not equal(one, other)
    assert not equal(other, one)


@pytest.mark.parametrize(
    ("got", "literal"),
    [
        (torch.tensor([0.0, 4.0]), [0, 4]),
        (torch.tensor([0, 4]), [0.0, 4.0]),
        (torch.ones(2, dtype=torch.float64), [1, 1]),
        (torch.tensor(28.0), 28),
        (torch.tensor([[1.0], [2.0]]), [[1], [2]]),
        (torch.tensor([True, False]), [True, False]),
        (torch.tensor([True, False]), [1, 0]),
        (torch.tensor([1 / 3]), [0.33333333]),
        (torch.tensor([math.nan]), [math.nan]),
        (torch.zeros(0), []),
        (torch.zeros(0, 3), []),
        ([torch.tensor(1.0), torch.tensor(2.0)], [1, 2]),
        (torch.Size([4, 1]), [4, 1]),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (None, None),
        ({"a": torch.ones(2)}, {"a": [1, 1]}),
        (1.5, 1.5),
        (True, True),
    ],
)
def test_a_literal_is_compared_by_value(got: Any, literal: object) -> None:
    assert equals_literal(got, literal)


@pytest.mark.parametrize(
    ("got", "literal"),
    [
        (torch.tensor([0.0, 4.0]), [0, 5]),
        (torch.tensor([[0.0], [4.0]]), [0, 4]),
        (torch.tensor([28.0]), 28),
        (torch.tensor([1.0, 0.0]), [True, False]),
        (torch.tensor([1.0]), [[1], [2, 3]]),
        (torch.tensor([1.0]), None),
        (None, [1]),
        (1, True),
        ("1", 1),
    ],
)
def test_a_literal_of_another_value_shape_or_sort_is_not_equal(got: Any, literal: object) -> None:
    assert not equals_literal(got, literal)


def test_a_literal_list_is_read_back_as_a_tensor_so_that_it_can_be_shown_beside_the_learners() -> None:
    found = compare("x", carried(torch.tensor([1.0, 2.0])), Wanted(literal_value([1, 3]), literal=True))
    assert isinstance(found.want, TensorValue)
    assert found.want.shape == (2,)
    assert found.difference is not None
    assert found.difference.indices == ((1,),)


@pytest.mark.parametrize(
    ("got", "want", "sentence"),
    [
        (torch.ones(4), torch.ones(4, 1), "`x.grad` has shape (4,), expected (4, 1)."),
        (torch.ones(4).double(), torch.ones(4), "`x.grad` has dtype float64, expected float32."),
        (None, torch.ones(4), "`x.grad` is None, expected a tensor of shape (4,)."),
        (torch.ones(4), None, "`x.grad` is a tensor of shape (4,), expected None."),
        (3.0, torch.ones(4), "`x.grad` is the number 3.0, expected a tensor of shape (4,)."),
        ((torch.ones(4),), torch.ones(4), "`x.grad` is a tuple of 1 item, expected a tensor of shape (4,)."),
        ([torch.ones(2)], [torch.ones(3)], "`x.grad[0]` has shape (2,), expected (3,)."),
        ({"w": 1}, {"w": 2}, "`x.grad[w]` is 1, expected 2."),
        (True, False, "`x.grad` is True, expected False."),
    ],
)
def test_a_difference_is_said_as_what_it_is(got: Any, want: Any, sentence: str) -> None:
    assert said(got, want) == sentence


def test_differing_elements_are_counted_and_the_tolerance_is_said() -> None:
    text = said(torch.tensor([0.0, 2.0, 4.0]), torch.tensor([0.0, 4.0, 8.0]))
    assert text.startswith("`x.grad` is [0., 2., 4.], expected [0., 4., 8.]: 2 of 3 elements differ")
    assert "1e-05" in text
    assert "1.3e-06" in text


def test_numbers_that_would_look_alike_are_shown_with_more_digits() -> None:
    text = said(torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.000001], dtype=torch.float64))
    assert "[1.]" in text
    assert "1.000001" in text


def test_tolerances_can_be_asked_for() -> None:
    assert equal(torch.tensor([1.0]), torch.tensor([1.05]), rtol=0.1)
    assert equal(torch.tensor([0.0]), torch.tensor([0.05]), atol=0.1)
    assert not equal(torch.tensor([1.0]), torch.tensor([1.000001]), rtol=0.0, atol=0.0)


def test_an_expression_of_another_dtype_than_the_solutions_value_asks_for_the_solutions_dtype() -> None:
    wanted = Wanted(carried(torch.tensor([0, 4])), dtype="float32")
    assert compare("x", carried(torch.tensor([0.0, 4.0])), wanted).equal
    assert compare("x", carried(torch.tensor([0.0, 4.0]).double()), wanted).cause == "dtype"


def test_a_million_elements_are_compared_each() -> None:
    want = torch.arange(1_000_000.0).reshape(1000, 1000)
    got = want.clone()
    assert equal(got, want)
    got[3, 4] += 1
    found = compare("x", carried(got), Wanted(carried(want)))
    assert found.difference is not None
    assert found.difference.differing == 1
    assert found.difference.indices == ((3, 4),)
    assert len(found.text) < 300


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool, torch.complex64, torch.uint8])
def test_large_and_small_tensors_are_held_to_the_same_rule(dtype: torch.dtype) -> None:
    values = torch.arange(5000) % 7
    want = values.to(dtype)
    got = want.clone()
    got[-1] = want[-1].logical_not().to(dtype)
    small = compare("x", carried(got[-5:]), Wanted(carried(want[-5:])))
    large = compare("x", carried(got), Wanted(carried(want)))
    assert small.difference is not None
    assert large.difference is not None
    assert large.difference.differing == small.difference.differing == 1
    assert large.difference.indices == ((4999,),)
    assert large.difference.largest_absolute == small.difference.largest_absolute


def test_nan_and_infinity_are_equal_to_themselves_in_large_tensors_too() -> None:
    want = torch.full((5000,), math.nan)
    want[0], want[1] = math.inf, -math.inf
    assert equal(want.clone(), want)
    assert not equal(want.clone().neg(), want)


def test_an_object_is_the_same_wherever_it_is_in_memory() -> None:
    one = PlainValue(python_type="SumBackward0", text="<SumBackward0 object at 0x7f01>")
    other = PlainValue(python_type="SumBackward0", text="<SumBackward0 object at 0x7f99>")
    assert compare("y.grad_fn", one, Wanted(other)).equal


def test_what_did_not_come_along_whole_is_never_equal() -> None:
    cut = TensorValue(shape=(3,), dtype="float32", data=b"\0\0\0\0")
    sparse = TensorValue(shape=(3,), dtype="float32", note="sparse")
    assert not compare("x", cut, Wanted(cut)).equal
    assert "sparse" in compare("x", sparse, Wanted(sparse)).text
    many = Items(python_type="list", items=(), more=3)
    assert not compare("x", many, Wanted(many)).equal


NUMBERS = st.floats() | st.integers(-(2**70), 2**70) | st.booleans() | st.complex_numbers()
PLAIN = st.builds(
    lambda kind, value, text: PlainValue(python_type=kind, value=value, text=text),
    st.sampled_from(["int", "float", "complex", "str", "NoneType", "Thing"]),
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    st.text(max_size=12) | NUMBERS.map(repr),
)
TENSORS = st.builds(
    lambda shape, storage, data, note: TensorValue(shape=shape, dtype=storage, storage=storage, data=data, note=note),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from(["float32", "bool", "int64", "complex64", "float16", "nonsense"]),
    st.none() | st.binary(max_size=48) | st.integers(0, 27).map(lambda count: bytes(8 * count)),
    st.sampled_from(["", "sparse"]),
)
VALUES = st.recursive(
    PLAIN | TENSORS,
    lambda inner: st.builds(
        lambda items, keys, more: Items(python_type="dict", items=tuple(items), keys=keys, more=more),
        st.lists(inner, max_size=3),
        st.none() | st.lists(st.text(max_size=2), max_size=3).map(tuple),
        st.integers(0, 1),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_any_two_values_are_compared_and_said_whatever_a_run_hands_over(got: Value, want: Value, literal: bool) -> None:
    found = compare("x", got, Wanted(want, literal=literal))
    assert found.text.startswith(("`x", "The elements of `x"))
    assert found.equal == (found.cause == "equal")
