"""What holds of every explanation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tutor.autograd import Observation, Program
from tutor.explaining import Explanation, explain
from tutor.judging.verdict import Verdict
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]

CORRECT = {
    "training": (
        "from torch import nn\ntorch.manual_seed(0)\nnet = nn.Sequential(nn.Linear(2, 4), nn.ReLU(inplace=True), "
        "nn.Linear(4, 1))\nopt = torch.optim.Adam(net.parameters())\nfor _ in range(5):\n    loss = "
        "net(torch.ones(3, 2)).pow(2).mean()\n    opt.zero_grad()\n    loss.backward()\n    "
        "opt.step()\nprint(loss.item())\n"
    ),
    "manual descent": (
        "w = torch.ones(2, requires_grad=True)\nfor _ in range(3):\n    (w * w).sum().backward()\n"
        "    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad.zero_()\n"
    ),
    "two gradients": (
        "x = torch.ones(2, requires_grad=True)\ny = (x ** 3).sum()\n"
        "g, = torch.autograd.grad(y, x, create_graph=True)\nh, = torch.autograd.grad(g.sum(), x)\nprint(h)\n"
    ),
    "retained": "x = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ny.backward(retain_graph=True)\nx.grad = None\ny.backward()\n",
    "truncated": (
        "w = torch.tensor(0.5, requires_grad=True)\nh = torch.zeros(1)\nfor _ in range(3):\n    h = torch.tanh(w * "
        "h.detach() + 1)\n    h.sum().backward()\n"
    ),
    "evaluation": (
        "net = torch.nn.Linear(2, 1)\nwith torch.no_grad():\n    print(net(torch.ones(1, 2)))\n"
        "acc = (net(torch.ones(4, 2)) > 0).float().mean().item()\n"
    ),
    "kept gradient": (
        "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.retain_grad()\ny.sum().backward()\nprint(y.grad)\n"
    ),
    "accumulation in micro batches": (
        "w = torch.zeros(2, requires_grad=True)\nfor part in torch.ones(4, 2).split(2):\n    ((w - part) ** "
        "2).mean().backward()\n"
    ),
    "buffers": "out = torch.zeros(3)\nx = torch.ones(3, requires_grad=True)\nfor i in range(3):\n    out[i] = x[i] * 2\nout.sum().backward()\n",
    "caught": "x = torch.ones(2)\ntry:\n    x.sum().backward()\nexcept RuntimeError as error:\n    print('as expected')\n",
    "no torch at all": "print(sum(range(10)))\n",
}


@pytest.mark.parametrize("name", CORRECT)
async def test_a_program_without_fault_gets_no_complaint(name: str, explained: Explain) -> None:
    assert await explained(CORRECT[name]) == ()


async def test_a_program_without_fault_is_looked_at_once_more_at_most(runner: Runner) -> None:
    runs: list[Program] = []

    async def counting(program: Program) -> Observation:
        runs.append(program)
        return await runner.run(program)

    program = Program(source=CORRECT["training"])
    assert await explain(program, await runner.run(program), counting) == ()
    assert len(runs) <= 1


async def test_lines_are_those_of_the_answer_when_a_setup_comes_first(explained: Explain) -> None:
    setup = "import torch\nx = torch.arange(3.0, requires_grad=True)\n"
    (told,) = await explained("y = x * 2\ny.backward()\n", setup)
    assert (told.kind, told.line, told.cause_line) == ("non-scalar-backward", 2, 1)


async def test_a_cause_in_the_setup_has_no_line_in_the_answer(explained: Explain) -> None:
    (told,) = await explained("y = (x * 2).sum()\ny.backward()\n", "x = torch.arange(3.0)\n")
    assert (told.kind, told.line, told.cause_line) == ("no-input-requires-grad", 2, None)
    assert "None" not in told.headline


async def test_comments_and_layout_stay_in_a_fix(explained: Explain) -> None:
    source = (
        "import torch\n\nx = torch.tensor([1.0,\n                  2.0],  # two of them\n                 "
        "requires_grad=True)\ny = x * 3   # tripled\n\n# now back\ny.backward()  # ends here\n"
    )
    (told,) = await explained(source)
    assert told.fixes[0].code == source.replace("y.backward()", "y.sum().backward()")


async def test_names_beyond_ascii_are_named_and_mended(explained: Explain) -> None:
    (told,) = await explained("größe = torch.ones(2, requires_grad=True); ünter = größe * 2; ünter.backward()\n")
    assert "`ünter`" in told.headline
    assert told.fixes[0].verified
    assert "ünter.sum().backward()" in told.fixes[0].code


async def test_only_one_error_is_told(explained: Explain) -> None:
    told = await explained("x = torch.ones(2)\nx.require_grad = True\ny = x * 2\nprint(y.grad)\ny.sum().backward()\n")
    assert [one.kind for one in told if one.severity == "error"] == ["requires-grad-typo"]


async def test_a_judge_decides_which_fix_comes_first(runner: Runner) -> None:
    program = Program(source="x = torch.arange(3.0, requires_grad=True)\ny = x * x\ny.backward()\n")

    async def wants_the_mean(source: str) -> Verdict:
        return Verdict(passed="mean()" in source, outcome="ok", checks=())

    (told,) = await explain(program, await runner.run(program), runner.run, judge=wants_the_mean)
    assert ".mean().backward()" in told.fixes[0].code


async def test_what_is_not_understood_is_not_explained(explained: Explain) -> None:
    assert await explained("raise LookupError('element 0 of my own list')\n") == ()
