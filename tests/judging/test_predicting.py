"""A prediction is right when it is the value, however it is typed."""

from __future__ import annotations

import pytest

from tutor.judging import assess_prediction
from tutor.packs.format import PredictStep
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETUP = """
x = torch.arange(4.0, requires_grad=True)
(2 * torch.dot(x, x)).backward()
c = torch.ones(3, 1)
third = torch.tensor(1 / 3)
flags = torch.tensor([True, False])
both = torch.autograd.grad(third.requires_grad_() * 6, third)
bad = torch.tensor([float('nan'), float('inf')])
pair = (torch.ones(2), torch.zeros(1))
"""


def step(ask: str, code: str = "pass") -> PredictStep:
    return PredictStep(id="guess", kind="predict", text="…", setup=SETUP, code=code, ask=ask)


@pytest.mark.parametrize(
    ("ask", "typed"),
    [
        ("x.grad", "[0, 4, 8, 12]"),
        ("x.grad", "0 4 8 12"),
        ("x.grad", "tensor([ 0.,  4.,  8., 12.])"),
        ("x.grad[1]", "4"),
        ("x.grad[1]", "tensor(4.)"),
        ("c", "[[1], [1], [1]]"),
        ("c", "1 1 1"),
        ("c.shape", "(3, 1)"),
        ("c.shape", "torch.Size([3, 1])"),
        ("c.grad", "None"),
        ("third", "1/3"),
        ("third", "0.33"),
        ("third", "0.3333"),
        ("third.item()", ".333333"),
        ("flags", "[True, False]"),
        ("x.requires_grad", "True"),
        ("both", "6"),
        ("both", "(tensor(6.),)"),
        ("pair", "([1, 1], [0])"),
        ("bad", "[nan, inf]"),
        ("x.dtype", "torch.float32"),
        ("x.dtype", "float32"),
        ("(x * x).grad_fn", "MulBackward0"),
        ("(x * x).grad_fn", "<MulBackward0>"),
        ("len(x)", "4"),
        ("no_such", "error"),
        ("no_such", "NameError"),
        ("x.backward()", "RuntimeError"),
    ],
)
async def test_the_value_is_right_however_it_is_typed(runner: Runner, ask: str, typed: str) -> None:
    verdict = await assess_prediction(step(ask), typed, runner.run)
    assert verdict.passed, verdict.text


@pytest.mark.parametrize(
    ("ask", "typed", "words"),
    [
        ("x.grad", "[0, 2, 4, 6]", "`x.grad` is [0., 4., 8., 12.]"),
        ("x.grad", "[0, 4, 8]", "4 numbers; you typed 3"),
        ("x.grad", "None", "`x.grad` is [0., 4., 8., 12.]"),
        ("x.grad", "error", "No error"),
        ("c.grad", "0", "`c.grad` is None"),
        ("third", "0.34", "0.333333"),
        ("third", "0.3", "0.333333"),
        ("x.requires_grad", "False", "is True"),
        ("x.dtype", "float64", "torch.float32"),
        ("no_such", "3", "stops with NameError"),
    ],
)
async def test_a_wrong_prediction_is_answered_with_the_value(runner: Runner, ask: str, typed: str, words: str) -> None:
    verdict = await assess_prediction(step(ask), typed, runner.run)
    assert not verdict.passed
    assert not verdict.nearly
    assert words in verdict.text


@pytest.mark.parametrize(
    ("ask", "typed", "words"),
    [
        ("x.grad", "[[0], [4], [8], [12]]", "Right numbers; the shape of `x.grad` is (4,)."),
        ("c", "[1, 1, 1]", "Right numbers; the shape of `c` is (3, 1)."),
        ("no_such", "RuntimeError", "It does stop, but with NameError"),
    ],
)
async def test_what_is_nearly_right_is_said_kindly(runner: Runner, ask: str, typed: str, words: str) -> None:
    verdict = await assess_prediction(step(ask), typed, runner.run)
    assert (verdict.passed, verdict.nearly) == (False, True)
    assert words in verdict.text


async def test_an_error_of_the_program_can_be_predicted(runner: Runner) -> None:
    verdict = await assess_prediction(step("x.grad", code="(2 * x).backward()"), "error", runner.run)
    assert verdict.passed
    assert verdict.exception is not None
    assert verdict.exception.type == "RuntimeError"


async def test_what_is_no_value_is_answered_without_a_run() -> None:
    async def run(_program: object) -> None:
        raise AssertionError

    verdict = await assess_prediction(step("x.grad"), "[1, 2", run)  # type: ignore[arg-type]
    assert verdict.unreadable is not None
    assert "closing" in verdict.unreadable


async def test_a_step_whose_setup_fails_is_not_the_learners_fault(runner: Runner) -> None:
    broken = PredictStep(id="guess", kind="predict", text="…", setup="1 / 0", code="pass", ask="x")
    verdict = await assess_prediction(broken, "error", runner.run)
    assert not verdict.passed
    assert verdict.internal is not None
