"""Values of a run as Content: tensors as aligned matrices, bounded, with the differing elements marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from tutor.autograd import Items, PlainValue, TensorValue, Value
from tutor.judging import elements, is_complete
from tutor.words import _, ngettext

Number = bool | int | float | complex

ROWS: Final = 8
COLUMNS: Final = 8
SLICES: Final = 2
WRONG: Final = "bold underline $error on $mark-wrong"
RIGHT: Final = "bold $success on $mark-right"


@dataclass(frozen=True, slots=True)
class Tolerance:
    rtol: float
    atol: float

    def near(self, got: Number, want: Number) -> bool:
        if got == want or (_is_nan(got) and _is_nan(want)):
            return True
        try:
            return abs(got - want) <= self.atol + self.rtol * abs(want)
        except OverflowError:
            return False


def describe(value: Value) -> str:
    """What kind of value it is, in a few words: ``tensor (4,) float32``, ``None``, ``list of 3``."""
    match value:
        case TensorValue():
            shape = "()" if not value.shape else f"({', '.join(map(str, value.shape))}{',' * (len(value.shape) == 1)})"
            name = "tensor" if value.python_type == "Tensor" else value.python_type
            place = "" if value.device == "cpu" else f" {value.device}"
            return f"{name} {shape} {value.dtype}{place}"
        case Items():
            count = len(value.items) + value.more
            return ngettext("{type} of {n} item", "{type} of {n} items", count).format(type=value.python_type, n=count)
        case PlainValue():
            return value.python_type


def show(value: Value, against: Value | None = None, tolerance: Tolerance | None = None, mark: str = WRONG) -> Content:
    """``value`` drawn over as many lines as it takes, what differs from ``against`` marked."""
    match value:
        case TensorValue():
            return _tensor(value, against, tolerance or Tolerance(0.0, 0.0), mark)
        case PlainValue():
            text = Content(value.text or repr(value.value))
            return text if against is None or _same_plain(value, against, tolerance) else text.stylize(mark)
        case Items():
            return _items(value, against, tolerance, mark)


def _same_plain(value: PlainValue, against: Value, tolerance: Tolerance | None) -> bool:
    if not isinstance(against, PlainValue):
        return False
    if isinstance(value.value, int | float) and isinstance(against.value, int | float):
        return (tolerance or Tolerance(0.0, 0.0)).near(value.value, against.value)
    return (value.value, value.text) == (against.value, against.text)


def _items(value: Items, against: Value | None, tolerance: Tolerance | None, mark: str) -> Content:
    others = against.items if isinstance(against, Items) else ()
    lines: list[Content] = []
    for index, item in enumerate(value.items[:ROWS]):
        label = value.keys[index] if value.keys is not None and index < len(value.keys) else str(index)
        shown = show(item, others[index] if index < len(others) else None, tolerance, mark)
        first, *rest = shown.split("\n")
        lines.append(Content.assemble((f"{label}: ", "$muted"), first))
        lines.extend(Content.assemble(" " * (len(label) + 2), line) for line in rest)
    left_out = value.more + max(0, len(value.items) - ROWS)
    if left_out:
        lines.append(Content(ngettext("… {n} more", "… {n} more", left_out).format(n=left_out)).stylize("$muted"))
    return Content("\n").join(lines) if lines else Content(value.python_type + " ()")


def _tensor(value: TensorValue, against: Value | None, tolerance: Tolerance, mark: str) -> Content:
    if not is_complete(value):
        return _summary(value)
    if 0 in value.shape:
        return Content("[]")
    same_shape = isinstance(against, TensorValue) and against.shape == value.shape and is_complete(against)
    others = elements(against) if same_shape and isinstance(against, TensorValue) else None
    compared = _Compared(elements(value), others, tolerance)
    leading, last = value.shape[:-2], value.shape[-2:]
    if not leading:
        return _matrix(last, 0, compared, mark)
    size = math.prod(last)
    count = math.prod(leading)
    differing = [at for at in range(count) if any(compared.wrong(at * size + each) for each in range(size))]
    drawn = []
    for at in (differing or range(count))[:SLICES]:
        drawn.append(Content(_slice_name(at, leading)).stylize("$muted"))
        drawn.append(_matrix(last, at * size, compared, mark))
    if count > SLICES:
        drawn.append(Content(_("… {count} such matrices in all").format(count=count)).stylize("$muted"))
    return Content("\n").join(drawn)


def _slice_name(at: int, leading: tuple[int, ...]) -> str:
    indices: list[str] = []
    for size in reversed(leading):
        at, index = divmod(at, size)
        indices.append(str(index))
    return f"[{', '.join(reversed(indices))}, :, :]"


def _summary(value: TensorValue) -> Content:
    if value.summary is None:
        return Content(value.note or describe(value))
    summary = value.summary
    firsts = ", ".join(_number(each, 4) if isinstance(each, float) else str(each) for each in summary.first[:COLUMNS])
    parts = [f"[{firsts}, …]"]
    if summary.minimum is not None and summary.maximum is not None and summary.mean is not None:
        spread = _("from {low} to {high}, mean {mean}")
        parts.append(
            spread.format(
                low=_number(summary.minimum, 4), high=_number(summary.maximum, 4), mean=_number(summary.mean, 4)
            )
        )
    if summary.nan:
        parts.append(_("{count} NaN").format(count=summary.nan))
    if summary.infinite:
        parts.append(_("{count} infinite").format(count=summary.infinite))
    return Content("\n".join(parts))


def _picked(size: int, limit: int, wanted: set[int]) -> list[int | None]:
    """Which of ``size`` indices are shown, None for a gap: the first, those ``wanted``, and the last."""
    if size <= limit:
        return list(range(size))
    chosen = {0, size - 1, *sorted(wanted)[: limit - 3]}
    chosen.update(index for index in range(limit) if len(chosen) < limit - 1)
    picked: list[int | None] = []
    for index in sorted(chosen):
        if picked and index - 1 != picked[-1]:
            picked.append(None)
        picked.append(index)
    return picked


@dataclass(frozen=True, slots=True)
class _Compared:
    """A tensor's elements beside those it should have had, in C order."""

    numbers: tuple[Number, ...]
    others: tuple[Number, ...] | None
    tolerance: Tolerance

    def wrong(self, at: int) -> bool:
        return self.others is not None and not self.tolerance.near(self.numbers[at], self.others[at])

    def digits(self, spots: list[int]) -> int:
        """Enough digits that two elements which differ do not look alike."""
        for digits in (4, 6, 9):
            if not any(
                self.others is not None
                and self.wrong(at)
                and _number(self.numbers[at], digits) == _number(self.others[at], digits)
                for at in spots
            ):
                return digits
        return 17


