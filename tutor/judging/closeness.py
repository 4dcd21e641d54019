"""Where two runs of numbers differ. Small ones in plain Python; numpy, which takes 100 ms to import, for large ones."""

from __future__ import annotations

import math
from typing import Any, Final

from tutor.autograd import TensorValue
from tutor.judging.elements import Number, element_count, elements
from tutor.judging.tolerance import Tolerance
from tutor.judging.verdict import Difference

_SMALL: Final = 4096
_INDICES: Final = 256


def is_close(got: Number, want: Number, tolerance: Tolerance) -> bool:
    """Whether two numbers are equal within the tolerance. NaN equals NaN; an infinity only itself."""
    if got == want:
        return True
    if _is_nan(got) or _is_nan(want):
        return _is_nan(got) and _is_nan(want)
    if _is_infinite(got) or _is_infinite(want):
        return False
    try:
        return abs(got - want) <= tolerance.atol + tolerance.rtol * abs(want)
    except OverflowError:  # an integer beyond every float
        return False


def difference(got: TensorValue, want: TensorValue, tolerance: Tolerance) -> Difference | None:
    """Return where two complete tensors of one shape differ, or None where they are equal."""
    if element_count(want) <= _SMALL:
        return _small_difference(got, want, tolerance)
    return _large_difference(got, want, tolerance)


def _small_difference(got: TensorValue, want: TensorValue, tolerance: Tolerance) -> Difference | None:
    pairs = list(zip(elements(got), elements(want), strict=True))
    wrong = [at for at, (mine, theirs) in enumerate(pairs) if not is_close(mine, theirs, tolerance)]
    if not wrong:
        return None
    gaps = [(abs(pairs[at][0] - pairs[at][1]), abs(pairs[at][1])) for at in wrong]
    return _described(
        wrong,
        want.shape,
        tolerance,
        [float(gap) for gap, _ in gaps],
        [float(gap / size) for gap, size in gaps if size],
    )


def _large_difference(got: TensorValue, want: TensorValue, tolerance: Tolerance) -> Difference | None:
    import numpy as np  # noqa: PLC0415 - only large tensors are worth its import

    mine, theirs = (_array(value) for value in (got, want))
    with np.errstate(all="ignore"):
        equal = mine == theirs
        wrong = np.flatnonzero(~equal)
        if not wrong.size:
            return None
        wide: Any = np.complex128 if "c" in (mine.dtype.kind, theirs.dtype.kind) else np.float64
        left, right = mine[wrong].astype(wide), theirs[wrong].astype(wide)
        gap, size = np.abs(left - right), np.abs(right)
        fine = np.isfinite(left) & np.isfinite(right) & (gap <= tolerance.atol + tolerance.rtol * size)
        fine |= np.isnan(left) & np.isnan(right)
        wrong, gap, size = wrong[~fine], gap[~fine], size[~fine]
        if not wrong.size:
            return None
        relative = gap[size > 0] / size[size > 0]
    return _described(wrong[:_INDICES].tolist(), want.shape, tolerance, gap.tolist(), relative.tolist())


def _array(value: TensorValue) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(value.data or b"", dtype=np.dtype(value.storage).newbyteorder("<"))


def _described(
    wrong: list[int],
    shape: tuple[int, ...],
    tolerance: Tolerance,
    absolute: list[float],
    relative: list[float],
) -> Difference:
    return Difference(
        differing=len(absolute),
        total=math.prod(shape),
        indices=tuple(_index(at, shape) for at in wrong[:_INDICES]),
        largest_absolute=max((gap for gap in absolute if math.isfinite(gap)), default=None),
        largest_relative=max((gap for gap in relative if math.isfinite(gap)), default=None),
        rtol=tolerance.rtol,
        atol=tolerance.atol,
    )


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        flat, at = divmod(flat, size)
        index.append(at)
    return tuple(reversed(index))


def _is_nan(number: Number) -> bool:
    return number != number  # noqa: PLR0124 - true of NaN alone, complex too


def _is_infinite(number: Number) -> bool:
    if isinstance(number, complex):
        return math.isinf(number.real) or math.isinf(number.imag)
    return isinstance(number, float) and math.isinf(number)
