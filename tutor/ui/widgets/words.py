"""Parts of a result as widgets. Those that only a failure has are imported with the first one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual.widgets import Static

from tutor.ui.parts import Offer, Pair, Part, Words

if TYPE_CHECKING:
    from textual.widget import Widget


class WordsView(Static):
    DEFAULT_CSS = """
    WordsView {
        width: 1fr;
        height: auto;
        margin: 0 1 1 0;
        &.-good { color: $success; background: $mark-right; padding: 0 1; }
        &.-head { margin: 0 1 0 0; }
        &.-bad { color: $error; text-style: bold; }
        &.-warn { color: $warning; }
        &.-calm, &.-muted { color: $muted; }
        &.-code { background: $code-surface; padding: 0 1; }
    }
    """

    def __init__(self, words: Words) -> None:
        super().__init__(words.content, markup=False, classes=f"-{words.tone}")


def part_views(parts: Iterable[Part]) -> Iterator[Widget]:
    for part in parts:
        match part:
            case Words():
                yield WordsView(part)
            case Pair():
                from tutor.ui.widgets.parts import PairView  # noqa: PLC0415 - not needed before a failure

                yield PairView(part)
            case Offer():
                from tutor.ui.widgets.parts import OfferView  # noqa: PLC0415 - not needed before a failure

                yield OfferView(part)
