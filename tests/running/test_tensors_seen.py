"""What is told of the tensors a program left is true of them, and reading changes nothing."""

from __future__ import annotations

import struct

import pytest

from tutor.autograd import Items, Limits, Observation, PlainValue, Program, TensorSeen, TensorValue, Value
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ran(runner: Runner, source: str, *probes: str, setup: str = "") -> Observation:
    seen = await runner.run(Program(source=source, probes=probes, setup=setup))
    assert seen.outcome == "ok", seen.exception or seen.detail
    return seen


async def names(runner: Runner, source: str) -> dict[str, TensorSeen]:
    return {tensor.name: tensor for tensor in (await ran(runner, source)).tensors}


async def probed(runner: Runner, source: str, expression: str) -> Value:
    (probe,) = (await ran(runner, source, expression)).probes
    assert probe.error is None, probe.error
    assert probe.value is not None
    return probe.value


def floats(value: TensorValue | None) -> list[float]:
    assert value is not None
    assert value.data is not None, value.note
    letter = {"float32": "f", "float64": "d", "float16": "e", "int64": "q", "bool": "?"}[value.storage]
    return [part for (part,) in struct.iter_unpack("<" + letter, value.data)]


async def test_a_leaf_and_what_was_made_of_it(runner: Runner) -> None:
    seen = await names(runner, "x = torch.arange(4.0, requires_grad=True)\ny = 2 * torch.dot(x, x)\ny.backward()\n")
    x, y = seen["x"], seen["y"]
    assert (x.value.shape, x.value.dtype, x.value.device, x.value.requires_grad) == ((4,), "float32", "cpu", True)
    assert (x.is_leaf, x.grad_fn, x.version, x.is_view) == (True, None, 0, False)
    assert floats(x.value) == [0, 1, 2, 3]
    assert floats(x.grad) == [0, 4, 8, 12]
    assert (y.value.shape, y.is_leaf, y.grad_fn, y.grad) == ((), False, "MulBackward0", None)
    assert floats(y.value) == [28]


async def test_names_come_in_the_order_of_their_definition(runner: Runner) -> None:
    seen = await ran(runner, "b = w + 1\na = b\nc = torch.ones(1)\n", setup="w = torch.ones(2)\n")
    assert [(tensor.name, tensor.same_as) for tensor in seen.tensors] == [
        ("w", None),
        ("b", None),
        ("a", "b"),
        ("c", None),
    ]


async def test_versions_views_and_kept_gradients_are_told(runner: Runner) -> None:
    seen = await names(
        runner,
        "x = torch.ones(3, requires_grad=True)\ny = x * 2\ny.retain_grad()\ny.sum().backward()\n"
        "w = torch.zeros(3)\nw += 1\nw.mul_(2)\nv = w[:2]\n"
        "with torch.inference_mode(): i = torch.ones(2)\n",
    )
    assert (seen["y"].retains_grad, floats(seen["y"].grad)) == (True, [1, 1, 1])
    assert seen["w"].version == 2
    assert seen["v"].is_view
    assert (seen["i"].is_inference, seen["i"].version) == (True, None)


async def test_tensors_inside_modules_objects_and_containers_have_paths(runner: Runner) -> None:
    seen = await names(
        runner,
        "from dataclasses import dataclass\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = torch.nn.Linear(2, 1)\n"
        "        self.register_buffer('mean', torch.zeros(1))\n"
        "        self.layers = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))\n"
        "net = Net()\n"
        "params = {'gain': torch.ones(1), 3: torch.ones(2)}\n"
        "pair = (torch.ones(1), [torch.zeros(1)])\n"
        "@dataclass\nclass State:\n    hidden: torch.Tensor\n"
        "state = State(torch.ones(1))\n"
        "class Slotted:\n    __slots__ = ('h', 'unset')\n"
        "slotted = Slotted()\nslotted.h = torch.ones(1)\n"
        "loop = []\nloop.append(loop)\n",
    )
    assert set(seen) == {
        "net.fc.weight",
        "net.fc.bias",
        "net.mean",
        "net.layers[0].weight",
        "params['gain']",
        "params[3]",
        "pair[0]",
        "pair[1][0]",
        "state.hidden",
        "slotted.h",
    }
    assert seen["net.fc.weight"].value.python_type == "Parameter"


