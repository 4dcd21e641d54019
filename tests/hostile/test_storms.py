"""Faults in our own parts while programs run: nothing is lost, and what is said is right."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.processes import started_with
from tests.hostile.programs import HONEST
from tutor.autograd import Observation, Program
from tutor.running import Runner

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("temporary"))
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", None)
        yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(temporary: str) -> AsyncIterator[Runner]:
    """One runner weathers all the storms, one after the other."""
    async with Runner(spares=2) as warm:
        assert _fine(await warm.run(HONEST))
        yield warm


def _kill_all(folder: str, number: int = signal.SIGKILL) -> None:
    for pid in started_with(folder):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _kill_servers(folder: str) -> None:
    """Kill the servers alone: their children are to die by themselves."""
    ours = started_with(folder)
    for pid in ours:
        try:
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if parent not in ours:
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue


def _fine(seen: Observation) -> bool:
    return (seen.outcome, seen.stdout) == ("ok", "done\n")


async def test_a_server_killed_while_nothing_runs_is_replaced(runner: Runner, temporary: str) -> None:
    _kill_servers(temporary)
    assert _fine(await runner.run(HONEST))


async def test_a_server_killed_at_any_stage_of_a_run_costs_at_most_a_retry(runner: Runner, temporary: str) -> None:
    for turns in (0, 1, 3, 10, 100):
        run = asyncio.create_task(runner.run(HONEST))
        for _ in range(turns):
            await asyncio.sleep(0)
        _kill_servers(temporary)
        seen = await run
        assert _fine(seen), seen


async def test_a_server_that_hangs_does_not_hang_its_client(runner: Runner, temporary: str) -> None:
    long = replace(HONEST, source="while True:\n    pass\n", limits=replace(HONEST.limits, wall_seconds=0.3))
    run = asyncio.create_task(runner.run(long))
    await asyncio.sleep(0)
    assert (await run).outcome == "timeout"
    _kill_all(temporary, signal.SIGSTOP)
    waiting = asyncio.create_task(runner.run(HONEST))
    _kill_all(temporary, signal.SIGCONT)
    assert _fine(await waiting)


async def test_many_cancelled_runs_leave_no_process(runner: Runner, temporary: str) -> None:
    before = len(started_with(temporary))
    endless = Program(source="while True:\n    pass\n")
    for _ in range(5):
        runs = [asyncio.create_task(runner.run(endless)) for _ in range(4)]
        await asyncio.sleep(0)
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
    assert _fine(await runner.run(HONEST))
    for _ in range(200):
        if len(started_with(temporary)) <= before + 1:
            break
        await asyncio.sleep(0.02)
    assert len(started_with(temporary)) <= before + 1


async def test_a_full_scratch_folder_is_the_programs_own_error(runner: Runner) -> None:
    source = """
import errno
with open("full", "wb") as file:
    try:
        while True:
            file.write(bytes(1 << 20))
            file.flush()
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
    seen = await runner.run(Program(source=source))
    assert (seen.outcome, seen.stdout) == ("ok", "EFBIG\n")
    assert _fine(await runner.run(HONEST))


async def test_a_clock_that_jumps_changes_no_limit(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asyncio.create_task(runner.run(HONEST))
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert _fine(await run)
    monkeypatch.setattr("time.time", lambda: 4e9)
    seen = await runner.run(HONEST)
    assert _fine(seen)
    assert 0 <= seen.elapsed_ms < 10_000
