"""The text of a step, as blocks, with the hints opened so far below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.ui.markdown import Block, blocks
from tutor.ui.widgets.hanging import Hanging
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult


class BlockView(Hanging):
    """One block of a text."""

    DEFAULT_CSS = """
    BlockView {
        margin: 0 0 1 0;
        &.-heading { text-style: bold; color: $primary; }
        &.-tight { margin: 0; }
        &.-code { background: $code-surface; padding: 0 1; border-left: outer $rule; }
        &.-quote { border-left: outer $primary; padding: 0 1; }
        &.-rule { color: $rule; }
    }
    """

    def __init__(self, block: Block, *, tight: bool = False) -> None:
        classes = f"-{block.kind}{' -tight' if tight else ''}"
        super().__init__(block.content, block.marker, left=max(0, block.depth - 1) * 2, classes=classes)


def block_views(found: Iterable[Block]) -> Iterator[BlockView]:
    """Widgets for blocks; the items of one list stand close together."""
    listed = list(found)
    for block, after in zip(listed, [*listed[1:], None], strict=True):
        yield BlockView(block, tight=after is not None and block.kind == after.kind == "item")


class Hint(Static):
    """A hint that was opened. It stays, to be read again."""

    DEFAULT_CSS = """
    Hint {
        width: 1fr;
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        border-left: outer $secondary;
        background: $panel 50%;
    }
    """

    def __init__(self, number: int, total: int, text: str) -> None:
        heading = _("Hint {number} of {total}").format(number=number, total=total)
        parts = [Content(heading).stylize("bold $secondary"), *(block.content for block in blocks(text))]
        super().__init__(Content("\n").join(parts), markup=False)


class Reading(VerticalScroll, can_focus=True):
    """Shows one text at a time, and the hints that belong to it."""

    DEFAULT_CSS = """
    Reading {
        padding: 0 1;
        scrollbar-gutter: stable;
        & > .reading--title { text-style: bold; color: $primary; width: 1fr; margin: 0 0 1 0; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._shown: tuple[str | None, str] | None = None
        self._hints = 0

    def compose(self) -> ComposeResult:
        if self._shown is not None:
            yield from self._views(*self._shown)

    def prepare(self, title: str | None, text: str) -> None:
        """Say what to compose, before the widget is mounted."""
        self._shown = (title, text)

    async def show(self, title: str | None, text: str) -> None:
        """Show another text from its beginning."""
        if (title, text) == self._shown:
            return
        self._shown, self._hints = (title, text), 0
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(self._views(title, text))
        self.scroll_home(animate=False)

    async def show_hints(self, hints: tuple[str, ...], opened: int) -> None:
        """Show the first ``opened`` hints, and bring a new one into view."""
        if opened < self._hints:
            await self.query(Hint).remove()
            self._hints = 0
        fresh = [Hint(number, len(hints), hints[number - 1]) for number in range(self._hints + 1, opened + 1)]
        self._hints = opened
        if fresh:
            await self.mount_all(fresh)
            self.call_after_refresh(self.scroll_end, animate=False)

    def _views(self, title: str | None, text: str) -> Iterator[Static]:
        if title:
            yield Static(Content(title), markup=False, classes="reading--title")
        yield from block_views(blocks(text))
