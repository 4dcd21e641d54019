"""What an experiment may say: nothing without proof, and nothing that holds on one input only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tutor.autograd import Program
from tutor.explaining.changes import Insert, RemoveStatement
from tutor.explaining.experiments import explain_silence
from tutor.explaining.experiments.suspects import Suspect
from tutor.explaining.experiments.trying import Budget, candidates, first_passing
from tutor.explaining.experiments.watching import watch
from tutor.explaining.explanation import Explanation
from tutor.running import Runner

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]

pytestmark = pytest.mark.asyncio(loop_scope="session")


def suspect(weight: float, *texts: str) -> Suspect:
    return Suspect(
        kind=f"kind-{weight}",
        line=1,
        weight=weight,
        changes=tuple(Insert(1, text) for text in texts),
        headline="",
        why="",
    )


async def test_nothing_is_claimed_when_no_change_gives_the_expected_value(explain_answer: Explain) -> None:
    code = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x ** 2).sum().backward()\n"
    fixed = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x.sin() + x ** 5).sum().backward()\n"
    (explanation,) = await explain_answer(code, fixed, "x.grad")
    assert explanation.kind == "unexplained-difference"
    assert explanation.fixes == ()
    assert "[2., 4.]" in explanation.headline
    assert "because" not in explanation.headline + explanation.why


async def test_a_change_that_is_right_on_one_input_only_proves_nothing(explain_answer: Explain) -> None:
    setup = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
    wider = "x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
    code, fixed = "(x ** 2).sum().backward()\n", "(x ** 2).mean().backward()\n"
    alone = (await explain_answer(code, "(0.5 * x ** 2).sum().backward()\n", "x.grad", setup, (wider,)))[0]
    both = (await explain_answer(code, fixed, "x.grad", setup, (wider,)))[0]
    assert alone.kind == "missing-factor"
    assert both.kind == "sum-instead-of-mean"
    assert all(".mean()" not in fix.code for fix in alone.fixes)


async def test_the_proof_states_what_would_be_and_what_is(explain_answer: Explain) -> None:
    code = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x ** 2).mean().backward()\n"
    (explanation,) = await explain_answer(code, code.replace("mean", "sum"), "x.grad")
    assert "`x.grad` would be [2., 4.], as expected; it is [1., 2.]" in explanation.why


async def test_the_more_probable_of_two_changes_that_pass_is_told() -> None:
    source = "x = 1\n"
    tried = candidates(source, [suspect(2, "a = 1"), suspect(8, "b = 1"), suspect(5, "c = 1")], 40)
    assert [candidate.suspect.weight for candidate in tried] == [8, 5, 2]

    async def passes(code: str) -> bool:
        await asyncio.sleep(0)
        return "a = 1" in code or "c = 1" in code

    found = await first_passing(tried, passes, Budget(at_once=2))
    assert found is not None
    assert found.best.suspect.weight == 5


async def test_no_more_is_tried_than_the_budget_allows_and_no_program_twice() -> None:
    many = [suspect(5, *(f"a{number} = 1" for number in range(60)), "a0 = 1"), suspect(4, "a1 = 1")]
    tried = candidates("x = 1\n", many, 40)
    assert len(tried) == 40
    assert len({candidate.code for candidate in tried}) == 40
    begun: list[str] = []

    async def fails(code: str) -> bool:
        begun.append(code)
        await asyncio.sleep(0)
        return False

    assert await first_passing(tried, fails, Budget(runs=40, at_once=3)) is None
    assert len(begun) == 40
    assert await first_passing(tried, fails, Budget(seconds=-1.0)) is None
    assert len(begun) == 40


async def test_a_change_that_does_not_fit_is_not_tried() -> None:
    misfit = Suspect(kind="k", line=9, weight=9, changes=(RemoveStatement(9),), headline="", why="")
    assert candidates("x = 1\n", [misfit], 40) == ()


async def test_the_watcher_sees_which_node_made_the_first_nan_and_where(runner: Runner) -> None:
    source = "x = torch.tensor([4.0, 0.0], requires_grad=True)\nn = (x * 0).sqrt()\nn.sum().backward()\n"
    watched = await watch(Program(source=source), runner.run)
    first = watched.nodes[0]
    assert (first.node, first.line, first.index, first.kind) == ("SqrtBackward0", 2, 0, "inf")
    assert first.values == (0.0,)


async def test_the_watcher_changes_no_value(runner: Runner) -> None:
    source = "torch.manual_seed(3)\nx = torch.randn(4, requires_grad=True)\n(x.exp() * x).sum().backward()\n"
    plain = await runner.run(Program(source=source))
    watched = await watch(Program(source=source), runner.run)
    assert watched.observation is not None
    assert [seen.grad for seen in watched.observation.tensors] == [seen.grad for seen in plain.tensors]


async def test_a_program_that_breaks_the_watcher_only_goes_unwatched(runner: Runner) -> None:
    source = "__tutor_watched__ = lambda: 'no JSON'\nx = torch.ones(2, requires_grad=True)\nx.sum().backward()\n"
    watched = await watch(Program(source=source), runner.run)
    assert watched.nodes == ()
    assert watched.observation is not None
    assert watched.observation.outcome == "ok"


async def test_a_script_as_it_is_is_watched_as_well_as_an_answer(runner: Runner, tmp_path: Path) -> None:
    source = "import torch\nx = torch.tensor([0.0, 4.0], requires_grad=True)\ntorch.sqrt(x).sum().mul(0.0).backward()\n"
    program = Program(source=source, filename="train.py", folder=str(tmp_path), walls="open")
    (tmp_path / "train.py").write_text(source)
    found = await explain_silence(program, await runner.run(program), runner.run)
    assert [one.kind for one in found] == ["nan-gradient"]


async def test_what_the_setup_made_is_known_too(explain_answer: Explain) -> None:
    setup = "w = torch.tensor([1.0, 2.0], requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\n"
    code = "for _ in range(3):\n    (w * w).sum().backward()\n    opt.step()\n"
    (explanation,) = await explain_answer(code, code.replace("    (w", "    opt.zero_grad()\n    (w"), "w", setup)
    assert explanation.kind == "accumulated-gradient"
    assert "opt.zero_grad()" in explanation.fixes[0].code


async def test_a_change_that_passes_by_chance_is_not_shown_beside_the_probable_one(explain_answer: Explain) -> None:
    code = "x = torch.tensor([1.0, 2.0], requires_grad=True)\nu = (x * x).detach()\n(u * x).sum().backward()\n"
    (explanation,) = await explain_answer(code, code.replace(".detach()", ""), "x.grad")
    assert explanation.kind == "detached-branch"
    assert all("3 *" not in fix.code for fix in explanation.fixes)


async def test_a_changed_program_without_end_holds_nothing_up(explain_answer: Explain) -> None:
    code = (
        "x = torch.tensor([1.0], requires_grad=True)\n"
        "y = x * 2\n"
        "while y.sum() < 100:\n"
        "    y = y + 10\n"
        "(y * x.detach()).sum().backward()\n"
    )
    fixed = "x = torch.tensor([1.0], requires_grad=True)\n(x * 77).sum().backward()\n"
    async with asyncio.timeout(30):
        assert len(await explain_answer(code, fixed, "x.grad")) == 1


async def test_a_verdict_without_values_leads_to_no_experiment(explain_answer: Explain) -> None:
    setup, other = "x = torch.ones(2, requires_grad=True)\n", "x = torch.ones(3, requires_grad=True)\n"
    hard_coded = "x.grad = torch.tensor([2.0, 2.0])\n"
    assert await explain_answer(hard_coded, "(x * x).sum().backward()\n", "x.grad", setup, (other,)) == ()


async def test_two_changes_that_give_the_same_program_are_one_fix(explain_script: Explain) -> None:
    code = (
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "opt = torch.optim.SGD([x], lr=0.1)\n"
        "loss = (x ** 2).sum()\n"
        "opt.step()\n"
        "loss.backward()\n"
    )
    (explanation,) = await explain_script(code)
    assert len(explanation.fixes) == 1
    assert explanation.fixes[0].verified


async def test_numbers_that_were_written_down_are_called_that(explain_answer: Explain) -> None:
    found = await explain_answer(
        "f = torch.tensor([2.0, 4.0])",
        "f = 2 * x.detach()",
        "f",
        setup="x = torch.tensor([1.0, 2.0], requires_grad=True)",
        variants=("x = torch.tensor([3.0, 5.0], requires_grad=True)",),
    )
    assert "whatever the input is" in found[0].headline
    assert "[6., 10.]" in found[0].why
