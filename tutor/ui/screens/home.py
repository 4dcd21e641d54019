"""Home: packs and lessons with progress, and the way back to where one left off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.text import safe_line
from tutor.ui.commands import bindings
from tutor.ui.widgets.keybar import KeyBar
from tutor.words import _, ngettext

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


METER = 10
"""Cells of a progress bar."""


@dataclass(frozen=True, slots=True)
class LessonLine:
    """A lesson in the list. ``steps`` is None while it is not known."""

    pack: str
    lesson: str
    title: str
    summary: str
    done: int = 0
    steps: int | None = None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class PackLines:
    id: str
    title: str
    lessons: tuple[LessonLine, ...]


@dataclass(frozen=True, slots=True)
class HomeView:
    """What home shows. ``resume`` is where the learner left off."""

    packs: tuple[PackLines, ...] = ()
    resume: LessonLine | None = None
    resume_step: str = ""
    problems: tuple[str, ...] = ()


class HomeScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("home")]
    DEFAULT_CSS = """
    HomeScreen {
        background: $background;
        align-horizontal: center;
        & #home { width: 100%; max-width: 100; height: 1fr; padding: 1 2 0 2; }
        & #name { height: auto; width: 1fr; margin: 0 0 1 0; }
        & #lessons { height: 1fr; border: none; scrollbar-size-vertical: 1; background: $background; padding: 0; }
        & #lessons:focus { border: none; background-tint: $foreground 0%; }
        & #lessons { text-wrap: nowrap; text-overflow: ellipsis; }
        & #lessons > .option-list--option { padding: 0 1; }
        & #lessons > .option-list--option-disabled { color: $foreground; text-style: bold; }
        & #lessons > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
        & #problems { height: auto; max-height: 6; color: $warning; }
    }
    """

    view: var[HomeView] = var(HomeView(), init=False)
    trouble: var[str] = var("", init=False)

    @dataclass
    class Picked(Message):
        """A lesson is to be opened, at ``step`` or where it was left."""

        pack: str
        lesson: str
        step: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self._targets: list[HomeScreen.Picked] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="home"):
            yield Static(_name(), id="name", markup=False)
            yield OptionList(id="lessons", markup=False)
            yield Static(id="problems", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(KeyBar).shown = ("open", "command_palette", "theme", "help", "status", "quit")
        self._draw()
        self.query_one(OptionList).focus()

    def watch_view(self) -> None:
        if self.is_mounted:
            self._draw()

    def watch_trouble(self) -> None:
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        options: list[Option] = []
        self._targets = []
        view = self.view
        if view.resume is not None:
            options.append(Option(_resume(view.resume, view.resume_step), id="resume"))
            self._targets.append(self.Picked(view.resume.pack, view.resume.lesson))
        for pack in view.packs:
            options.append(Option(_pack(pack), disabled=True))
            self._targets.append(self.Picked(pack.id, ""))
            width = min(44, max((cell_len(lesson.title) for lesson in pack.lessons), default=0))
            for lesson in pack.lessons:
                options.append(Option(_lesson(lesson, width)))
                self._targets.append(self.Picked(lesson.pack, lesson.lesson))
        lessons = self.query_one(OptionList)
        at = lessons.highlighted
        lessons.clear_options()
        lessons.add_options(options)
        first = next((index for index, option in enumerate(options) if not option.disabled), None)
        lessons.highlighted = at if at is not None and at < len(options) else first
        lines = [self.trouble] if self.trouble else []
        lines += view.problems[:4]
        self.query_one("#problems", Static).update(Content("\n".join(lines)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        target = self._targets[event.option_index]
        if target.lesson:
            self.post_message(self.Picked(target.pack, target.lesson, target.step))

    def action_open(self) -> None:
        self.query_one(OptionList).action_select()


def _name() -> Content:
    return Content.assemble(
        ("∂ ", "bold $primary"),
        (_("Autograd Tutor"), "bold"),
        ("   " + _("Predict, write, run, and see why."), "$muted"),
    )


def _resume(lesson: LessonLine, step: str) -> Content:
    where = Content.assemble("  ", safe_line(lesson.title, 60), (f"  ·  {step}" if step else "", "$muted"))
    return Content("\n").join(
        [Content.assemble(("▸ ", "bold $primary"), (_("Continue where you left off"), "bold $primary")), where]
    )


def _pack(pack: PackLines) -> Content:
    count = len(pack.lessons)
    lessons = ngettext("{count} lesson", "{count} lessons", count).format(count=count)
    title = Content.assemble((safe_line(pack.title, 80), "bold $secondary"), (f"  {lessons}", "$muted"))
    return Content("\n").join([Content(), title])


def _lesson(line: LessonLine, width: int) -> Content:
    title = Content(safe_line(line.title, 60)).stylize("bold")
    if line.broken:
        head = Content.assemble(("! ", "$warning"), title, (_("  cannot be opened"), "$warning"))
        return Content("\n").join([head, Content(f"  {safe_line(line.broken, 200)}").stylize("$muted")])
    finished = line.steps is not None and line.done >= line.steps
    sign, style = ("✓", "$success") if finished else ("◐", "$primary") if line.done else ("○", "$muted")
    gap = " " * max(2, width - title.cell_length + 2)
    head = Content.assemble((f"{sign} ", style), title, gap, _meter(line))
    summary = safe_line(line.summary, 200)
    return Content("\n").join([head, Content(f"  {summary}").stylize("$muted")]) if summary else head


def _meter(line: LessonLine) -> Content:
    if line.steps is None:
        return Content(_("{done} done").format(done=line.done) if line.done else "").stylize("$muted")
    full = round(METER * min(line.done, line.steps) / line.steps) if line.steps else 0
    return Content.assemble(
        ("━" * full, "$success"), ("━" * (METER - full), "$rule"), (f" {line.done}/{line.steps}", "$muted")
    )