def _matrix(shape: tuple[int, ...], start: int, compared: _Compared, mark: str) -> Content:
    """The matrix that begins at element ``start``; ``shape`` is its last two sizes at most."""
    height = shape[0] if len(shape) == 2 else 1
    width = shape[-1] if shape else 1
    wrong = [divmod(at, width) for at in range(height * width) if compared.wrong(start + at)]
    rows = _picked(height, ROWS, {row for row, _column in wrong})
    columns = _picked(width, COLUMNS, {column for _row, column in wrong})
    spots = [[None if r is None or c is None else start + r * width + c for c in columns] for r in rows]
    digits = compared.digits([spot for row in spots for spot in row if spot is not None])
    cells = [
        [
            ("…", "$muted")
            if spot is None
            else (_number(compared.numbers[spot], digits), mark if compared.wrong(spot) else "")
            for spot in row
        ]
        for row in spots
    ]
    return _aligned(cells, boxed=bool(shape), tall=len(shape) == 2)


def _aligned(cells: list[list[tuple[str, str]]], *, boxed: bool, tall: bool) -> Content:
    if not boxed:
        return Content.styled(*cells[0][0])
    widths = [max(len(row[column][0]) for row in cells) for column in range(len(cells[0]))] if cells else []
    lines = []
    for number, row in enumerate(cells):
        opening = ("[[" if number == 0 else " [") if tall else "["
        closing = ("]]" if number == len(cells) - 1 else "]") if tall else "]"
        pieces: list[tuple[str, str]] = [(opening, "$muted")]
        for column, (text, style) in enumerate(row):
            pieces.append((" " * (widths[column] - len(text)), ""))
            pieces.append((text, style))
            pieces.append((", " if column + 1 < len(row) else "", "$muted"))
        lines.append(Content.assemble(*pieces, (closing, "$muted")))
    return Content("\n").join(lines) if lines else Content("[]")


def _number(value: Number | str, digits: int) -> str:
    match value:
        case bool() | str():
            return str(value)
        case int():
            return str(value)
        case complex():
            return f"{_number(value.real, digits)}{value.imag:+.{digits}g}j"
        case float():
            if not math.isfinite(value):
                return str(value)
            text = f"{value:.{digits}g}"
            return text if any(mark in text for mark in ".en") else f"{text}.0"


def _is_nan(value: Number) -> bool:
    return value != value  # noqa: PLR0124 - true of NaN alone, complex ones too
