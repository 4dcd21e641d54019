"""What the fuzzers once found worth keeping is tried again by every run of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, frames, lessons

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_ends_as_it_should(target: str) -> None:
    kept = sorted((CORPUS / target).iterdir())
    assert kept
    for file in kept:
        TARGETS[target](file.read_bytes())


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_a_bad_frame(data: bytes) -> None:
    frames(data)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_lesson_or_its_problems(data: bytes) -> None:
    lessons(data)
