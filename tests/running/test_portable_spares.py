"""Processes started ahead of time give what forked children give."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tutor.autograd import Limits, Observation, PlainValue, Program
from tutor.running import Runner, usual_method

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1 << 20


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def portable() -> AsyncIterator[Runner]:
    async with Runner(method="process", spares=1) as runner:
        yield runner


def compared(seen: Observation) -> Observation:
    """Without what may differ: the time it took, the walls, and the names of library files' lines."""
    return replace(seen, elapsed_ms=0.0, walls=())


@pytest.mark.parametrize(
    "program",
    [
        Program(
            source="import sys\nx = torch.rand(4, requires_grad=True)\n(x * w).sum().backward()\n"
            "print('out')\nprint('err', file=sys.stderr)\nimport warnings\nwarnings.warn('hm')\n",
            setup="w = torch.ones(4)\n",
            probes=("x.grad", "missing", "[x, 1]"),
            seed=3,
        ),
        Program(source="def f(x):\n    return x.backward()\nf(torch.ones(2, requires_grad=True))\n"),
        Program(source="import os\nprint('a')\nos._exit(4)\n"),
        Program(source="import os\nos.abort()\n"),
    ],
)
async def test_the_observation_is_that_of_a_forked_child(runner: Runner, portable: Runner, program: Program) -> None:
    forked, started = await asyncio.gather(runner.run(program), portable.run(program))
    assert compared(started) == compared(forked)


@pytest.mark.parametrize(
    ("source", "limits", "outcome"),
    [
        ("while True: pass", Limits(wall_seconds=0.3), "timeout"),
        ("while True: print('x' * 1000)", Limits(), "output-limit"),
        ("kept = []\nwhile True: kept.append(torch.ones(1 << 20))", Limits(memory_bytes=200 * MIB), "memory-limit"),
    ],
)
async def test_limits_hold(portable: Runner, source: str, limits: Limits, outcome: str) -> None:
    assert (await portable.run(Program(source=source, limits=limits))).outcome == outcome


async def test_a_cancelled_run_ends_its_process(portable: Runner, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    source = f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n"
    task = asyncio.create_task(portable.run(Program(source=source, walls="open")))
    async with asyncio.timeout(30):
        while not (told.exists() and told.read_text()):  # noqa: ASYNC110 -- another process writes it
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while _alive(int(told.read_text())):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_large_result_comes_whole(portable: Runner) -> None:
    seen = await portable.run(Program(source="x = torch.ones(1_000_000)\n", probes=("x", "x.sum().item()")))
    value = seen.probes[0].value
    assert getattr(value, "data", b"") == b"\x00\x00\x80\x3f" * 1_000_000
    assert isinstance(seen.probes[1].value, PlainValue)


async def test_a_setting_chooses_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_RUNNER", "process")
    assert (usual_method(), Runner().method) == ("process", "process")
    monkeypatch.setenv("TUTOR_RUNNER", "fork")
    assert Runner().method == "fork"
    monkeypatch.delenv("TUTOR_RUNNER")
    monkeypatch.setattr("sys.platform", "darwin")
    assert Runner().method == "process"