async def test_large_tensors_are_summarised_in_the_namespace(runner: Runner) -> None:
    seen = await names(
        runner,
        "x = torch.arange(2001.0)\nx[5] = float('nan')\nx[6] = float('inf')\nx[7] = -float('inf')\n"
        "b = torch.zeros(3000, dtype=torch.bool)\nc = torch.zeros(2000, dtype=torch.complex64)\n"
        "e = torch.full((2000,), float('nan'))\n",
    )
    summary = seen["x"].value.summary
    assert seen["x"].value.data is None
    assert summary is not None
    assert (summary.minimum, summary.maximum, summary.nan, summary.infinite) == (0.0, 2000.0, 1, 2)
    assert summary.first[:5] == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert summary.mean == pytest.approx((2000 * 2001 / 2 - 18) / 1998)
    assert seen["b"].value.summary is not None
    assert seen["c"].value.summary is not None
    assert seen["c"].value.summary.minimum is None
    nothing = seen["e"].value.summary
    assert nothing is not None
    assert (nothing.minimum, nothing.nan) == (None, 2000)


async def test_a_million_elements_are_carried_whole_by_a_probe(runner: Runner) -> None:
    value = await probed(runner, "x = torch.arange(1_000_000.0)\n", "x")
    assert isinstance(value, TensorValue)
    assert value.data is not None
    assert value.data == b"".join(struct.pack("<f", number) for number in range(1_000_000))


async def test_a_repeated_element_is_not_made_a_trillion(runner: Runner) -> None:
    seen = await names(
        runner, "x = torch.ones(1).expand(10 ** 12)\ny = torch.tensor([[1.], [float('nan')]]).expand(2, 10 ** 9)\n"
    )
    for name, nan in (("x", 0), ("y", 10**9)):
        summary = seen[name].value.summary
        assert summary is not None
        assert (summary.minimum, summary.maximum, summary.mean, summary.nan) == (1.0, 1.0, 1.0, nan)


@pytest.mark.parametrize(
    ("made", "storage", "wanted"),
    [
        ("torch.tensor(3.5)", "float32", [3.5]),
        ("torch.empty(0, 3)", "float32", []),
        ("torch.tensor([1.5, 2], dtype=torch.bfloat16)", "float32", [1.5, 2]),
        ("torch.tensor([1.5, 2]).half()", "float16", [1.5, 2]),
        ("torch.tensor([1.5, 2]).to(torch.float8_e4m3fn)", "float32", [1.5, 2]),
        ("torch.tensor([1.5, 2]).double()", "float64", [1.5, 2]),
        ("torch.tensor([True, False])", "bool", [True, False]),
        ("torch.arange(6).view(2, 3).t()", "int64", [0, 3, 1, 4, 2, 5]),
        ("torch.arange(6)[::2]", "int64", [0, 2, 4]),
        ("torch.ones(1).expand(3)", "float32", [1, 1, 1]),
        ("torch.tensor([1+2j]).conj().imag", "float32", [-2]),
        ("torch._neg_view(torch.ones(2))", "float32", [-1, -1]),
        ("torch.nn.Parameter(torch.ones(2))", "float32", [1, 1]),
    ],
)
async def test_every_kind_of_dense_tensor_is_read(runner: Runner, made: str, storage: str, wanted: list[float]) -> None:
    value = await probed(runner, f"x = {made}\n", "x")
    assert isinstance(value, TensorValue)
    assert (value.storage, value.note) == (storage, "")
    assert floats(value) == wanted


async def test_complex_tensors_are_read(runner: Runner) -> None:
    value = await probed(runner, "x = torch.tensor([1 + 2j]).conj()\n", "x")
    assert isinstance(value, TensorValue)
    assert value.storage == "complex64"
    assert value.data == struct.pack("<ff", 1, -2)


@pytest.mark.parametrize(
    ("made", "note"),
    [
        ("torch.ones(3).to_sparse()", "sparse"),
        ("torch.ones(2, 2).to_sparse_csr()", "sparse"),
        ("torch.empty(10 ** 15, device='meta')", "meta"),
        ("torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)", "quantised"),
        ("torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])", "nested"),
    ],
)
async def test_tensors_without_plain_elements_say_why(runner: Runner, made: str, note: str) -> None:
    seen = await names(runner, f"import warnings\nwarnings.simplefilter('ignore')\nx = {made}\n")
    assert (seen["x"].value.note, seen["x"].value.data) == (note, None)


async def test_a_tensor_that_escaped_from_a_transform_is_told(runner: Runner) -> None:
    seen = await names(
        runner, "kept = []\ndef f(x):\n    kept.append(x)\n    return x.sum()\ntorch.func.grad(f)(torch.ones(2))\n"
    )
    assert seen["kept[0]"].value.note == "inside torch.func"


