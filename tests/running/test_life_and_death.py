"""Runs can be many, be cancelled, lose their server; and nothing is left when the runner ends, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tutor.autograd import Limits, Program
from tutor.running import Runner, processes

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHO = "import os\nprint(os.getpid(), os.getppid())"


def alive(pid: int) -> bool:
    return any(process.pid == pid for process in processes.all_processes())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- processes tell nobody of their end
            await asyncio.sleep(0.01)


async def pids(runner: Runner) -> tuple[int, int]:
    own, server = (await runner.run(Program(source=WHO))).stdout.split()
    return int(own), int(server)


async def test_many_runs_go_on_at_once(runner: Runner) -> None:
    programs = [Program(source=f"x = torch.tensor({n})\nprint({n})\n") for n in range(12)]
    seen = await asyncio.gather(*map(runner.run, programs))
    assert [one.stdout for one in seen] == [f"{n}\n" for n in range(12)]
    assert len({one.outcome for one in seen}) == 1


async def test_a_cancelled_run_ends_its_process_and_the_next_is_normal(runner: Runner, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    source = f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n"
    task = asyncio.create_task(runner.run(Program(source=source, walls="open")))
    await until(lambda: told.exists() and told.read_text() != "")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not alive(int(told.read_text())))
    assert (await runner.run(Program(source="x = 1"))).outcome == "ok"


async def test_a_run_cancelled_at_any_moment_costs_nothing(runner: Runner) -> None:
    for pause in range(12):
        task = asyncio.create_task(runner.run(Program(source="x = torch.ones(1)", probes=("x",))))
        for _ in range(pause):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await runner.run(Program(source="x = 1"))).outcome == "ok"


@pytest.mark.parametrize(
    "source",
    [
        "import os, time\nif os.fork() == 0:\n    {tell}\n    time.sleep(60)\n",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        {tell}\n        time.sleep(60)\n"
        "    os._exit(0)\n",
        "import subprocess\nsubprocess.Popen(['/bin/sh', '-c', 'echo $$ > {file}; exec setsid sleep 60'])\n",
        "import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    {tell}\n    time.sleep(60)\nwhile True: pass\n",
    ],
)
async def test_what_a_script_leaves_running_ends_with_it(runner: Runner, tmp_path: Path, source: str) -> None:
    told = tmp_path / "pid"
    tell = f"open({str(told)!r}, 'w').write(str(os.getpid()))"
    filled = (
        source.format(tell=tell, file=told)
        + f"import os, time\nwhile not os.path.exists({str(told)!r}): time.sleep(0.01)\n"
    )
    seen = await runner.run(Program(source=filled, walls="open", limits=Limits(wall_seconds=1.0)))
    assert seen.outcome in {"ok", "timeout"}
    await until(lambda: told.read_text().strip() != "" and not alive(int(told.read_text())))


async def test_scratch_folders_are_wiped(runner: Runner) -> None:
    seen = await runner.run(
        Program(
            source="import os\nprint(os.getcwd())\nopen('a', 'w').write('x')\nos.makedirs('b/c')\n"
            "import tempfile\nprint(tempfile.mkdtemp())\n"
        )
    )
    assert seen.outcome == "ok", seen.exception
    folder, made = (Path(line) for line in seen.stdout.splitlines())
    assert made.parent == folder
    await until(lambda: not folder.exists())


async def test_a_server_that_dies_is_replaced_and_the_run_is_tried_again() -> None:
    async with Runner(method="fork") as runner:
        await runner.warm()
        _, server = await pids(runner)
        task = asyncio.create_task(runner.run(Program(source="import time\ntime.sleep(0.3)\nx = torch.ones(1)")))
        await asyncio.sleep(0.1)
        os.kill(server, signal.SIGKILL)
        seen = await task
        assert (seen.outcome, [tensor.name for tensor in seen.tensors]) == ("ok", ["x"])
        _, other = await pids(runner)
        assert other != server


async def test_a_program_that_takes_its_server_down_is_tried_twice_at_most(tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    source = f"import os, signal\nopen({str(tally)!r}, 'a').write('x')\nos.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass"
    async with Runner(method="fork") as runner:
        seen = await runner.run(Program(source=source, walls="open"))
        assert seen.outcome == "internal"
        assert "server" in seen.detail
        assert tally.read_text() == "xx"
        assert (await runner.run(Program(source="x = 1"))).outcome == "ok"


async def test_a_stopped_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.running.runner._GRACE_SECONDS", 0.3)
    async with Runner(method="fork") as runner:
        await runner.warm()
        _, server = await pids(runner)
        os.kill(server, signal.SIGSTOP)
        endless = Program(source="while True: pass", limits=Limits(wall_seconds=0.2))
        assert (await runner.run(endless)).outcome == "internal"
        assert (await runner.run(Program(source="x = 1"))).outcome == "ok"


@pytest.mark.parametrize("method", ["fork", "process"])
async def test_nothing_is_left_after_closing(method: str) -> None:
    runner = Runner(method="process" if method == "process" else "fork", spares=1)
    seen = await runner.run(Program(source="import os\nprint(os.getpid())\nprint(os.path.dirname(os.getcwd()))"))
    own, folder = int(seen.stdout.split()[0]), Path(seen.stdout.split()[1])
    assert folder.name.startswith("tutor-run-")
    endless = asyncio.create_task(runner.run(Program(source="while True: pass")))
    await asyncio.sleep(0.05)
    await runner.close()
    assert (await endless).outcome == "cancelled"
    await runner.close()
    await until(lambda: not alive(own))
    await until(lambda: not [process for process in processes.descendants([os.getpid()]) if _is_ours(process.pid, own)])
    await until(lambda: not folder.exists())


def _is_ours(pid: int, least: int) -> bool:
    try:
        return pid >= least and b"tutor.running" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


async def test_a_closed_runner_can_be_started_again() -> None:
    runner = Runner(method="fork", spares=1)
    await runner.close()
    assert (await runner.run(Program(source="x = 1"))).outcome == "ok"
    await runner.close()


APP = """
import asyncio, os
from tutor.autograd import Program
from tutor.running import Runner

