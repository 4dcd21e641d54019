"""A pack from elsewhere runs only behind the walls that the learner demands."""

from __future__ import annotations

import pytest

from tests.ui.conftest import Opener, Transcript
from tutor.autograd import Observation

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_without_a_demanded_wall_nothing_of_the_pack_runs_and_why_is_said(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTOR_REQUIRE_WALLS", "files")
    bare = Transcript(answers={"": Observation(outcome="ok", walls=("rlimits",))})
    async with opened(bare, "first/dot") as desk:
        await desk.answer("y = 1\n")
        assert "files" in desk.result()
        assert set(bare.asked) == {""}


async def test_behind_the_demanded_walls_it_runs(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_REQUIRE_WALLS", "files")
    fenced = Transcript(answers={"": Observation(outcome="ok", walls=("landlock-7",))})
    async with opened(fenced, "first/dot") as desk:
        await desk.answer("y = 1\n")
        assert "y = 1\n" in fenced.asked
