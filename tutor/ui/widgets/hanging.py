"""Text with a marker that hangs in the padding to its left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.geometry import Region


class Hanging(Static):
    """Wrapped lines stand below the text, not below the marker. The marker's colour is the widget's rule of
    ``hanging--marker``."""

    COMPONENT_CLASSES = {"hanging--marker"}  # noqa: RUF012 - Textual's type
    DEFAULT_CSS = """
    Hanging {
        width: 1fr;
        height: auto;
        & > .hanging--marker { color: $primary; text-style: bold; }
    }
    """

    def __init__(self, content: Content, marker: str = "", *, left: int = 0, classes: str = "") -> None:
        super().__init__(content, markup=False, classes=classes)
        self._left = left
        self._marker = ""
        self.mark(marker)

    def mark(self, marker: str) -> None:
        self._marker = marker
        if marker:
            self.styles.padding = (0, 0, 0, self._left + len(marker))
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = super().render_lines(crop)
        edge = self.gutter.left - self._left - len(self._marker)
        if self._marker.strip() and strips and crop.y == 0 and crop.x == 0 and edge >= 0:
            start = edge + self._left
            style = self.get_component_rich_style("hanging--marker")
            marker = Strip([Segment(self._marker, style)], len(self._marker))
            strips[0] = Strip.join([strips[0].crop(0, start), marker, strips[0].crop(start + len(self._marker))])
        return strips