async def main():
    async with Runner(method={method!r}, spares=1) as runner:
        await runner.run(Program(source="x = 1"))
        endless = "import os, time\\nopen({told!r}, 'w').write(str(os.getpid()))\\nwhile True: time.sleep(1)"
        await runner.run(Program(source=endless, walls="open"))

asyncio.run(main())
"""


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    told = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-c", APP.format(method=request.param, told=str(told))], start_new_session=True
    )
    yield process, told
    process.kill()
    process.wait()


@pytest.mark.parametrize("app", ["fork", "process"], indirect=True)
async def test_nothing_is_left_of_an_app_that_was_killed(app: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, told = app
    await until(lambda: told.exists() and told.read_text() != "")
    ours = [one.pid for one in processes.descendants([process.pid])]
    assert int(told.read_text()) in ours
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    await until(lambda: not any(map(alive, ours)))


async def test_a_torch_that_cannot_be_imported_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart.so is missing')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.path.append(sys.argv.pop(1)); "
    monkeypatch.setattr(
        "tutor.running.launching.command",
        lambda module, *arguments: [sys.executable, "-c", f"{code}from {module} import main; main()", ".", *arguments],
    )
    async with Runner(method="fork") as runner:
        seen = await runner.run(Program(source="x = 1"))
    assert seen.outcome == "internal"
    assert "libcudart.so is missing" in seen.detail


async def test_importing_the_runner_imports_no_torch() -> None:
    code = "import sys, tutor.running; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_no_program_of_another_run_is_in_a_childs_memory(runner: Runner) -> None:
    """Whatever passes through the server is inherited by later children; so nothing may."""
    secret = "expected-" + "4711" * 4
    await runner.run(Program(source=f"x = {secret!r}", probes=(f"'{secret}'",)))
    await asyncio.gather(*(runner.run(Program(source="x = 1")) for _ in range(6)))
    search = (
        "found = 0\nneedle = 'expected-' + '4711' * 4\nneedle = needle.encode()\n"
        "with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:\n"
        "    for line in maps:\n"
        "        parts = line.split()\n"
        "        if 'w' not in parts[1] or len(parts) > 5 and parts[5].startswith('['): continue\n"
        "        begin, end = (int(part, 16) for part in parts[0].split('-'))\n"
        "        memory.seek(begin)\n"
        "        found += memory.read(end - begin).count(needle)\n"
        "print(found)\n"
    )
    seen = await runner.run(Program(source=search, walls="open"))
    assert seen.outcome == "ok", seen.exception
    # its own copies of the needle, made just now, are the only ones
    assert int(seen.stdout) <= 3
