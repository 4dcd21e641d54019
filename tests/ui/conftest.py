"""Apps on a small pack of their own, with a real runner shared by all, or one that plays a transcript."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from textual.pilot import Pilot
from textual.widgets import Static
from textual.worker import WorkerCancelled

from tutor.autograd import Observation, Program
from tutor.packs import open_pack
from tutor.packs.finding import FoundPack, FoundPacks
from tutor.progress import Store
from tutor.running import Runner
from tutor.session import Session
from tutor.ui.app import TutorApp
from tutor.ui.shelf import Shelf
from tutor.ui.widgets.editor import Editor

PACK = """\
format: 1
id: demo
title: "Demo [b]pack[/b] y[idx]"
version: 1.0.0
lessons: [first.yaml, broken.yaml, second.yaml]
"""
FIRST = """\
id: first
title: "First [/b] steps"
summary: "What list[int] is."
steps:
  - id: intro
    kind: read
    title: Begin here
    text: |
      Read `y[idx]` and $\\\\partial y / \\\\partial x$. 中文也可以。

      ```python
      y = x[idx]  # [@click=app.quit]
      ```

      - one
      - two [/b]
  - id: guess
    kind: predict
    title: Guess
    text: What comes out?
    code: |
      x = torch.tensor([1.0, 2.0], requires_grad=True)
      (x * x).sum().backward()
    ask: x.grad
    hints: [Twice each.]
    why: The derivative is $2x$.
  - id: pick
    kind: choice
    title: Pick
    text: Which one?
    options:
      - {text: "`a[0]`", why: "No [/b]."}
      - {text: "b", why: "Yes.", correct: true}
  - id: dot
    kind: code
    title: Write it
    text: Compute $y = 2 x^\\\\top x$ and its gradient.
    setup: |
      x = torch.arange(4.0, requires_grad=True)
    starter: |
      y = ...
    solution: |
      y = 2 * torch.dot(x, x)
      y.backward()
    checks:
      - value: x.grad
      - uses: [backward]
    variants:
      - setup: |
          x = torch.linspace(-1, 1, 7, requires_grad=True)
    hints: [Begin with the dot product., "`torch.dot(x, x)`"]
  - id: free
    kind: code
    title: Say it
    text: Print something.
    solution: print(1)
    checks:
      - uses: [print]
""".replace("\\\\", "\\")
SECOND = """\
id: second
title: Second
summary: And on.
steps:
  - id: only
    kind: read
    text: The end.
"""


@pytest.fixture
def pack_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "pack.yaml").write_text(PACK, encoding="utf-8")
    (folder / "first.yaml").write_text(FIRST, encoding="utf-8")
    (folder / "broken.yaml").write_text("id: broken\ntitle: Broken\nsummary: It is.\nsteps: 3\n", encoding="utf-8")
    (folder / "second.yaml").write_text(SECOND, encoding="utf-8")
    return folder


@dataclass
class Transcript:
    """A runner that answers from what was recorded; runs can be held until they are released."""

    answers: dict[str, Observation] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    async def start(self) -> None:
        return

    async def close(self) -> None:
        return

    async def run(self, program: Program) -> Observation:
        self.asked.append(program.source)
        try:
            if program.source in self.held:
                await self.held[program.source].wait()
        except asyncio.CancelledError:
            self.cancelled.append(program.source)
            raise
        return self.answers.get(program.source, Observation(outcome="ok"))


class Shared:
    """A warm runner that outlives the apps it is lent to."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def start(self) -> None:
        return

    async def close(self) -> None:
        return

    async def run(self, program: Program) -> Observation:
        return await self._runner.run(program)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[Shared]:
    async with Runner() as real:
        yield Shared(real)


class Desk:
    """One app under test, and the few things one does to it."""

    def __init__(self, app: TutorApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def session(self) -> Session:
        assert self.app.session is not None
        return self.app.session

    @property
    def editor(self) -> Editor:
        return self.app.screen.query_one(Editor)

    async def settle(self) -> None:
        """Wait until nothing is under way any more."""
        for _ in range(4):
            await self.pilot.pause()
            for worker in list(self.app.workers):
                with suppress(WorkerCancelled):
                    await worker.wait()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def write(self, text: str) -> None:
        """Replace the answer."""
        self.editor.change_to(text)
        await self.pilot.pause()

    async def answer(self, text: str) -> None:
        """Replace the answer and run it."""
        await self.write(text)
        await self.press("f5")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the app go on until something holds."""
        for _ in range(2000):
            if condition():
                break
            await self.pilot.pause(0.005)
        assert condition()

    async def until_asked(self, transcript: Transcript, source: str) -> None:
        """Let the app go on until it has asked for a run, which may be held."""
        for _ in range(2000):
            if source in transcript.asked:
                break
            await self.pilot.pause(0.005)
        await self.pilot.pause()
        assert source in transcript.asked

    def result(self) -> str:
        """All words of the result pane, those scrolled out of sight too."""
        views = self.app.screen.query("#result-body Static").results(Static)
        return "\n".join(str(view.content) for view in views)

    def text(self) -> str:
        """All that is on the screen, as a terminal would show it."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines)


Opener = Callable[..., Any]


@pytest.fixture
def opened(pack_folder: Path, tmp_path: Path) -> Iterator[Opener]:
    """``async with opened(runner, "first/dot", size=(80, 24)) as desk``."""
    stores: list[Store] = []

    @asynccontextmanager
    async def open_app(
        runner: Any,
        place: str | None = None,
        *,
        size: tuple[int, int] = (120, 40),
        rest_seconds: float = 3600.0,
        folder: Path | None = None,
        database: Path | None = None,
    ) -> AsyncIterator[Desk]:
        pack = open_pack(folder or pack_folder)
        found = FoundPacks((FoundPack(pack.pack, pack.folder, "installed"),))
        shelf = Shelf(find=lambda: found, open_ref=lambda _ref: pack)
        store = Store.open(database or tmp_path / "progress.sqlite3")
        stores.append(store)
        lesson, _, step = (place or "").partition("/")
        app = TutorApp(
            runner=runner,
            store=store,
            shelf=shelf,
            place=(pack.pack.id, lesson or None, step or None) if place else (None, None, None),
            rest_seconds=rest_seconds,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            desk = Desk(app, pilot)
            await desk.settle()
            yield desk

    yield open_app
    for store in stores:
        store.close()
