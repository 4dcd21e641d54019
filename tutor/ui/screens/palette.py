"""The command palette, which is the search too."""

from __future__ import annotations

from textual.command import CommandPalette

from tutor.ui.search import SearchProvider
from tutor.words import _


class Palette(CommandPalette):
    DEFAULT_CSS = """
    Palette {
        & SearchIcon { display: none; }
        & > Vertical { width: 90%; max-width: 100; background: $surface; }
        & #--input { background: $surface; border: round $primary; }
        & CommandList { background: $surface; border-bottom: none; }
        & CommandList > .option-list--option-highlighted { background: $panel; color: $foreground; }
    }
    """

    def __init__(self) -> None:
        super().__init__([SearchProvider], placeholder=_("Search commands, lessons and steps"))
