"""The screenshots of the documentation, made by the app itself.

``TUTOR_SCREENSHOTS=write pytest -n0 tests/ui/test_screenshots.py`` makes them anew; otherwise each must be what the app
shows today.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.conftest import Desk, Opener, Shared
from tutor.ui.theme import DARK, LIGHT

asynchronous = pytest.mark.asyncio(loop_scope="session")

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
TOUR = Path(__file__).parent / "tour"
WRITE = os.environ.get("TUTOR_SCREENSHOTS") == "write"

Pose = Callable[[Desk], Awaitable[None]]


async def as_it_opens(desk: Desk) -> None:
    await desk.settle()


async def failing(desk: Desk) -> None:
    await desk.answer("y = torch.dot(x, x)\ny.backward()\n")


async def an_error(desk: Desk) -> None:
    await desk.answer("y = 2 * x * x\ny.backward()\n")


async def passing(desk: Desk) -> None:
    await desk.answer("y = 2 * torch.dot(x, x)\ny.backward()\n")


async def tensors(desk: Desk) -> None:
    await passing(desk)
    await desk.press("escape", "3")


async def hints(desk: Desk) -> None:
    await desk.press("f2", "f2")


async def predicted(desk: Desk) -> None:
    desk.app.screen.query_one(Input).value = "[0., 2., 4., 6.]"
    await desk.press("enter")


async def chosen(desk: Desk) -> None:
    await desk.press("1", "2")


async def solution(desk: Desk) -> None:
    await failing(desk)
    await desk.press("f3")
    await desk.press("f3")


async def contents(desk: Desk) -> None:
    await desk.press("f9")


async def help_(desk: Desk) -> None:
    await desk.press("f1")


SCREENS: dict[str, tuple[str | None, tuple[int, int], str, Pose]] = {
    "home": (None, (80, 24), DARK.name, as_it_opens),
    "read": ("watched/read", (100, 30), LIGHT.name, as_it_opens),
    "predict": ("first-gradient/guess", (80, 24), DARK.name, predicted),
    "choice": ("first-gradient/shape", (120, 40), LIGHT.name, chosen),
    "code-small": ("first-gradient/dot", (80, 24), DARK.name, failing),
    "code-failed": ("first-gradient/dot", (120, 40), DARK.name, failing),
    "code-explained": ("first-gradient/dot", (120, 40), DARK.name, an_error),
    "code-passed": ("first-gradient/dot", (200, 60), LIGHT.name, passing),
    "tensors": ("first-gradient/dot", (120, 40), LIGHT.name, tensors),
    "hints": ("first-gradient/dot", (80, 24), LIGHT.name, hints),
    "solution": ("first-gradient/dot", (120, 40), DARK.name, solution),
    "contents": ("first-gradient/dot", (80, 24), DARK.name, contents),
    "help": ("first-gradient/dot", (120, 40), DARK.name, help_),
}


@asynchronous
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screenshot_is_what_the_app_shows(name: str, runner: Shared, opened: Opener) -> None:
    place, size, theme, pose = SCREENS[name]
    async with opened(runner, place, size=size, folder=TOUR) as desk:
        desk.app.theme = theme
        await desk.settle()
        await pose(desk)
        await desk.settle()
        drawn = desk.app.export_screenshot(title="tutor")
    path = FOLDER / f"{name}.svg"
    if WRITE:
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn, f"{path.name} shows an older app"


def test_every_screenshot_is_made_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(SCREENS)