async def test_a_gradient_can_be_of_any_kind(runner: Runner) -> None:
    seen = await names(runner, "e = torch.nn.Embedding(3, 2, sparse=True)\ne(torch.tensor([1])).sum().backward()\n")
    grad = seen["e.weight"].grad
    assert grad is not None
    assert grad.note == "sparse"


async def test_reading_warns_of_nothing_and_says_what_the_program_warned_of(runner: Runner) -> None:
    quiet = await ran(runner, "x = torch.ones(2, requires_grad=True)\ny = x * 2\n", "x", "y")
    assert (quiet.warnings, quiet.stderr) == ((), "")
    loud = await ran(runner, "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.grad\n")
    (warning,) = loud.warnings
    assert (warning.category, warning.line) == ("UserWarning", 3)
    assert "not a leaf" in warning.message


async def test_reading_calls_no_code_of_the_program(runner: Runner) -> None:
    seen = await ran(
        runner,
        "class Loud(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
        "        print('called', func)\n"
        "        return super().__torch_function__(func, types, args, kwargs or {})\n"
        "    def __repr__(self):\n"
        "        print('repr')\n"
        "        return 'x'\n"
        "class Net(torch.nn.Module):\n"
        "    def named_parameters(self, *a, **k): print('asked')\n"
        "    def __getattr__(self, name):\n"
        "        print('asked for', name)\n"
        "        return super().__getattr__(name)\n"
        "class Listy(list):\n"
        "    def __iter__(self): print('iterated'); return super().__iter__()\n"
        "    def __len__(self): print('measured'); return 0\n"
        "x = torch.ones(2).as_subclass(Loud)\n"
        "net = Net()\nnet.p = torch.nn.Parameter(torch.ones(1))\n"
        "many = Listy([torch.ones(1)])\n"
        "y = torch.ones(1, requires_grad=True)\n"
        "z = y * 2\nz.register_hook(lambda g: print('hooked'))\n"
        "import sys; sys.stdout.flush()\n"
        "torch.Tensor.detach = lambda self: print('detached')\n"
        "torch.Tensor.grad_fn = property(lambda self: print('grad_fn'))\n"
        "print('end')\n",
    )
    assert seen.stdout.endswith("end\n")
    assert {"x", "net.p", "many[0]", "y", "z"} <= {tensor.name for tensor in seen.tensors}
    assert next(tensor for tensor in seen.tensors if tensor.name == "x").value.python_type == "Loud"


async def test_probes_see_the_program_after_it_ended_and_torch_as_it_was(runner: Runner) -> None:
    seen = await ran(
        runner,
        "torch.allclose = lambda *a, **k: True\n"
        "torch.Tensor.__eq__ = lambda self, other: torch.tensor(True)\n"
        "torch.Tensor.sum = lambda self: 'summed'\n"
        "import builtins\nbuiltins.len = lambda x: 99\n"
        "x = torch.ones(2)\n"
        "class torch: pass\n",
        "torch.allclose(x, x + 1)",
        "x == x + 1",
        "x.sum()",
        "len([1])",
    )
    allclose, equal, total, length = (probe.value for probe in seen.probes)
    assert isinstance(allclose, PlainValue)
    assert allclose.value is False
    assert isinstance(equal, TensorValue)
    assert floats(equal) == [False, False]
    assert isinstance(total, TensorValue)
    assert isinstance(length, PlainValue)
    assert length.value == 1


@pytest.mark.parametrize(
    ("expression", "value", "kind", "text"),
    [
        ("None", None, "NoneType", "None"),
        ("True", True, "bool", "True"),
        ("3", 3, "int", "3"),
        ("2 ** 70", None, "int", str(2**70)),
        ("1e-3", 0.001, "float", "0.001"),
        ("float('inf')", float("inf"), "float", "inf"),
        ("'a\\x1bb'", "a␛b", "str", "'a\\x1bb'"),
        ("1 + 2j", None, "complex", "(1+2j)"),
        ("torch.float32", None, "torch.dtype", "torch.float32"),
        ("__import__('numpy').float32(2)", 2.0, "numpy.float32", "2.0"),
        ("torch.Tensor", None, "torch._C._TensorMeta", "<class torch.Tensor>"),
        ("b'x'", None, "bytes", "b'x'"),
    ],
)
async def test_plain_values_come_back_as_they_are(
    runner: Runner, expression: str, value: object, kind: str, text: str
) -> None:
    found = await probed(runner, "", expression)
    assert isinstance(found, PlainValue)
    assert (found.value, found.python_type, found.text) == (value, kind, text)


async def test_not_a_number_comes_back_as_such(runner: Runner) -> None:
    found = await probed(runner, "", "float('nan')")
    assert isinstance(found, PlainValue)
    assert found.value != found.value


