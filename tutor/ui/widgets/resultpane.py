"""The result pane: verdict, output and tensors of the last run, one view at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tutor.ui.markdown import inline_text, spoken
from tutor.ui.parts import Offer, Part, Words
from tutor.ui.widgets.words import part_views
from tutor.words import _

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from tutor.autograd import Observation
    from tutor.session import Foreseen, Result

View: TypeAlias = Literal["result", "output", "tensors"]
VIEWS: Final[tuple[View, ...]] = ("result", "output", "tensors")


class Shown(Struct, frozen=True):
    """What the pane shows. ``trouble``: why the last run could not be judged."""

    result: Result | None = None
    foreseen: Foreseen | None = None
    stale: bool = False
    trouble: str | None = None
    view: View = "result"
    invitation: str = ""
    following: str = ""
    """The title of the next step."""
    why: str = ""
    """Shown below a prediction's result."""


class Pulse(Struct, frozen=True):
    """How the runner is: a word, and a tone for its dot."""

    word: str = ""
    tone: str = "$muted"


class Strip(Widget):
    """The names of the views, and on the right how the run is going."""

    DEFAULT_CSS = """
    Strip { height: 1; width: 1fr; background: $surface; padding: 0 1; }
    """

    shown: reactive[Shown] = reactive(Shown())
    pulse: reactive[Pulse] = reactive(Pulse())

    class Chosen(Message):
        """A view's name was clicked."""

        def __init__(self, view: View) -> None:
            super().__init__()
            self.view = view

    def _labels(self) -> list[tuple[View, str]]:
        observation = observation_of(self.shown)
        lines = sum(chunk.text.count("\n") for chunk in observation.output) if observation else 0
        warnings = len(observation.warnings) if observation else 0
        tensors = len(observation.tensors) if observation else 0
        counts = {"result": "", "output": f" {lines + warnings or ''}", "tensors": f" {tensors or ''}"}
        names = {"result": _("Result"), "output": _("Output"), "tensors": _("Tensors")}
        return [(view, f"{names[view]}{counts[view]}".rstrip()) for view in VIEWS]

    def render(self) -> Content:
        pieces: list[tuple[str, str]] = []
        for view, label in self._labels():
            here = view == self.shown.view
            pieces += [(label, "bold underline $primary" if here else "$muted"), ("   ", "")]
        left = Content.assemble(*pieces)
        right = Content.assemble(("● ", self.pulse.tone), (self.pulse.word, "$muted")) if self.pulse.word else Content()
        gap = max(1, self.content_size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def on_click(self, event: events.Click) -> None:
        at = event.x - self.styles.padding.left
        for view, label in self._labels():
            if at < len(label) + 2:
                self.post_message(self.Chosen(view))
                return
            at -= len(label) + 3


def observation_of(shown: Shown) -> Observation | None:
    if shown.result is not None:
        return shown.result.assessment.observation
    if shown.foreseen is not None:
        return shown.foreseen.verdict.observation
    return None


class ResultPane(Vertical):
    DEFAULT_CSS = """
    ResultPane {
        background: $surface;
        & > VerticalScroll { padding: 0 0 0 1; scrollbar-size-vertical: 1; }
        &.-stale > VerticalScroll { opacity: 60%; }
    }
    """

    def __init__(self, shown: Shown, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._drawn = shown

    def compose(self) -> ComposeResult:
        strip = Strip()
        strip.set_reactive(Strip.shown, self._drawn)
        yield strip
        with VerticalScroll(id="result-body"):
            yield from part_views(parts_of(self._drawn))

    @property
    def offers(self) -> list[str]:
        """The changed programs on offer, in order."""
        return [part.code for part in parts_of(self._drawn) if isinstance(part, Offer)]

    def pulse(self, pulse: Pulse) -> None:
        self.query_one(Strip).pulse = pulse

    async def show(self, shown: Shown) -> None:
        """Draw ``shown``, unless it stands there already."""
        self.set_class(shown.stale, "-stale")
        if replace(shown, stale=False) == replace(self._drawn, stale=False):
            return
        self._drawn = shown
        self.query_one(Strip).shown = shown
        body = self.query_one("#result-body", VerticalScroll)
        with self.app.batch_update():
            await body.remove_children()
            await body.mount_all(part_views(parts_of(shown)))
        body.scroll_home(animate=False)


def parts_of(shown: Shown) -> list[Part]:
    if shown.trouble is not None:
        return [Words(spoken(shown.trouble), "warn")]
    observation = observation_of(shown)
    if observation is None and shown.foreseen is None:
        return [Words(Content(shown.invitation), "muted")]
    from tutor.ui.results import output_parts, prediction_parts, result_parts  # noqa: PLC0415
    from tutor.ui.tensors import tensor_parts  # noqa: PLC0415

    if observation is not None and shown.view == "output":
        return list(output_parts(observation))
    if observation is not None and shown.view == "tensors":
        return list(tensor_parts(observation))
    if shown.result is not None:
        return list(result_parts(shown.result, shown.following))
    if shown.foreseen is None:
        return []
    parts = list(prediction_parts(shown.foreseen.typed, shown.foreseen.verdict))
    read = shown.why and shown.foreseen.verdict.unreadable is None
    return [*parts, Words(inline_text(shown.why))] if read else parts
