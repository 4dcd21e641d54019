"""What a run's history tells, and that telling it changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tutor.autograd import Observation
from tutor.autograd.history import Event, History

pytestmark = pytest.mark.asyncio(loop_scope="session")

Observe = Callable[[str], Awaitable[Observation]]


def history_of(observation: Observation) -> History:
    assert observation.history is not None
    return observation.history


def events(observation: Observation, *ops: str) -> list[Event]:
    return [event for event in history_of(observation).events if event.op in ops]


def line(observation: Observation, event: Event) -> int:
    return history_of(observation).place(event).line


async def test_each_step_is_known_by_its_line_and_its_tensors(observed: Observe) -> None:
    seen = await observed("x = torch.ones(2, requires_grad=True)\ny = x * x\ny.sum().backward()\n")
    (product,) = events(seen, "mul")
    known = history_of(seen).by_id
    assert line(seen, product) == 2
    assert [known[number].shape for number in (*product.inputs, *product.outputs)] == [(2,), (2,), (2,)]
    assert known[product.outputs[0]].grad_fn == "MulBackward0"


async def test_a_step_within_a_function_knows_the_call_that_led_to_it(observed: Observe) -> None:
    seen = await observed("def f(v):\n    return v + 1\nx = torch.ones(1)\ny = f(x)\n")
    (added,) = events(seen, "add")
    place = history_of(seen).place(added)
    assert place.function == "f"
    assert place.caller is not None
    assert history_of(seen).places[place.caller].line == 4


async def test_names_reach_into_attributes_items_and_modules(observed: Observe) -> None:
    seen = await observed(
        "class Box:\n    def __init__(self):\n        self.w = torch.ones(1)\nbox = Box()\nparts = {'a': "
        "torch.ones(1), 'b': [torch.ones(1)]}\nnet = torch.nn.Sequential(torch.nn.Linear(1, 1))\n"
    )
    names = {named.name for named in history_of(seen).names}
    assert {"box.w", "parts['a']", "parts['b'][0]", "net[0].weight"} <= names


async def test_a_decorator_that_stops_tracking_is_known_with_its_function(observed: Observe) -> None:
    seen = await observed("@torch.no_grad()\ndef f(v):\n    return v * 2\nf(torch.ones(1, requires_grad=True))\n")
    mode = next(event for event in events(seen, "grad_mode") if event.argument("on") == "False")
    assert (mode.argument("how"), mode.argument("function"), mode.argument("line")) == ("decorator", "f", "1")
    assert events(seen, "mul")[0].off_by == mode.seq


async def test_a_second_pass_knows_which_pass_freed_its_graph(observed: Observe) -> None:
    seen = await observed("x = torch.ones(2, requires_grad=True)\ny = x.exp().sum()\ny.backward()\ny.backward()\n")
    first, second = history_of(seen).backwards
    assert second.freed_before_by == first.event
    assert second.graph is not None
    (node,) = [node for node in second.graph.nodes if node.op == "ExpBackward0"]
    assert [(one.name, one.state) for one in node.saved] == [("result", "freed")]
    assert (node.line, node.freed_by) == (2, first.event)


async def test_a_saved_tensor_that_was_changed_is_told_from_one_that_was_freed(observed: Observe) -> None:
    seen = await observed("x = torch.ones(2, requires_grad=True)\ny = x.exp()\ny += 1\ny.sum().backward()\n")
    graph = history_of(seen).backwards[-1].graph
    assert graph is not None
    assert [one.state for node in graph.nodes for one in node.saved] == ["changed"]


async def test_an_attribute_torch_does_not_know_is_noticed(observed: Observe) -> None:
    seen = await observed("x = torch.ones(2)\nx.require_grad = True\nx.requires_grad = True\n")
    (event,) = events(seen, "unknown-attribute")
    assert (event.argument("name"), line(seen, event)) == ("require_grad", 2)


async def test_recording_keeps_no_tensor_alive(observed: Observe) -> None:
    seen = await observed(
        "import gc, weakref\nx = torch.ones(2, requires_grad=True)\ny = x * 2\nz = y.sum()\nz.backward()\n"
        "gone = weakref.ref(y), weakref.ref(z)\ndel y, z\ngc.collect()\nprint([one() for one in gone])\n"
    )
    assert seen.stdout == "[None, None]\n"


async def test_a_recorded_program_prints_what_it_prints_alone(observed: Observe) -> None:
    source = (
        "net = torch.nn.Linear(3, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\nfor _ in range(3):\n    loss "
        "= (net(torch.ones(2, 3)) ** 2).mean()\n    opt.zero_grad()\n    loss.backward()\n    "
        "opt.step()\nprint(loss.item(), torch.is_grad_enabled(), type(torch.ones(1)).__setattr__ is "
        "object.__setattr__)\nprint(torch.func.grad(lambda v: (v * v).sum())(torch.ones(2)))\n"
    )
    seen = await observed(source)
    assert seen.outcome == "ok"
    alone = seen.stdout.splitlines()
    assert alone[1] == "tensor([2., 2.])"


async def test_a_long_run_is_kept_within_bounds_with_its_beginning_and_its_end(observed: Observe) -> None:
    seen = await observed(
        "w = torch.tensor(1.0, requires_grad=True)\nfor _ in range(3000):\n    y = w * 2 + 1\nlast = w.exp()\n"
    )
    history = history_of(seen)
    assert len(history.events) < 5_000
    assert history.dropped > 0
    assert (history.events[0].op, history.events[-1].op) == ("tensor", "exp")


async def test_the_graph_of_each_tensor_has_lines_names_and_what_is_saved(observed: Observe) -> None:
    seen = await observed("x = torch.arange(4.0, requires_grad=True)\ny = x * x\nz = y.sum()\n")
    graph = next(graph for graph in seen.graphs if graph.of == "z")
    assert [(node.op, node.name, node.line, node.shape, node.leaf) for node in graph.nodes] == [
        ("SumBackward0", "z", 3, (), False),
        ("MulBackward0", "y", 2, (4,), False),
        ("AccumulateGrad", "x", 1, (4,), True),
    ]
    assert {(one.name, one.of, one.freed) for one in graph.nodes[1].saved} == {
        ("self", "x", False),
        ("other", "x", False),
    }
    assert graph.edges == ((0, 1), (1, 2), (1, 2))
