"""One warm runner for all tests of this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tutor.running import Runner


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[Runner]:
    async with Runner(method="fork") as warm:
        await warm.warm()
        yield warm
