"""The editor: Textual's TextArea with Pygments colours, Python indentation, and marks for failing lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Offset
from textual.strip import Strip
from textual.widgets import TextArea

from tutor.text import safe
from tutor.ui.highlight import WHOLE, WINDOW, lines_of_stretches

if TYPE_CHECKING:
    from rich.text import Text
    from textual import events

Mark: TypeAlias = Literal["error", "cause"]

_INDENT: Final = "    "
_SIGNS: Final[Mapping[Mark, str]] = {"error": "▶", "cause": "●"}
_COLOURS: Final[Mapping[Mark, tuple[str, str]]] = {
    "error": ("error", "mark-wrong"),
    "cause": ("warning", "mark-cause"),
}


def clean(text: str) -> str:
    """``text`` as the editor can hold it: safe to show, and with no line breaks but newlines."""
    return safe(text).replace("\r", "\n")


class Editor(TextArea):
    """The learner's answer. ``text`` is the truth about the draft."""

    DEFAULT_CSS = """
    Editor {
        border: none;
        padding: 0;
        background: $surface;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
        & .text-area--gutter { color: $muted; }
        & .text-area--cursor-gutter { color: $foreground; background: $panel; }
        & .text-area--cursor-line { background: $panel 60%; }
        & .text-area--cursor { background: $primary; color: $background; }
        & .text-area--selection { background: $primary 35%; }
        & .text-area--matching-bracket { background: $rule; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+tab", "outdent", show=False),
        Binding("ctrl+underscore,ctrl+slash", "comment", show=False),
        Binding("home,ctrl+a", "cursor_line_start", show=False),
    ]

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(
            clean(text), id=id, language=None, tab_behavior="indent", show_line_numbers=True, highlight_cursor_line=True
        )
        self.cursor_blink = False
        self._marks: dict[int, Mark] = {}

    def load(self, text: str) -> None:
        """Show another step's draft; its undo history begins here."""
        if (cleaned := clean(text)) != self.text:
            self.soft_wrap = len(cleaned) <= WHOLE
            self.load_text(cleaned)
        self.mark({})

    def change_to(self, text: str) -> None:
        """Replace the whole text as one edit that can be undone."""
        if (cleaned := clean(text)) == self.text:
            return
        cursor = self.cursor_location
        self.history.checkpoint()
        self.replace(cleaned, self.document.start, self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()
        self.move_cursor((min(cursor[0], self.document.line_count - 1), cursor[1]))

    def mark(self, marks: Mapping[int, Mark]) -> None:
        """Mark lines, counted from 1, in the gutter and behind their text."""
        if dict(marks) != self._marks:
            self._marks = dict(marks)
            self.notify_style_update()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        variables = self.app.theme_variables
        for start, end, name in self._stretches(line_index):
            line.stylize(Style(color=variables[name], italic=name == "code-comment"), start, end)
        if (mark := self._marks.get(line_index + 1)) is not None:
            line.stylize(Style(bgcolor=variables[_COLOURS[mark][1]]))
        return line

    def _stretches(self, index: int) -> tuple[tuple[int, int, str], ...]:
        """Long texts are lexed a window at a time, so that a key stroke costs the same in all of them."""
        if len(text := self.text) <= WHOLE:
            lines, first = lines_of_stretches(text), 0
        else:
            first = index - index % WINDOW
            last = min(first + WINDOW, self.document.line_count)
            lines = lines_of_stretches("\n".join(self.document.get_line(row) for row in range(first, last)))
        return lines[index - first] if index - first < len(lines) else ()

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if not self._marks or y + self.scroll_offset.y >= self.wrapped_document.height:
            return strip
        at = Offset(0, y + self.scroll_offset.y)
        row, column = self.wrapped_document.offset_to_location(at)
        mark = self._marks.get(row + 1)
        if mark is None or column:
            return strip
        width = self.gutter_width
        colour = Color.parse(self.app.theme_variables[_COLOURS[mark][0]]).rich_color
        under = next((segment.style for segment in strip if segment.style), Style())
        sign = Strip([Segment(f"{_SIGNS[mark]} ", under + Style(color=colour, bold=True))], 2)
        return Strip.join([strip.crop(0, width - 2), sign, strip.crop(width)])

    async def _on_paste(self, event: events.Paste) -> None:
        """Textual's own handler, which comes after this one, inserts the text."""
        event.text = clean(event.text)

    async def _on_key(self, event: events.Key) -> None:
        """Keys that mean more here than to Textual's own handler, which comes after this one."""
        if event.key == "escape":
            event.prevent_default()  # it bubbles up: where to go is the screen's business
        elif not self.read_only and event.key in {"enter", "ctrl+j", "tab"} and self._indent(event.key):
            event.stop()
            event.prevent_default()
        else:
            await self._act_at_once(event)

    async def _act_at_once(self, event: events.Key) -> None:
        """Run the editor's own bindings in the order the keys arrive.

        Textual inserts letters here, but runs bindings only after the key has bubbled to the app: in one burst of keys
        the letters would overtake the movements.
        """
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, default_namespace=self):
                event.stop()
                event.prevent_default()
                return

    def _indent(self, key: str) -> bool:
        """Enter (to some programs it is Ctrl+J) keeps the indentation and adds to it after a colon; Tab shifts a selection
        of several lines."""
        start, end = sorted(self.selection)
        if key == "tab":
            if start[0] == end[0]:
                return False
            self._each_line(lambda line: _INDENT + line if line.strip() else line)
            return True
        before = self.document.get_line(start[0])[: start[1]]
        indent = re.match(r"[ \t]*", before)
        deeper = _INDENT if before.split("#")[0].rstrip().endswith(":") else ""
        self._replace_via_keyboard("\n" + (indent[0] if indent else "") + deeper, start, end)
        return True

    def action_outdent(self) -> None:
        self._each_line(lambda line: re.sub(r"^( {1,4}|\t)", "", line))

    def action_comment(self) -> None:
        """Turn the selected lines into comments, or back."""
        start, end = sorted(self.selection)
        lines = [self.document.get_line(row) for row in range(start[0], end[0] + 1)]
        if all(line.lstrip().startswith("#") for line in lines if line.strip()):
            self._each_line(lambda line: re.sub(r"^(\s*)# ?", r"\1", line))
        else:
            self._each_line(lambda line: re.sub(r"^(\s*)(?=\S)", r"\1# ", line))

    def action_delete_left(self) -> None:
        """Within indentation, one backspace takes back one Tab."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        if self.selection.is_empty and before and not before.strip(" ") and column % len(_INDENT) == 0:
            self._delete_via_keyboard((row, column - len(_INDENT)), (row, column))
        else:
            super().action_delete_left()

    def _each_line(self, change: object) -> None:
        if self.read_only or not callable(change):
            return
        start, end = sorted(self.selection)
        last = end[0] if end[1] > 0 or end[0] == start[0] else end[0] - 1
        old = [self.document.get_line(row) for row in range(start[0], last + 1)]
        new = [str(change(line)) for line in old]
        if new == old:
            return
        self.replace("\n".join(new), (start[0], 0), (last, len(old[-1])), maintain_selection_offset=False)
        self.selection = (
            type(self.selection)((start[0], 0), (last, len(new[-1])))
            if last > start[0]
            else (type(self.selection).cursor((start[0], max(0, start[1] + len(new[0]) - len(old[0])))))
        )
