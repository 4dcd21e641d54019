"""Hostile and clumsy programs end with an outcome of their own and harm nobody."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.processes import started_with
from tests.hostile.programs import HONEST, HOSTILE, Hostile
from tutor.autograd import Observation
from tutor.running import Runner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")

_AT_ONCE = 4


@dataclass(frozen=True)
class Aftermath:
    """All the programs' endings, and what was found when they had ended."""

    endings: dict[str, Observation]
    honest: tuple[Observation, ...]
    running_before: tuple[str, ...]
    left_running: tuple[str, ...]
    left_lying: tuple[str, ...]


async def _suffer(folder: Path) -> Aftermath:
    gate = asyncio.Semaphore(_AT_ONCE)
    endings: dict[str, Observation] = {}
    honest: list[Observation] = []

    async with Runner(spares=_AT_ONCE) as runner:

        async def one(hostile: Hostile) -> None:
            async with gate:
                endings[hostile.name] = await runner.run(hostile.program)
                honest.append(await runner.run(HONEST))

        await asyncio.gather(*map(one, HOSTILE))
        before = tuple(started_with(str(folder)).values())
    return Aftermath(endings, tuple(honest), before, tuple(started_with(str(folder)).values()), _lying_in(folder))


def _lying_in(folder: Path) -> tuple[str, ...]:
    return tuple(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        return asyncio.run(_suffer(folder))


def _said(seen: Observation) -> str:
    error = seen.exception
    return " ".join([seen.detail, f"{error.type}: {error.message}" if error else "", seen.stdout, seen.stderr])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_each_program_ends_with_an_outcome_of_its_own(hostile: Hostile, aftermath: Aftermath) -> None:
    seen = aftermath.endings[hostile.name]
    assert seen.outcome in hostile.outcomes, (seen.outcome, _said(seen)[:500])
    if seen.outcome == hostile.outcomes[0]:
        assert hostile.says in _said(seen)


def test_nothing_steers_the_terminal_whatever_was_printed_or_raised(aftermath: Aftermath) -> None:
    for name, seen in aftermath.endings.items():
        assert not set("\x1b\x9b\x07\x08\x7f\u202e\u2066\u200f") & set(repr_of(seen)), name


def repr_of(seen: Observation) -> str:
    """Every text of an observation, as it would be shown."""
    error = seen.exception
    names = [tensor.name for tensor in seen.tensors]
    warned = [warning.message for warning in seen.warnings]
    frames = [local.name + str(local.value) for frame in (error.frames if error else ()) for local in frame.locals]
    return "".join([_said(seen), *names, *warned, *frames])


def test_the_next_honest_run_is_unharmed(aftermath: Aftermath) -> None:
    first = aftermath.honest[0]
    assert (first.outcome, first.stdout) == ("ok", "done\n")
    assert {(seen.outcome, seen.stdout, seen.tensors) for seen in aftermath.honest} == {("ok", "done\n", first.tensors)}


def test_no_process_outlives_the_runner(aftermath: Aftermath) -> None:
    assert aftermath.left_running == ()
    assert aftermath.running_before


def test_no_file_outlives_the_runner(aftermath: Aftermath) -> None:
    assert aftermath.left_lying == ()


async def test_a_process_started_ahead_of_time_may_not_fill_the_disk_either() -> None:
    too_many = next(hostile for hostile in HOSTILE if hostile.name == "files without end")
    async with Runner(method="process", spares=1) as runner:
        seen = await runner.run(too_many.program)
    assert (seen.outcome, "files" in seen.detail) == ("output-limit", True)
