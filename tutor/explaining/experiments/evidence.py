"""What a failed check says in numbers: the difference between what was found and what was expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from tutor.autograd import PlainValue, TensorValue, Value
from tutor.judging.elements import elements, is_complete
from tutor.judging.showing import pair_in_short
from tutor.judging.verdict import CheckResult, Verdict

_RELATIVE = 1e-4
_ABSOLUTE = 1e-6
_ENOUGH = 4_096
"""So many elements are evidence enough."""


def close(one: float, two: float) -> bool:
    return one == two or math.isclose(one, two, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)


def numbers_of(value: Value | None) -> tuple[float, ...] | None:
    """The first real numbers of a value in C order; None where it has none or is too large to have come along."""
    if isinstance(value, TensorValue) and is_complete(value):
        found = elements(value, _ENOUGH)
        return None if any(isinstance(number, complex) for number in found) else tuple(float(n) for n in found)  # type: ignore[arg-type]
    if isinstance(value, PlainValue) and isinstance(value.value, int | float):
        return (float(value.value),)
    return None


def shape_of(value: Value | None) -> tuple[int, ...]:
    return value.shape if isinstance(value, TensorValue) else ()


@dataclass(frozen=True)
class Mismatch:
    """A value check that failed."""

    label: str
    got: Value | None
    want: Value | None
    elsewhere: str | None = None
    """The input it failed on, as code, where that is not the step's own."""
    own: Value | None = None
    """What the same check found on the step's own input, when it failed elsewhere."""

    @property
    def owner(self) -> str:
        """Whose gradient it is: ``x`` of ``x.grad``; the label itself of anything else."""
        return self.label.removesuffix(".grad") if self.is_gradient else self.label

    @property
    def is_gradient(self) -> bool:
        return self.label.endswith(".grad")

    @cached_property
    def words(self) -> tuple[str, str]:
        """Found and expected, in short."""
        if self.got is None or self.want is None:
            return ("?", "?")
        return pair_in_short(self.got, self.want)

    @cached_property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """(found, expected) for each element; empty where they cannot be compared element by element."""
        got, want = numbers_of(self.got), numbers_of(self.want)
        if got is None or want is None or shape_of(self.got) != shape_of(self.want):
            return ()
        return tuple(zip(got, want, strict=True))

    @property
    def found_none(self) -> bool:
        return isinstance(self.got, PlainValue) and self.got.python_type == "NoneType"

    @property
    def expected_none(self) -> bool:
        return isinstance(self.want, PlainValue) and self.want.python_type == "NoneType"

    @cached_property
    def ratio(self) -> float | None:
        """What the found value is times the expected one, when it is the same number for every element."""
        ratios = [got / want for got, want in self.pairs if not close(want, 0.0)]
        zeros_agree = all(close(got, 0.0) for got, want in self.pairs if close(want, 0.0))
        if not ratios or not zeros_agree or not all(math.isfinite(ratio) for ratio in ratios):
            return None
        first = ratios[0]
        return first if all(math.isclose(ratio, first, rel_tol=1e-3) for ratio in ratios) and first else None

    @property
    def opposite(self) -> bool:
        return self.ratio is not None and math.isclose(self.ratio, -1.0, rel_tol=1e-4)

    @cached_property
    def all_zero(self) -> bool:
        got = numbers_of(self.got)
        return bool(got) and all(number == 0.0 for number in got or ())

    @cached_property
    def not_finite(self) -> bool:
        got = numbers_of(self.got) or ()
        return any(not math.isfinite(number) for number in got)

    @cached_property
    def differing(self) -> tuple[int, ...]:
        return tuple(index for index, (got, want) in enumerate(self.pairs) if not close(got, want))


def mismatches(verdict: Verdict) -> tuple[Mismatch, ...]:
    """Failed value checks: those on the step's own setup first."""
    failed = [check for check in verdict.checks if check.kind == "value" and not check.passed]
    failed.sort(key=lambda check: check.variant is not None)
    return tuple(_mismatch(check, verdict) for check in failed)


def _mismatch(check: CheckResult, verdict: Verdict) -> Mismatch:
    if check.variant is None:
        return Mismatch(label=check.label, got=check.got, want=check.want)
    own = next((one.got for one in verdict.checks if one.label == check.label and one.variant is None), None)
    setup = "; ".join((check.variant_setup or "").split("\n")).strip("; ")
    return Mismatch(label=check.label, got=check.got, want=check.want, elsewhere=setup, own=own)
