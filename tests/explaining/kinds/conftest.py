"""One warm runner for all kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tutor.autograd import Observation, Program
from tutor.explaining import Explanation, explain
from tutor.running import Runner

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[Runner]:
    async with Runner() as running:
        yield running


@pytest.fixture(scope="session")
def explained(runner: Runner) -> Explain:
    """Run a program and explain it."""

    async def run_and_explain(source: str, setup: str = "") -> tuple[Explanation, ...]:
        program = Program(source=source, setup=setup)
        return await explain(program, await runner.run(program), runner.run)

    return run_and_explain


@pytest.fixture(scope="session")
def observed(runner: Runner) -> Callable[[str], Awaitable[Observation]]:
    """Run a program under observation."""

    async def run(source: str) -> Observation:
        return await runner.run(Program(source=source, collect=frozenset({"tensors", "history", "graph"})))

    return run