async def test_containers_come_back_item_by_item(runner: Runner) -> None:
    found = await probed(runner, "", "{'a': [1, torch.ones(1)], 2: (None,), 'size': torch.ones(2, 3).shape}")
    assert isinstance(found, Items)
    assert found.keys == ("a", "2", "size")
    assert [item.python_type for item in found.items] == ["list", "tuple", "torch.Size"]
    size = found.items[2]
    assert isinstance(size, Items)
    assert [item.value for item in size.items if isinstance(item, PlainValue)] == [2, 3]


async def test_containers_are_bounded(runner: Runner) -> None:
    found = await probed(
        runner,
        "deep = []\nfor _ in range(10_000): deep = [deep]\nloop = []\nloop.append(loop)\n",
        "[deep, loop, list(range(100_000))]",
    )
    assert isinstance(found, Items)
    wide = found.items[2]
    assert isinstance(wide, Items)
    assert len(wide.items) + wide.more == 100_000


async def test_an_array_is_a_tensor_with_its_own_type(runner: Runner) -> None:
    found = await probed(runner, "import numpy as np\n", "np.arange(3.0)")
    assert isinstance(found, TensorValue)
    assert (found.python_type, found.dtype, floats(found)) == ("numpy.ndarray", "float64", [0, 1, 2])


@pytest.mark.parametrize(
    ("expression", "kind", "message"),
    [
        ("missing", "NameError", "name 'missing' is not defined"),
        ("x.gard", "AttributeError", "'Tensor' object has no attribute 'gard'"),
        ("1 +", "SyntaxError", "invalid syntax"),
        ("", "SyntaxError", "invalid syntax"),
        ("exit()", "SystemExit", "None"),
        ("x @ torch.ones(5)", "RuntimeError", None),
    ],
)
async def test_an_expression_that_fails_says_so(
    runner: Runner, expression: str, kind: str, message: str | None
) -> None:
    seen = await ran(runner, "x = torch.ones(2)\n", expression, "x")
    error = seen.probes[0].error
    assert error is not None
    assert error.type == kind
    assert message is None or error.message == message
    assert error.line is None
    assert seen.probes[1].error is None


async def test_a_result_too_large_is_summarised(runner: Runner) -> None:
    seen = await runner.run(
        Program(
            source="x = torch.ones(1_000_000)\n", probes=("x", "'s' * 10 ** 7"), limits=Limits(result_bytes=1 << 20)
        )
    )
    assert seen.outcome == "ok"
    tensor, words = (probe.value for probe in seen.probes)
    assert isinstance(tensor, TensorValue)
    assert (tensor.data, tensor.summary is not None) == (None, True)
    assert isinstance(words, PlainValue)
    assert words.value is None


async def test_random_numbers_are_the_same_for_the_same_seed_only(runner: Runner) -> None:
    source = "import random\nimport numpy as np\nx = [torch.rand(2), random.random(), np.random.rand()]\n"
    one, again, other = [
        (await runner.run(Program(source=source, probes=("x",), seed=seed))).probes for seed in (7, 7, 8)
    ]
    assert one == again
    assert one != other
    assert (await ran(runner, source, "x")).probes == (await ran(runner, source, "x")).probes


async def test_nothing_remains_from_run_to_run(runner: Runner) -> None:
    await ran(runner, "import sys, builtins\nleft = 1\nbuiltins.left = 2\nsys.modules['left'] = sys\ntorch.left = 3\n")
    for expression in ("left", "torch.left", "__import__('left')"):
        assert (await ran(runner, "", expression)).probes[0].error is not None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int8", "uint16", "int64", "bool"])
async def test_a_summary_is_true_for_every_dtype(runner: Runner, dtype: str) -> None:
    seen = await names(runner, f"x = (torch.arange(600_000) % 2).to(torch.{dtype})\n")
    summary = seen["x"].value.summary
    assert summary is not None
    assert (summary.minimum, summary.maximum, summary.mean, summary.nan) == (0.0, 1.0, 0.5, 0)
    assert [float(first) for first in summary.first[:3]] == [0.0, 1.0, 0.0]


async def test_a_summary_counts_what_is_not_finite_in_any_piece(runner: Runner) -> None:
    seen = await names(
        runner, "x = torch.ones(1000, 600)\nx[::2] = float('nan')\nx[1, 0] = -float('inf')\nx[3, 1] = 5\nx = x.t()\n"
    )
    summary = seen["x"].value.summary
    assert summary is not None
    assert (summary.minimum, summary.maximum, summary.nan, summary.infinite) == (1.0, 5.0, 300_000, 1)
