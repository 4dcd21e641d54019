"""Every key, from the one table of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tutor.ui.commands import Command, commands
from tutor.ui.screens.overlay import Box, Overlay
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult


class HelpScreen(Overlay[None]):
    def compose(self) -> ComposeResult:
        with Box(_("Keys"), _("Esc closes")):
            yield Static(markup=False, id="keys")

    def on_mount(self) -> None:
        self.query_one(Box).focus()
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        keys = self.query_one("#keys", Static)
        keys.update(help_content(max(30, keys.content_size.width)))


def help_content(width: int) -> Content:
    """The table of keys for a box ``width`` cells wide."""
    headings = {
        "answer": _("Your answer"),
        "move": _("Moving about"),
        "look": _("Looking closer"),
        "app": _("The tutor"),
    }
    table = commands()
    left = min(max(len(_keys(each)) for each in table) + 2, width // 2)
    introduction = _("Keys with ^, Alt or F work everywhere. Single letters work outside the editor: Esc leaves it.")
    lines = Content(introduction).wrap(width)
    for group, heading in headings.items():
        lines += [Content(), Content(heading).stylize("bold $primary")]
        for each in table:
            if each.group == group:
                words = Content.assemble((each.name, "$secondary"), ("  " + each.help, "$muted"))
                lines += _row(_keys(each), words, left, width)
    lines += [Content(), Content(_("In the editor")).stylize("bold $primary")]
    for keys, explained in _editor_keys():
        lines += _row(keys, Content(explained), left, width)
    return Content("\n").join(lines)


def _row(keys: str, words: Content, left: int, width: int) -> list[Content]:
    first, *rest = words.wrap(max(10, width - left))
    start = Content(keys.ljust(left)).stylize("bold")
    return [Content.assemble(start, first.rstrip()), *(Content.assemble(" " * left, line.rstrip()) for line in rest)]


def _keys(command: Command) -> str:
    return "  ".join(command.shown_keys)


def _editor_keys() -> list[tuple[str, str]]:
    return [
        ("^Z  ^Y", _("undo, redo")),
        ("Tab  Shift+Tab", _("indent, outdent")),
        ("^/", _("comment in, comment out")),
        ("^X  ^C  ^V", _("cut, copy, paste")),
        ("^K  ^U", _("delete to the end, to the start of the line")),
        ("^A  ^E", _("start, end of the line")),
        ("Shift+arrows", _("select")),
    ]
