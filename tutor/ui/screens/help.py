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
            yield Static(help_content(), markup=False)

    def on_mount(self) -> None:
        self.query_one(Box).focus()


def help_content() -> Content:
    headings = {
        "answer": _("Your answer"),
        "move": _("Moving about"),
        "look": _("Looking closer"),
        "app": _("The tutor"),
    }
    table = commands()
    width = max(len(_keys(each)) for each in table) + 2
    lines = [
        Content(_("Keys with ^, Alt or F work everywhere. Single letters work outside the editor: Esc leaves it.")),
    ]
    for group, heading in headings.items():
        lines += [Content(), Content(heading).stylize("bold $primary")]
        for each in table:
            if each.group == group:
                lines.append(Content.assemble((_keys(each).ljust(width), "bold"), (each.name, "$secondary")))
                lines.append(Content.assemble(" " * width, (each.help, "$muted")))
    lines += [Content(), Content(_("In the editor")).stylize("bold $primary")]
    for keys, words in _editor_keys():
        lines.append(Content.assemble((keys.ljust(width), "bold"), words))
    return Content("\n").join(lines)


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
