"""One table of everything the app can be told: key bindings, key bar, command palette and help all come from it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from textual.binding import Binding, BindingType

from tutor.words import _

Where: TypeAlias = Literal["app", "lesson", "home"]
Group: TypeAlias = Literal["answer", "move", "look", "app"]


class Command(Struct, frozen=True):
    """``keys`` work everywhere, in the editor too; ``letter`` works when no text is being typed."""

    id: str
    keys: tuple[str, ...]
    letter: str
    name: str
    help: str
    where: Where
    group: Group
    bar: int = 0
    """Rank in the key bar, 1 first; 0 keeps it out."""
    short: str = ""
    """The name in the key bar."""

    @property
    def shown_keys(self) -> tuple[str, ...]:
        return tuple(key_name(key) for key in (*self.keys, *((self.letter,) if self.letter else ())))


_NAMES: Final = {
    "question_mark": "?",
    "escape": "Esc",
    "tab": "Tab",
    "enter": "Enter",
    "space": "Space",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def key_name(key: str) -> str:
    """A key as it is printed on one: ``^R`` for ctrl+r, ``F5``, ``Alt+→``."""
    *modifiers, last = key.split("+")
    last = _NAMES.get(last, last.upper() if len(last) > 1 else last)
    if modifiers == ["ctrl"]:
        return f"^{last.upper()}"
    return "+".join([*(each.capitalize() for each in modifiers), last])


@lru_cache(maxsize=1)
def commands() -> tuple[Command, ...]:
    """The table. Built when first asked for, once the language is known."""
    return (*_answering(), *_moving(), *_looking(), *_saving(), *_about_the_app())


def _answering() -> Iterator[Command]:
    yield Command(
        "run", ("f5", "ctrl+r"), "r", _("Run"), _("Run your answer, or submit your prediction."), "lesson", "answer", 1
    )
    yield Command(
        "hint",
        ("f2", "ctrl+t"),
        "h",
        _("Hint"),
        _("Open the next hint. Those already open stay."),
        "lesson",
        "answer",
        2,
    )
    yield Command(
        "solution",
        ("f3", "ctrl+l"),
        "s",
        _("Solution"),
        _("Ask twice, and the solution opens beside your own answer."),
        "lesson",
        "answer",
        5,
    )
    yield Command(
        "fix",
        ("ctrl+f",),
        "f",
        _("Apply the fix"),
        _("Take over the suggested change. Undo brings your text back."),
        "lesson",
        "answer",
    )
    yield Command(
        "editor",
        ("f4", "ctrl+o"),
        "e",
        _("Your own editor"),
        _("Open the answer in $VISUAL or $EDITOR. It comes back when you close it."),
        "lesson",
        "answer",
    )
    yield Command(
        "cancel",
        ("ctrl+c",),
        "",
        _("Stop the run"),
        _("Stop the run under way. With text selected, copy it."),
        "lesson",
        "answer",
    )
    yield Command(
        "reset",
        (),
        "x",
        _("Start over"),
        _("Begin this step afresh. Your text is put aside, not lost."),
        "lesson",
        "answer",
    )
    yield Command(
        "restore",
        (),
        "z",
        _("Earlier draft"),
        _("Bring back the text that a reset or a fix replaced."),
        "lesson",
        "answer",
    )
    yield Command(
        "live",
        (),
        "a",
        _("Run by itself"),
        _("Turn running by itself, shortly after you stop typing, on or off."),
        "lesson",
        "answer",
    )


def _moving() -> Iterator[Command]:
    yield Command(
        "next",
        ("f8", "ctrl+n", "alt+right"),
        "n",
        _("Next step"),
        _("Go on, done or not."),
        "lesson",
        "move",
        3,
        _("Next"),
    )
    yield Command(
        "back", ("f7", "alt+left"), "b", _("Step before"), _("Go back one step."), "lesson", "move", 7, _("Back")
    )
    yield Command(
        "contents",
        ("f9", "ctrl+g"),
        "c",
        _("Contents"),
        _("See the steps of this lesson and all lessons, and jump."),
        "lesson",
        "move",
        6,
    )
    yield Command("home", (), "q", _("Home"), _("Back to all lessons. Everything is saved."), "lesson", "move")
    yield Command(
        "pane",
        ("f6",),
        "tab",
        _("Next pane"),
        _("Move between text, answer and result. Esc leaves the editor."),
        "lesson",
        "move",
        8,
        _("Pane"),
    )


def _saving() -> Iterator[Command]:
    yield Command(
        "saved", ("ctrl+s",), "", _("Save"), _("Nothing to do: every key is saved as you type."), "app", "app"
    )


def _looking() -> Iterator[Command]:
    yield Command(
        "result_view", (), "1", _("Show the result"), _("Checks, differences and explanations."), "lesson", "look"
    )
    yield Command(
        "output_view", (), "2", _("Show the output"), _("What the program printed, and warnings."), "lesson", "look"
    )
    yield Command(
        "tensor_view",
        (),
        "3",
        _("Show the tensors"),
        _("Each tensor the program left: shape, grad_fn, version, value and grad."),
        "lesson",
        "look",
    )
    yield Command(
        "next_view",
        ("f10", "alt+v"),
        "v",
        _("Next view"),
        _("Result, output, tensors, in turn."),
        "lesson",
        "look",
        9,
        _("View"),
    )
    yield Command(
        "read_on",
        ("alt+l",),
        "l",
        _("Show me in the lesson"),
        _("Open the step that teaches what went wrong."),
        "lesson",
        "look",
    )
    yield Command(
        "zoom",
        ("f12",),
        "m",
        _("Larger"),
        _("Give the pane the whole window; again, and it goes back."),
        "lesson",
        "look",
    )


def _about_the_app() -> Iterator[Command]:
    yield Command(
        "open", (), "o", _("Open"), _("Open the lesson under the cursor; Enter does it too."), "home", "move", 1
    )
    yield Command("help", ("f1",), "question_mark", _("Help"), _("Every key, and what it does."), "app", "app", 4)
    yield Command(
        "command_palette", ("ctrl+p",), "slash", _("Search"), _("Search commands, lessons and steps."), "app", "app", 10
    )
    yield Command("theme", (), "t", _("Dark or light"), _("Change between the dark and the light theme."), "app", "app")
    yield Command(
        "status",
        (),
        "w",
        _("About this run"),
        _("The runner, the walls around your programs, and your data."),
        "app",
        "app",
    )
    yield Command(
        "suspend",
        ("ctrl+z",),
        "",
        _("To the shell"),
        _("Suspend the tutor; fg brings it back. In the editor, this key undoes."),
        "app",
        "app",
    )
    yield Command("quit", ("ctrl+q",), "", _("Quit"), _("Safe at any moment: every key is saved."), "app", "app", 11)


def bindings(where: Where) -> list[BindingType]:
    """The bindings of a screen, or of the app. Those with a modifier or a function key go before the editor's own."""
    made: list[BindingType] = []
    for command in commands():
        if command.where != where:
            continue
        for key in command.keys:
            first = key not in {"ctrl+c", "ctrl+z"}
            made.append(Binding(key, command.id, command.name, id=f"{command.id}-{key}", priority=first, show=False))
        if command.letter:
            made.append(Binding(command.letter, command.id, command.name, id=command.id, show=False))
    return made


def command(id_: str) -> Command:
    return next(each for each in commands() if each.id == id_)


def key_of(id_: str) -> str:
    """The first key of a command, as it is printed on one."""
    return command(id_).shown_keys[0]
