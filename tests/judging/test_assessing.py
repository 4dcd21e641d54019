"""An answer is judged by what its run gave, beside a run of the solution, on every input."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tutor.autograd import Observation, Program
from tutor.judging import Assessment, CheckResult, References, assess, candidate_judge, foresee
from tutor.packs.format import (
    LEFT_OUT,
    AvoidsCheck,
    CodeStep,
    Mistake,
    RaisesCheck,
    UsesCheck,
    ValueCheck,
    Variant,
)
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETUP = "x = torch.arange(4.0, requires_grad=True)\n"
SOLUTION = "y = 2 * torch.dot(x, x)\ny.backward()\n"
OTHER = Variant(setup="x = torch.linspace(-1, 1, 7, requires_grad=True)\n")


def step(*checks: Any, **parts: Any) -> CodeStep:
    return CodeStep(
        id="dot",
        kind="code",
        text="…",
        setup=parts.pop("setup", SETUP),
        solution=parts.pop("solution", SOLUTION),
        checks=checks or (ValueCheck(value="x.grad"),),
        **parts,
    )


async def judged(runner: Runner, of: CodeStep, answer: str) -> Assessment:
    return await assess(of, answer, runner.run, References(runner.run))


async def only_check(runner: Runner, check: Any, answer: str, **parts: Any) -> CheckResult:
    assessment = await judged(runner, step(check, **parts), answer)
    [result] = assessment.verdict.checks
    assert assessment.verdict.passed == result.passed
    return result


@pytest.mark.parametrize(
    "answer",
    [
        SOLUTION,
        "y = 2 * (x * x).sum()\ny.backward()\n",
        "z = torch.dot(x, x)\n(2 * z).backward()\n",
        "x.grad, = torch.autograd.grad(2 * x @ x, x)\n",
        "w = x.detach().clone().requires_grad_()\n(2 * w @ w).backward()\nx = w\n",
    ],
)
async def test_right_answers_pass_however_they_are_written(runner: Runner, answer: str) -> None:
    assert (await judged(runner, step(variants=(OTHER,)), answer)).verdict.passed


async def test_a_hard_coded_gradient_fails_and_the_input_it_failed_on_is_said(runner: Runner) -> None:
    verdict = (await judged(runner, step(variants=(OTHER,)), "x.grad = torch.tensor([0., 4., 8., 12.])")).verdict
    assert not verdict.passed
    own, other = verdict.checks
    assert own.passed
    assert (other.passed, other.variant, other.variant_setup) == (False, 1, OTHER.setup)
    assert other.text.startswith("On another input, `x = torch.linspace(-1, 1, 7, requires_grad=True)`: ")


async def test_of_several_inputs_the_first_failing_one_is_said(runner: Runner) -> None:
    variants = (Variant(setup=SETUP), OTHER, Variant(setup="x = torch.ones(2, requires_grad=True)\n"))
    verdict = (await judged(runner, step(variants=variants), "x.grad = torch.tensor([0., 4., 8., 12.])")).verdict
    assert [check.variant for check in verdict.checks] == [None, 2]
    assert verdict.other_inputs == 1


async def test_an_answer_that_raises_only_on_another_input_fails(runner: Runner) -> None:
    answer = SOLUTION + "if len(x) == 7: raise ValueError('seven')\n"
    verdict = (await judged(runner, step(variants=(OTHER,)), answer)).verdict
    assert not verdict.passed
    assert "ValueError: seven" in verdict.checks[-1].text


@pytest.mark.parametrize("equals", ["4 * x", "4 * x.detach()", [0, 4, 8, 12], [0.0, 4.0, 8.0, 12.0]])
async def test_what_is_expected_may_be_an_expression_or_a_literal(runner: Runner, equals: object) -> None:
    check = ValueCheck(value="x.grad", equals=equals)
    assert (await only_check(runner, check, SOLUTION)).passed
    assert not (await only_check(runner, check, "x.sum().backward()")).passed


async def test_an_expression_is_evaluated_where_the_solution_ran_not_in_the_answer(runner: Runner) -> None:
    check = ValueCheck(value="x.grad", equals="4 * x")
    assert not (await only_check(runner, check, "x = torch.zeros(4)\nx.grad = torch.zeros(4)\n")).passed


async def test_null_means_none_and_left_out_means_what_the_solution_gives(runner: Runner) -> None:
    null = ValueCheck(value="x.grad", equals=None)
    left_out = ValueCheck(value="x.grad", equals=LEFT_OUT)
    assert (await only_check(runner, null, "pass", solution="pass")).passed
    assert not (await only_check(runner, null, SOLUTION, solution="pass")).passed
    assert (await only_check(runner, left_out, SOLUTION)).passed


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        ("x = x.detach().reshape(4, 1).requires_grad_()\n(2 * x * x).sum().backward()", "shape", "has shape (4, 1)"),
        ("x = x.detach().double().requires_grad_()\n(2 * x @ x).backward()", "dtype", "has dtype float64"),
        ("y = 2 * torch.dot(x, x)", "type", "`x.grad` is None"),
        ("torch.dot(x, x).backward()", "values", "3 of 4 elements differ"),
        ("del x", "missing", "nothing is called `x`"),
        ("x = 3", "missing", "AttributeError"),
    ],
)
async def test_a_failure_says_what_the_program_gave(runner: Runner, answer: str, cause: str, words: str) -> None:
    result = await only_check(runner, ValueCheck(value="x.grad", message="The author's words."), answer)
    assert not result.passed
    assert result.cause == cause
    assert words in result.text
    assert result.message == "The author's words."


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        ("y = (", "syntax-error", "could not read your program: line 1"),
        ("y = 2 * x\ny.backward()", "exception", "stopped at line 2 with RuntimeError: grad can be"),
        ("import os\nos._exit(0)", "no-result", "ended Python"),
        ("import ctypes\nctypes.string_at(0)", "crashed", "brought Python itself down"),
    ],
)
async def test_a_program_that_does_not_reach_its_end_is_not_run_not_wrong(
    runner: Runner, answer: str, outcome: str, words: str
) -> None:
    verdict = (await judged(runner, step(), answer)).verdict
    assert (verdict.passed, verdict.outcome) == (False, outcome)
    assert [check.cause for check in verdict.checks] == ["not-run"]
    assert words in verdict.checks[0].text
    assert verdict.internal is None


async def test_an_error_after_the_right_value_is_no_pass(runner: Runner) -> None:
    assert not (await judged(runner, step(), SOLUTION + "1 / 0\n")).verdict.passed


RAISING = {"solution": "(2 * x).backward()\n"}


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        ("(3 * x).backward()", True, "as it was meant to"),
        ("raise RuntimeError('implicitly created only for scalar')", True, "as it was meant to"),
        ("class Mine(RuntimeError): pass\nraise Mine('only for scalar')", True, "as it was meant to"),
        ("raise RuntimeError('other')", False, "another message"),
        ("raise ValueError('only for scalar')", False, "meant to stop with RuntimeError"),
        ("pass", False, "ran to its end"),
        ("y = (", False, "could not read"),
    ],
)
async def test_an_answer_may_be_meant_to_end_in_an_error(runner: Runner, answer: str, passed: bool, words: str) -> None:
    check = RaisesCheck(raises="RuntimeError", match="only for scalar")
    result = await only_check(runner, check, answer, **RAISING)
    assert result.passed == passed
    assert words in result.text


async def test_values_are_looked_at_after_the_error_that_was_meant(runner: Runner) -> None:
    both = step(RaisesCheck(raises="RuntimeError"), ValueCheck(value="y"), solution="y = 3\n(2 * x).backward()\n")
    assert (await judged(runner, both, "y = 3\n(2 * x).backward()")).verdict.passed
    assert not (await judged(runner, both, "y = 4\n(2 * x).backward()")).verdict.passed
    assert not (await judged(runner, both, "y = 3")).verdict.passed


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"solution": "1 / 0"}, "ZeroDivisionError"),
        ({"solution": "y = ("}, "did not run to its end"),
        ({"setup": "raise OSError('no data')"}, "The setup of this step"),
        ({"checks": (ValueCheck(value="x.grad", equals="no_such"),)}, "`no_such` has no value"),
        ({"checks": (ValueCheck(value="no_such"),)}, "`no_such` has no value"),
        ({"checks": (RaisesCheck(raises="RuntimeError"),)}, "does not raise RuntimeError"),
        ({"checks": (RaisesCheck(raises="RuntimeError", match="("),), **RAISING}, "not a regular expression"),
        ({"variants": (Variant(setup="x = None"),)}, "The solution of this step"),
    ],
)
async def test_a_broken_lesson_is_never_the_learners_fault(runner: Runner, parts: dict[str, Any], words: str) -> None:
    checks = parts.pop("checks", ())
    answer = "(2 * x).backward()" if "solution" in parts and "backward" in parts["solution"] else SOLUTION
    verdict = (await judged(runner, step(*checks, **parts), answer)).verdict
    assert not verdict.passed
    assert verdict.internal is not None
    assert words in verdict.internal
    assert "not of your answer" in verdict.internal


async def test_structure_is_judged_beside_values(runner: Runner) -> None:
    of = step(ValueCheck(value="x.grad"), UsesCheck(uses=("backward",)), AvoidsCheck(avoids=("torch.autograd.grad",)))
    assert (await judged(runner, of, SOLUTION)).verdict.passed
    cheat = "# y.backward()\nfrom torch.autograd import grad as g\nx.grad, = g(2 * x @ x, x)\n"
    verdict = (await judged(runner, of, cheat)).verdict
    assert [check.passed for check in verdict.checks] == [True, False, False]
    assert verdict.checks[2].line == 3


MISTAKES = (
    Mistake(code="y = torch.dot(x, x)\ny.backward()", message="The factor is missing.", kind="wrong-factor"),
    Mistake(code="y = 2 * x\ny.backward()", message="Not a scalar."),
)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("(x @ x).backward()", "The factor is missing."),
        ("(3 * x).backward()", "Not a scalar."),
        ("(5 * x @ x).backward()", None),
        ("y = (", None),
        (SOLUTION, None),
    ],
)
async def test_the_authors_words_come_when_a_foreseen_mistake_gives_the_same_wrong_result(
    runner: Runner, answer: str, words: str | None
) -> None:
    verdict = (await judged(runner, step(variants=(OTHER,), mistakes=MISTAKES), answer)).verdict
    assert verdict.foreseen == words


async def test_a_result_that_is_the_same_on_one_input_only_is_not_foreseen(runner: Runner) -> None:
    answer = "(x @ x if len(x) == 4 else 3 * x @ x).backward()"
    assert (await judged(runner, step(variants=(OTHER,), mistakes=MISTAKES), answer)).verdict.foreseen is None


async def test_foreseen_mistakes_can_be_looked_into_after_the_verdict(runner: Runner) -> None:
    of, references = step(mistakes=MISTAKES), References(runner.run)
    early = await assess(of, "(x @ x).backward()", runner.run, references, with_mistakes=False)
    assert early.verdict.foreseen is None
    late = await foresee(of, "(x @ x).backward()", early, references)
    assert (late.verdict.foreseen, late.verdict.foreseen_kind) == ("The factor is missing.", "wrong-factor")


LIES = [
    "class T(torch.Tensor):\n    def __eq__(self, other): return True\n    __hash__ = None\nx = torch.zeros(4).as_subclass(T)\nx.grad = torch.zeros(4)",
    "torch.allclose = torch.equal = lambda *a, **k: True\ntorch.Tensor.__eq__ = lambda *a: True",
    "import sys\nsys.exit(0)",
    "class Liar:\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\nclass X:\n    grad = Liar()\nx = X()",
]


@pytest.mark.parametrize("answer", LIES)
async def test_an_object_that_lies_about_itself_gains_nothing(runner: Runner, answer: str) -> None:
    assert not (await judged(runner, step(variants=(OTHER,)), answer)).verdict.passed


async def test_nothing_that_is_expected_is_sent_with_the_answer(runner: Runner) -> None:
    sent: list[Program] = []

    async def run(program: Program) -> Observation:
        sent.append(program)
        return await runner.run(program)

    of = step(ValueCheck(value="x.grad", equals="1234 * x"), solution="secret = 1\n(617 * x @ x).backward()\n")
    await assess(of, SOLUTION, run, References(run))
    [answer] = [program for program in sent if program.source == SOLUTION]
    assert "1234" not in repr(answer)
    assert "secret" not in repr(answer)
    assert answer.probes == ("x.grad",)


async def test_the_solution_runs_once_for_many_answers(runner: Runner) -> None:
    runs: list[str] = []

    async def run(program: Program) -> Observation:
        runs.append(program.source)
        return await runner.run(program)

    references = References(run)
    await asyncio.gather(*(assess(step(), f"{SOLUTION}# {number}", run, references) for number in range(4)))
    assert runs.count(SOLUTION) == 1


async def test_one_asker_who_leaves_does_not_take_the_solutions_run_from_another() -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def run(_program: Program) -> Observation:
        begun.set()
        await finish.wait()
        return Observation(outcome="ok")

    references = References(run)
    leaver, stayer = (asyncio.create_task(references.observe(Program(source="1"))) for _ in range(2))
    await begun.wait()
    leaver.cancel()
    finish.set()
    assert (await stayer).outcome == "ok"


async def test_a_reference_that_a_limit_ended_is_run_again() -> None:
    outcomes = iter(["timeout", "ok"])

    async def run(_program: Program) -> Observation:
        return Observation(outcome=next(outcomes))  # type: ignore[arg-type]

    references = References(run)
    assert (await references.observe(Program(source="1"))).outcome == "timeout"
    assert (await references.observe(Program(source="1"))).outcome == "ok"
    assert (await references.observe(Program(source="1"))).outcome == "ok"


async def test_cancelling_an_assessment_cancels_its_runs() -> None:
    running: set[str] = set()
    begun = asyncio.Event()

    async def run(program: Program) -> Observation:
        running.add(program.setup)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            running.discard(program.setup)
        raise AssertionError

    references = References(run)
    task = asyncio.create_task(assess(step(variants=(OTHER,)), "answer", run, references))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await references.close()
    assert not running


async def test_all_runs_are_under_way_at_once() -> None:
    under_way = 0
    all_there = asyncio.Event()

    async def run(_program: Program) -> Observation:
        nonlocal under_way
        under_way += 1
        if under_way == 4:
            all_there.set()
        await all_there.wait()
        return Observation(outcome="syntax-error")

    of = step(variants=(OTHER,))
    async with asyncio.timeout(10):
        await assess(of, "answer", run, References(run))
    assert under_way == 4


async def test_a_fault_of_the_runner_is_internal(runner: Runner) -> None:
    async def run(program: Program) -> Observation:
        seen = await runner.run(program)
        return (
            seen if program.filename == "solution.py" else replace(seen, outcome="internal", detail="the server died")
        )

    verdict = (await assess(step(), SOLUTION, run, References(run))).verdict
    assert verdict.internal is not None
    assert "the fault is not yours: the server died" in verdict.internal


async def test_a_million_elements_are_judged_each(runner: Runner) -> None:
    large = {"setup": "x = torch.linspace(0, 1, 1_000_000, requires_grad=True)\n"}
    assert (await judged(runner, step(**large), SOLUTION)).verdict.passed
    almost = SOLUTION + "x.grad[654_321] += 1\n"
    [result] = (await judged(runner, step(**large), almost)).verdict.checks
    assert result.difference is not None
    assert (result.difference.differing, result.difference.indices) == (1, ((654_321,),))
    assert "a tensor of shape (1000000,)" in result.text


@pytest.mark.parametrize(
    ("answer", "solution"),
    [
        ("v = torch.zeros(0, 3)", "v = torch.zeros(0, 3)"),
        ("v = torch.tensor(True)", "v = torch.ones(1).bool()[0]"),
        ("v = {'w': torch.ones(2), 'n': [1, None, 'a']}", "v = dict(n=[1, None, 'a'], w=torch.ones(2))"),
        ("v = torch.tensor([float('nan'), float('inf')])", "v = torch.tensor([float('nan'), float('inf')])"),
        ("v = torch.nn.Parameter(torch.ones(2))", "v = torch.ones(2)"),
        ("v = torch.ones(2, dtype=torch.complex64) * 1j", "v = torch.tensor([1j, 1j])"),
        ("v = torch.ones(2, dtype=torch.bfloat16)", "v = torch.ones(2).bfloat16()"),
        ("v = torch.ones(2, dtype=torch.float16).t()", "v = torch.ones(2).half()"),
        ("v = torch.arange(6).reshape(2, 3).t()", "v = torch.tensor([[0, 3], [1, 4], [2, 5]])"),
        ("v = x.shape", "v = (4,)"),
        ("v = torch.nn.Linear(2, 2).weight", "v = torch.nn.Linear(2, 2).weight"),
        ("v = torch.rand(3)", "v = torch.rand(3)"),
        ("v = (x * x).grad_fn", "v = (x * 2 * x).grad_fn"),
        ("v = 2 ** 100", "v = 2 ** 100"),
        ("v = 1j", "v = complex(0, 1)"),
    ],
)
async def test_every_sort_of_value_comes_back_equal_to_itself(runner: Runner, answer: str, solution: str) -> None:
    of = step(ValueCheck(value="v"), solution=solution)
    verdict = (await judged(runner, of, answer)).verdict
    assert verdict.passed, verdict.checks


async def test_a_changed_program_is_judged_like_an_answer_with_no_run_more_than_it_takes(runner: Runner) -> None:
    runs: list[str] = []

    async def run(program: Program) -> Observation:
        runs.append(program.source)
        return await runner.run(program)

    of = step(variants=(OTHER,), mistakes=MISTAKES)
    judge = candidate_judge(of, run, References(run))
    hard_coded = "x.grad = torch.tensor([0., 4., 8., 12.])"
    right, wrong, on_one_input = SOLUTION + "# mended\n", "(x @ x).backward()", hard_coded
    assert (await judge(right)).passed
    assert not (await judge(wrong)).passed
    assert not (await judge(on_one_input)).passed
    assert not (await judge(wrong)).passed
    assert (runs.count(right), runs.count(wrong), runs.count(on_one_input)) == (2, 1, 2)
