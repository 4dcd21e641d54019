"""A frame's values are counted before they are built."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tutor.running.counting import too_many_values

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=300)
    | st.binary(max_size=300)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=60,
)


def _count(value: Any) -> int:
    if isinstance(value, list):
        return 1 + sum(map(_count, value))
    if isinstance(value, dict):
        return 1 + sum(1 + _count(part) for part in value.values())
    return 1


@given(VALUES)
def test_exactly_the_values_there_are_are_counted(value: Any) -> None:
    body = msgspec.msgpack.encode(value)
    assert not too_many_values(body, _count(value))
    assert too_many_values(body, _count(value) - 1)


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_counting_any_bytes_ends_without_an_error(body: bytes, most: int) -> None:
    assert too_many_values(body, most) in {True, False}


def test_a_count_that_is_only_claimed_is_believed() -> None:
    assert too_many_values(b"\xdd\xff\xff\xff\xff" + bytes(1000), 900)
