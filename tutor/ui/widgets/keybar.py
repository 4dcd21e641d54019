"""The bottom line: the keys worth knowing here, as many as fit. Each can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tutor.ui.commands import Command, command

if TYPE_CHECKING:
    from textual import events


class KeyBar(Widget):
    """Shows the commands whose ids are in ``shown``, the most wanted first."""

    DEFAULT_CSS = """
    KeyBar {
        height: 1;
        dock: bottom;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    """

    shown: reactive[tuple[str, ...]] = reactive(())

    def _fitting(self) -> list[tuple[Command, str, str]]:
        found, used = [], 0
        for id_ in self.shown:
            each = command(id_)
            key, name = each.shown_keys[0], each.short or each.name
            used += len(key) + len(name) + 3
            if used - 2 > max(self.content_size.width, 20):
                break
            found.append((each, key, name))
        return found

    def render(self) -> Content:
        pieces: list[tuple[str, str]] = []
        for _each, key, name in self._fitting():
            pieces += [(key, "bold $primary"), (f" {name}  ", "")]
        return Content.assemble(*pieces)

    async def on_click(self, event: events.Click) -> None:
        at = event.x - self.styles.padding.left
        for each, key, name in self._fitting():
            width = len(key) + len(name) + 3
            if at < width - 1:
                await self.run_action(f"{'app' if each.where == 'app' else 'screen'}.{each.id}")
                return
            at -= width
