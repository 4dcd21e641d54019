"""Parts of a result that come with a failure, as widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tutor.ui.parts import Offer, Pair

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult


class PairView(Container):
    """Two things side by side; one below the other where they do not fit."""

    DEFAULT_CSS = """
    PairView {
        layout: grid;
        grid-size: 2;
        grid-gutter: 0 2;
        grid-rows: auto;
        height: auto;
        margin: 0 1 1 0;
        &.-stacked { grid-size: 1; }
        & > Static { height: auto; }
    }
    """

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self._pair = pair

    def compose(self) -> ComposeResult:
        pair = self._pair
        for heading, content in ((pair.left_heading, pair.left), (pair.right_heading, pair.right)):
            yield Static(Content("\n").join([Content(heading).stylize("$muted"), content]), markup=False)

    def on_resize(self, event: events.Resize) -> None:
        pair = self._pair
        wide = max(line.cell_length for side in (pair.left, pair.right) for line in side.split("\n", allow_blank=True))
        self.set_class(wide > (event.size.width - 2) // 2, "-stacked")


class OfferView(Vertical, can_focus=True):
    """A change that can be taken over: with the key, with Enter when focused, with a click on its heading."""

    DEFAULT_CSS = """
    OfferView {
        height: auto;
        margin: 0 1 1 0;
        border-left: outer $success;
        padding: 0 1;
        &:focus { border-left: outer $primary; background: $panel 50%; }
        & > Static { height: auto; width: 1fr; }
        & > .offer--diff { background: $code-surface; padding: 0 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", show=False)]

    class Taken(Message):
        """The learner takes the change over."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer

    def compose(self) -> ComposeResult:
        yield Static(self.offer.heading, markup=False)
        yield Static(self.offer.diff, markup=False, classes="offer--diff")

    def action_take(self) -> None:
        self.post_message(self.Taken(self.offer.code))

    def on_click(self) -> None:
        self.action_take()
