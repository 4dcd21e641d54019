"""Working through a lesson, with torch really running."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.ui.conftest import Opener, Shared

pytestmark = pytest.mark.asyncio(loop_scope="session")

RIGHT = "y = 2 * torch.dot(x, x)\ny.backward()\n"


async def test_a_right_answer_passes_and_waits_for_the_learner(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer(RIGHT)
        shown = desk.text()
        assert "✓ Right. All 2 checks pass, on 1 other input too." in shown
        assert "[0.0, 4.0, 8.0, 12.0]" in shown
        assert desk.session.step.id == "dot"
        assert desk.session.work.done


async def test_the_answer_may_be_typed_key_by_key(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        desk.editor.load("")
        await desk.press(*"y=2*torch.dot", "left_parenthesis", *"x,x", "right_parenthesis", "enter")
        await desk.press(*"y.backward", "left_parenthesis", "right_parenthesis", "ctrl+r")
        assert "✓ Right." in desk.text(), desk.editor.text + desk.text()


async def test_a_wrong_gradient_is_shown_beside_the_expected_one(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer("y = torch.dot(x, x)\ny.backward()\n")
        shown = desk.text()
        assert "3 of 4 elements differ" in shown
        assert "expected  tensor (4,) float32" in shown
        assert "[0.0, 4.0, 8.0, 12.0]" in shown
        assert "[0.0, 2.0, 4.0, 6.0]" in shown
        assert not desk.session.work.done


async def test_a_hard_coded_gradient_fails_on_the_other_input(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer("x.sum().backward()\nx.grad = torch.tensor([0., 4., 8., 12.])\n")
        assert "on other input 1" in desk.result(), desk.result()
        assert not desk.session.work.done


async def test_an_error_is_explained_and_its_line_marked(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer("y = 2 * x\ny.backward()\n")
        assert "grad can be implicitly created only for scalar outputs" in desk.result()
        assert "y has shape (4,)" in desk.result()
        assert "2▶ y.backward()" in desk.text()


async def test_a_fix_is_taken_over_with_a_key_and_undone_with_another(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot", size=(120, 60)) as desk:
        wrong = "y = 2 * x\ny.backward()\n"
        await desk.answer(wrong)
        await desk.press("ctrl+f")
        assert desk.editor.text == desk.session.work.draft != wrong
        assert "sum()" in desk.editor.text
        await desk.press("ctrl+z")
        assert desk.editor.text == wrong == desk.session.work.draft


async def test_an_answer_runs_by_itself_when_typing_rests(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot", rest_seconds=0.01) as desk:
        await desk.write(RIGHT)
        await desk.until(lambda: desk.session.work.done)


async def test_output_and_tensors_are_a_key_away(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer(RIGHT + "print('hello [/b]')\nimport warnings\nwarnings.warn('careful [b]')\n")
        await desk.press("escape", "2")
        assert "hello [/b]" in desk.result()
        assert "careful [b]" in desk.result()
        await desk.press("3")
        shown = desk.result()
        assert "requires_grad=True  leaf  version 0" in shown
        assert "grad_fn=MulBackward0" in shown
        assert "grad  [0.0, 4.0, 8.0, 12.0]" in shown


@pytest.mark.parametrize(
    ("typed", "passed", "words"),
    [
        ("[2., 4.]", True, "✓"),
        ("[1., 2.]", False, "you said"),
        ("error", False, "tensor (2,) float32"),
        ("None", False, "tensor (2,) float32"),
    ],
)
async def test_a_prediction_is_shown_beside_what_came_out(
    runner: Shared, opened: Opener, typed: str, passed: bool, words: str
) -> None:
    async with opened(runner, "first/guess") as desk:
        desk.app.screen.query_one("#prediction-input", Input).value = typed
        await desk.press("enter")
        shown = desk.text()
        assert words in shown
        assert "[2.0, 4.0]" in shown
        assert "The derivative is 2x." in shown
        assert desk.session.work.done
        assert desk.session.work.foreseen is not None
        assert desk.session.work.foreseen.verdict.passed is passed


async def test_an_unreadable_prediction_reveals_nothing(runner: Shared, opened: Opener) -> None:
    async with opened(runner, "first/guess") as desk:
        await desk.press("left_square_bracket", "2", "enter")
        assert "[2.0, 4.0]" not in desk.text()
        assert not desk.session.work.done


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("x = torch.zeros(10**11)", "RuntimeError"),
        ("import os; os._exit(0)", "without handing anything back"),
        ("raise SystemExit(3)", "SystemExit"),
        ("print('\\x1b]0;title\\x07')\n1/0", "ZeroDivisionError"),
        ("input()", "EOFError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("y = (", "SyntaxError"),
        ("\ty = 1\n  z = 2", "IndentationError"),
    ],
)
async def test_clumsy_programs_end_in_words_and_the_next_run_is_normal(
    runner: Shared, opened: Opener, program: str, words: str
) -> None:
    async with opened(runner, "first/dot") as desk:
        await desk.answer(program)
        assert words in desk.result()
        assert "\x1b]0;" not in desk.text()
        await desk.answer(RIGHT)
        assert "✓ Right." in desk.text(), desk.editor.text + desk.text()
