"""Code frames, diffs and values side by side, as lines of a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

import click

from tutor.autograd import TensorValue
from tutor.judging import CheckResult, elements, is_complete
from tutor.judging.elements import element_count
from tutor.judging.showing import number_text
from tutor.text import safe
from tutor.words import _

_AROUND: Final = 1
_MOST_COLUMNS: Final = 10
_MOST_ROWS: Final = 8


def code_frame(source: str, line: int | None, cause: int | None) -> Iterator[str]:
    """The failing line and the line that caused it, with a line around each; ``⋮`` where lines are left out."""
    lines = safe(source).split("\n")
    marked = [number for number in (line, cause) if number is not None and 1 <= number <= len(lines)]
    shown = sorted(
        {near for number in marked for near in range(number - _AROUND, number + _AROUND + 1) if 1 <= near <= len(lines)}
    )
    while shown and not lines[shown[-1] - 1].strip():
        shown.pop()
    width = len(str(shown[-1])) if shown else 0
    for before, number in zip([None, *shown], shown, strict=False):
        if before is not None and number - before > 1:
            yield click.style(f"  {'⋮':>{width}}", dim=True)
        yield _frame_line(number, lines[number - 1], width, line, cause)


def _frame_line(number: int, text: str, width: int, line: int | None, cause: int | None) -> str:
    if number == line:
        note = f"   ← {_('here')}" if cause not in {None, line} else ""
        return click.style(f"> {number:>{width}} │ {text}", fg="red", bold=True) + click.style(note, dim=True)
    if number == cause:
        return click.style(f"• {number:>{width}} │ {text}", fg="yellow") + click.style(
            f"   ← {_('because of this')}", dim=True
        )
    return click.style(f"  {number:>{width}} │ ", dim=True) + text


def diff(before: str, after: str) -> Iterator[str]:
    """The lines of a change, each with the line before and after it."""
    old, new = (safe(text).rstrip("\n").split("\n") for text in (before, after))
    same_length = len(old) == len(new)
    changes = _line_by_line(old, new) if same_length else list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    for text in changes:
        if text.startswith("@@"):
            continue
        colour = {"+": "green", "-": "red"}.get(text[:1])
        yield click.style(f"{text[:1]} {text[1:]}", fg=colour, dim=colour is None)


def _line_by_line(old: list[str], new: list[str]) -> Iterator[str]:
    """A change that neither adds nor removes lines: each changed line under what it was, with a line around it."""
    changed = {at for at, (before, after) in enumerate(zip(old, new, strict=True)) if before != after}
    for at, (before, after) in enumerate(zip(old, new, strict=True)):
        if at in changed:
            yield from (f"-{before}", f"+{after}")
        elif changed.intersection({at - 1, at + 1}):
            yield f" {before}"


def side_by_side(result: CheckResult) -> Iterator[str]:
    """Two tensors of one shape, one under the other, row by row, with what differs marked; nothing for large ones."""
    got, want, found = result.got, result.want, result.difference
    if not (isinstance(got, TensorValue) and isinstance(want, TensorValue)) or found is None:
        return
    columns = want.shape[-1] if want.shape else 1
    if not (is_complete(got) and is_complete(want)) or columns > _MOST_COLUMNS or element_count(want) < 2:
        return
    mine, theirs = ([number_text(number) for number in elements(value)] for value in (got, want))
    differing = {_flat(index, want.shape) for index in found.indices}
    rows = [range(start, start + columns) for start in range(0, len(theirs), columns)]
    for row in [row for row in rows if differing.intersection(row)][:_MOST_ROWS]:
        yield from _row(row, mine, theirs, differing)


def _row(row: range, mine: Sequence[str], theirs: Sequence[str], differing: set[int]) -> Iterator[str]:
    widths = {at: max(len(mine[at]), len(theirs[at])) for at in row}
    names = [_("yours"), _("expected")]
    left = max(map(len, names))
    for name, texts, colour in zip(names, (mine, theirs), ("red", "green"), strict=True):
        cells = [f"{texts[at]:>{widths[at]}}" for at in row]
        shown = [click.style(cell, fg=colour) if at in differing else cell for at, cell in zip(row, cells, strict=True)]
        yield f"{name:<{left}}  {'  '.join(shown)}"
    carets = "  ".join(("^" * len(mine[at]) if at in differing else "").rjust(widths[at]) for at in row)
    yield click.style(f"{'':<{left}}  {carets}".rstrip(), fg="red")


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    flat = 0
    for at, size in zip(index, shape, strict=True):
        flat = flat * size + at
    return flat
