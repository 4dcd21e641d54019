"""An open script finds what plain ``python`` would give it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tutor.autograd import Observation, Program
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def script(runner: Runner, folder: Path, source: str, *arguments: str, filename: str = "train.py") -> Observation:
    (folder / filename).parent.mkdir(exist_ok=True)
    (folder / filename).write_text(source)
    return await runner.run(
        Program(source=source, filename=filename, folder=str(folder), arguments=arguments, walls="open")
    )


async def test_it_prints_what_python_prints(runner: Runner, tmp_path: Path) -> None:
    source = (
        "import sys, os, data, torch\nfrom pack.model import Net\n"
        "print(sys.argv, os.path.basename(__file__), os.getcwd() == sys.path[0], __name__)\n"
        "print(open('numbers.txt').read(), data.value, Net)\nopen('written', 'w').write('x')\n"
    )
    (tmp_path / "data.py").write_text("value = 3\n")
    (tmp_path / "numbers.txt").write_text("1 2")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "model.py").write_text("class Net: pass\n")
    seen = await script(runner, tmp_path, source, "--epochs", "3")
    plain = await asyncio.create_subprocess_exec(
        sys.executable, "train.py", "--epochs", "3", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await plain.communicate()
    assert seen.outcome == "ok", seen.exception
    assert seen.stdout == printed.decode()
    assert (tmp_path / "written").read_text() == "x"


async def test_a_script_in_a_folder_below_imports_from_beside_it(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "near.py").write_text("value = 4\n")
    seen = await script(
        runner, tmp_path, "import near, os\nprint(near.value, os.listdir('.'))\n", filename="sub/run.py"
    )
    assert seen.stdout == "4 ['sub']\n"


async def test_torch_is_not_implied(runner: Runner, tmp_path: Path) -> None:
    seen = await script(runner, tmp_path, "x = torch.ones(1)\n")
    assert seen.exception is not None
    assert seen.exception.type == "NameError"


async def test_files_named_like_libraries_do_no_harm(runner: Runner, tmp_path: Path) -> None:
    for name in ("torch.py", "random.py", "numpy.py", "msgspec.py", "tutor.py"):
        (tmp_path / name).write_text("raise ImportError('the wrong one')\n")
    seen = await script(runner, tmp_path, "import torch, random\nprint(torch.ones(1).item(), random.random() >= 0)\n")
    assert seen.stdout == "1.0 True\n"


async def test_a_neighbour_named_like_something_preloaded_is_imported(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "sympy.py").write_text("value = 'mine'\n")
    seen = await script(runner, tmp_path, "import sympy\nprint(sympy.value)\n")
    assert seen.stdout == "mine\n"


async def test_an_error_in_a_neighbour_is_told_with_the_line_that_led_there(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("def loss(x):\n    scale = 2\n    return (x * scale).backward()\n")
    seen = await script(
        runner, tmp_path, "import torch\nfrom model import loss\nloss(torch.ones(2, requires_grad=True))\n"
    )
    assert seen.exception is not None
    assert seen.exception.line == 3
    neighbour = next(frame for frame in seen.exception.frames if frame.where == "neighbour")
    assert (neighbour.filename, neighbour.line) == ("model.py", 3)
    assert [local.name for local in neighbour.locals] == ["x", "scale"]


async def test_it_sees_the_environment_of_whoever_runs_it(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_FOLDER", "/data")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "shared.py").write_text("value = 5\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    seen = await script(runner, tmp_path, "import os, shared\nprint(os.environ['DATA_FOLDER'], shared.value)\n")
    assert seen.stdout == "/data 5\n"


async def test_an_answer_does_not_see_it(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    seen = await runner.run(
        Program(source="import os\nprint('SECRET_TOKEN' in os.environ, 'hush' in str(os.environ))\n")
    )
    assert seen.stdout == "False False\n"


async def test_it_may_start_processes(runner: Runner, tmp_path: Path) -> None:
    seen = await script(
        runner,
        tmp_path,
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout)\n",
    )
    assert seen.stdout == "b'1\\n'\n"


async def test_a_data_loader_with_workers_works(runner: Runner, tmp_path: Path) -> None:
    seen = await script(
        runner,
        tmp_path,
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "loader = DataLoader(TensorDataset(torch.arange(4.0)), batch_size=2, num_workers=1)\n"
        "print([batch[0].tolist() for batch in loader])\n",
    )
    assert seen.stdout == "[[0.0, 1.0], [2.0, 3.0]]\n", seen


async def test_parallel_operations_work_in_a_child(runner: Runner, tmp_path: Path) -> None:
    seen = await script(
        runner,
        tmp_path,
        "import torch\ntorch.set_num_threads(2)\nx = torch.rand(600, 600, requires_grad=True)\n(x @ x).sum().backward()\n"
        "print(x.grad.shape)\n",
    )
    assert seen.stdout == "torch.Size([600, 600])\n", seen
