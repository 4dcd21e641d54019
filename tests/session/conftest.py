"""A small lesson with every kind of step."""

from __future__ import annotations

import pytest

from tutor.packs.format import ChoiceStep, CodeStep, Lesson, Option, PredictStep, ReadStep, ValueCheck


@pytest.fixture(scope="session")
def lesson() -> Lesson:
    return Lesson(
        id="demo",
        title="Demo",
        summary="Every kind of step.",
        steps=(
            ReadStep(kind="read", id="intro", text="Read me."),
            PredictStep(kind="predict", id="guess", text="Guess.", code="x = 1", ask="x", hints=("one",)),
            ChoiceStep(
                kind="choice",
                id="pick",
                text="Pick.",
                options=(
                    Option(text="a", why="no"),
                    Option(text="b", why="yes", correct=True),
                    Option(text="c", why="yes too", correct=True),
                ),
            ),
            CodeStep(
                kind="code",
                id="dot",
                text="Write.",
                setup="x = torch.ones(2)",
                starter="y = ...\n",
                solution="y = x.sum()\n",
                checks=(ValueCheck(value="y"),),
                hints=("first", "second"),
            ),
            CodeStep(kind="code", id="last", text="Again.", solution="z = 1", checks=(ValueCheck(value="z"),)),
        ),
    )
