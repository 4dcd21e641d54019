"""A pack is proven by running it; what does not hold is said where it stands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from tutor.packs.format import Lesson
from tutor.packs.loading import loaded
from tutor.packs.source import Source
from tutor.proving import StepProved, prove
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = "id: slopes\ntitle: Slopes\nsummary: S.\nsteps:\n"
GOOD = """\
  - id: dot
    kind: code
    text: Do it.
    setup: |
      x = torch.arange(4.0, requires_grad=True)
    starter: |
      y = ...
    solution: |
      y = (x * x).sum()
      y.backward()
    checks:
      - value: y
      - value: x.grad
        equals: 2 * x
      - uses: [backward]
    variants:
      - setup: |
          x = torch.linspace(-1, 1, 7, requires_grad=True)
    mistakes:
      - code: |
          y = x * x
          y.backward()
        kind: non-scalar-backward
      - code: |
          y = (x * x).mean()
          y.backward()
        message: That is the mean.
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[Runner]:
    async with Runner() as warm:
        yield warm


async def proved(runner: Runner, steps: str) -> StepProved:
    lesson = loaded(Source("slopes.yaml", HEAD + steps), Lesson)
    async with aclosing(prove([lesson], runner.run)) as found:
        return [step async for step in found][-1]


def said(step: StepProved) -> list[str]:
    return [str(problem) for problem in step.problems]


async def test_a_good_step_is_proven_in_all_its_parts(runner: Runner) -> None:
    step = await proved(runner, GOOD)
    assert said(step) == []
    assert step.proven
    assert step.held == ("solution", "starter", "variants", "mistake 1", "mistake 2")
    assert (step.file, step.line, step.column) == ("slopes.yaml", 5, 5)


_SOLUTION = "      y = (x * x).sum()\n      y.backward()\n"


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        (_SOLUTION, "      y = (x * x).sum()\n", "16:9", "found a solution that fails this"),
        (_SOLUTION, "      y = x * x\n      y.backward()\n", "14:7", "found a solution that ends in RuntimeError"),
        (_SOLUTION, _SOLUTION + "      x.grad = torch.tensor([0.0, 2.0, 4.0, 6.0])\n", "22:16", "on this variant"),
        ("2 * x\n", "3 * x\n", "17:9", "found a solution that fails this: `x.grad`"),
        ("      y = ...\n", _SOLUTION, "10:14", "found a starter that passes already"),
        ("arange(4.0,", "arange(4,", "9:7", "found a setup that ends in RuntimeError"),
        (
            "x = torch.linspace(-1, 1, 7, req",
            "\n          z = 1\n          x = torch.linspace(-1, 1, ",
            "24:11",
            "found a",
        ),
        ("linspace(-1, 1, 7, requires_grad=True)", "arange(4.0, requires_grad=True)", "21:9", "a copied value passes"),
        ("      y = (x * x).mean()", "      y = (x * x).sum() + 0", "28:15", "found a mistake that passes every check"),
        ("kind: non-scalar-backward", "kind: backward-twice", "27:15", "expected the explanation `backward-twice`"),
        (
            "y = (x * x).sum()",
            "import time; y = (x * x).sum() * (time.time_ns() % 997)",
            "12:15",
            "two runs of the sol",
        ),
    ],
)
async def test_what_does_not_hold_is_said_at_its_place(
    runner: Runner, before: str, after: str, place: str, words: str
) -> None:
    assert before in GOOD
    step = await proved(runner, GOOD.replace(before, after, 1))
    assert not step.proven
    assert any(one.startswith(f"slopes.yaml:{place}: ") and words in one for one in said(step)), said(step)


async def test_checks_that_an_empty_answer_passes_are_said(runner: Runner) -> None:
    step = await proved(
        runner,
        "  - {id: a, kind: code, text: b, setup: x = torch.ones(2), solution: x = torch.ones(2), checks: [{value: x}]}\n",
    )
    assert any("found checks that an empty answer passes" in one for one in said(step))


async def test_of_two_mistakes_with_one_result_the_second_is_said_to_be_hidden(runner: Runner) -> None:
    twice = (
        GOOD + "      - code: |\n          y = (x * x).mean() * 1\n          y.backward()\n        message: Hidden.\n"
    )
    step = await proved(runner, twice)
    assert any("35:18: found the message of mistake 2 for this one" in one for one in said(step)), said(step)


async def test_a_step_that_is_meant_to_raise_must_raise(runner: Runner) -> None:
    raising = """\
  - id: a
    kind: code
    text: b
    setup: x = torch.ones(2, requires_grad=True)
    solution: |
      x.backward()
    checks:
      - raises: RuntimeError
        match: implicitly created only for scalar
"""
    assert (await proved(runner, raising)).proven
    for before, after in (("x.backward()", "x.sum().backward()"), ("RuntimeError", "KeyError"), ("scalar", "vector")):
        step = await proved(runner, raising.replace(before, after))
        assert any("slopes.yaml:12:9: found a solution that" in one for one in said(step)), said(step)


PREDICT = "  - {{id: a, kind: predict, text: {text}, setup: '{setup}', code: '{code}', ask: {ask}}}\n"


@pytest.mark.parametrize(
    ("code", "ask", "words"),
    [
        ("x = torch.ones(2)", "y", "found NameError: name 'y' is not defined for `ask`"),
        ("x = torch.one(2)", "x", "the right prediction is `error`"),
        ("x = y", "x", "found code that ends in NameError"),
        ("import time; x = time.time_ns()", "x", "two runs of the code that differ in `x`"),
        ("import os; os._exit(3)", "x", "found code that ends in no-result"),
    ],
)
async def test_what_cannot_be_predicted_is_said(runner: Runner, code: str, ask: str, words: str) -> None:
    step = await proved(runner, PREDICT.format(text="What?", setup="", code=code, ask=ask))
    assert any(words in one for one in said(step)), said(step)


async def test_an_error_that_the_step_speaks_of_is_a_fair_prediction(runner: Runner) -> None:
    code = "torch.ones(2, requires_grad=True).backward()"
    silent = await proved(runner, PREDICT.format(text="What now?", setup="", code=code, ask='"1"'))
    spoken = await proved(runner, PREDICT.format(text="A value or an error?", setup="", code=code, ask='"1"'))
    assert silent.proven
    assert spoken.proven
    assert len(said(silent)) == 1
    assert said(spoken) == []


async def test_steps_are_reported_in_their_order_and_reading_needs_no_run(runner: Runner) -> None:
    lesson = loaded(Source("s.yaml", HEAD + "  - {id: a, kind: read, text: b}\n" + GOOD), Lesson)
    async with aclosing(prove([lesson, lesson], runner.run)) as found:
        assert [step.step async for step in found] == ["a", "dot", "a", "dot"]


async def test_whoever_stops_listening_ends_what_is_under_way(runner: Runner) -> None:
    lesson = loaded(Source("s.yaml", HEAD + GOOD), Lesson)
    async with aclosing(prove([lesson] * 50, runner.run)) as found:
        async for step in found:
            assert step.proven
            break
    assert (await proved(runner, GOOD)).proven
