"""The solution beside one's own answer."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.ui.commands import command
from tutor.ui.highlight import highlighted_lines
from tutor.ui.screens.overlay import Overlay
from tutor.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class SolutionScreen(Overlay[None]):
    """Two columns, or one below the other in a narrow window. Lines that differ are marked, none of them is wrong."""

    DEFAULT_CSS = """
    SolutionScreen {
        & > .overlay--box { max-width: 140; layout: grid; grid-size: 2; grid-gutter: 1 2; grid-rows: auto auto; }
        & > .-stacked { grid-size: 1; }
        & VerticalScroll { height: auto; max-height: 24; background: $code-surface; padding: 0 1; }
        & VerticalScroll > Static { height: auto; }
        & .solution--word { column-span: 2; height: auto; color: $muted; }
        & > .-stacked .solution--word { column-span: 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(command("solution").keys), "close", show=False, priority=True),
    ]

    def __init__(self, own: str, solution: str) -> None:
        super().__init__()
        self._own = own.rstrip()
        self._solution = solution.rstrip()

    def compose(self) -> ComposeResult:
        own, solution = _beside(self._own, self._solution)
        with Container(classes="overlay--box") as box:
            box.border_title = _("Solution")
            box.border_subtitle = _("Esc closes")
            with VerticalScroll():
                yield Static(Content("\n").join([Content(_("yours")).stylize("$muted"), own]), markup=False)
            with VerticalScroll():
                yield Static(Content("\n").join([Content(_("solution")).stylize("$muted"), solution]), markup=False)
            yield Static(
                Content(_("One way to do it. Yours may be as good: what counts is what it computes.")),
                markup=False,
                classes="solution--word",
            )

    def on_resize(self) -> None:
        self.query_one(".overlay--box").set_class(self.size.width < 70, "-stacked")


def _beside(own: str, solution: str) -> tuple[Content, Content]:
    left, right = highlighted_lines(own), highlighted_lines(solution)
    matcher = SequenceMatcher(None, [line.plain for line in left], [line.plain for line in right], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            left[a:b] = [line.stylize("on $mark-cause") for line in left[a:b]]
            right[c:d] = [line.stylize("on $mark-right") for line in right[c:d]]
    return Content("\n").join(left), Content("\n").join(right)
