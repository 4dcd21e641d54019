"""The table of contents: lessons of a pack, the steps of the one that is open, and what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tutor.text import safe_line
from tutor.ui.titles import step_title

if TYPE_CHECKING:
    from tutor.session import Session


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: a lesson, or a step of the lesson that is open."""

    lesson: str
    title: str
    step: int | None = None
    done: bool = False
    here: bool = False


class Contents(OptionList):
    DEFAULT_CSS = """
    Contents {
        border: none;
        background: $surface;
        padding: 0;
        scrollbar-size-vertical: 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:focus { border: none; background-tint: $foreground 0%; }
        & > .option-list--option { padding: 0; }
        & > .option-list--option-highlighted { background: $panel 50%; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
    }
    """

    @dataclass
    class StepPicked(Message):
        index: int

    @dataclass
    class LessonPicked(Message):
        lesson: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, markup=False)
        self._entries: tuple[Entry, ...] = ()
        self._open = ""

    def show(self, entries: tuple[Entry, ...]) -> None:
        if entries == self._entries:
            return
        self._entries = entries
        self._open = next((entry.lesson for entry in entries if entry.step is not None), "")
        highlighted = self.highlighted
        self.clear_options()
        self.add_options([Option(_line(entry)) for entry in entries])
        here = next((index for index, entry in enumerate(entries) if entry.here), None)
        self.highlighted = here if not self.has_focus or highlighted is None else min(highlighted, len(entries) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        entry = self._entries[event.option_index]
        if entry.step is not None:
            self.post_message(self.StepPicked(entry.step))
        elif entry.lesson == self._open:
            self.post_message(self.StepPicked(0))
        else:
            self.post_message(self.LessonPicked(entry.lesson))


def _line(entry: Entry) -> Content:
    sign = ("✓ ", "$success") if entry.done else ("· ", "$muted")
    indent = "" if entry.step is None else "  "
    style = "bold $primary" if entry.here else "bold" if entry.step is None else ""
    return Content.assemble(indent, sign, (entry.title, style))


def entries_of(session: Session, lessons: tuple[tuple[str, str], ...]) -> tuple[Entry, ...]:
    """All lessons in order (id and title), with the steps of the open one below it."""
    lesson = session.lesson
    finished = session.done == len(session.works)
    if all(id_ != lesson.id for id_, _title in lessons):
        lessons = ((lesson.id, lesson.title),)
    found: list[Entry] = []
    for id_, title in lessons:
        if id_ != lesson.id:
            found.append(Entry(id_, safe_line(title, 60)))
            continue
        found.append(Entry(id_, safe_line(title, 60), done=finished))
        found += [
            Entry(id_, step_title(step, index + 1), index, session.works[index].done, index == session.at)
            for index, step in enumerate(lesson.steps)
        ]
    return tuple(found)
