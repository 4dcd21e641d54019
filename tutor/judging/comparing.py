"""Is a value what it should be, and if not, in what does it differ?

Nothing here runs anything, and nothing here sees an object of the learner's: both sides are plain data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from tutor.autograd import Items, PlainValue, TensorValue, Value
from tutor.judging.closeness import difference, is_close
from tutor.judging.elements import is_complete
from tutor.judging.literals import as_tensor, number_of
from tutor.judging.showing import in_short, pair_in_short, shape_text, what_it_is
from tutor.judging.tolerance import Asked, Tolerance, dtype_of_number
from tutor.judging.verdict import Cause, Difference
from tutor.words import _, ngettext

_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value should be.

    ``dtype`` is the dtype that a tensor must have: by default the expected tensor's own. A literal has none
    (``literal``), and of an expression it is the solution's, where that differs from what the expression gives.
    """

    value: Value
    literal: bool = False
    dtype: str | None = None
    tolerance: Asked = field(default_factory=Asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a comparison found. ``text`` is a sentence, without the author's words."""

    cause: Cause
    text: str
    want: Value
    difference: Difference | None = None

    @property
    def equal(self) -> bool:
        return self.cause == "equal"


def compare(name: str, got: Value, wanted: Wanted) -> Finding:
    """Compare what ``name`` is in the learner's run with what it should be.

    Never raises, whatever the values. ``requires_grad``, device and subclass (``nn.Parameter``) are not part of
    equality; NaN equals NaN; tensors must agree in shape and, unless a literal is expected, dtype.
    """
    want = wanted.value
    if isinstance(got, TensorValue) and wanted.literal:
        as_wanted = as_tensor(want, got)
        if as_wanted is not None:
            return _tensors(name, got, as_wanted, _literal_dtype(got, as_wanted), wanted.tolerance)
    if isinstance(got, TensorValue) and isinstance(want, TensorValue):
        return _tensors(name, got, want, wanted.dtype or want.dtype, wanted.tolerance)
    if isinstance(got, Items) and isinstance(want, Items):
        return _sequences(name, got, want, wanted)
    if isinstance(got, PlainValue) and isinstance(want, PlainValue):
        return _plain(name, got, wanted)
    return _other_sort(name, got, want)


def _literal_dtype(got: TensorValue, want: TensorValue) -> str | None:
    return "bool" if want.dtype == "bool" and got.dtype != "bool" else None


def _tensors(name: str, got: TensorValue, want: TensorValue, dtype: str | None, asked: Asked) -> Finding:
    if got.shape != want.shape:
        text = _("`{name}` has shape {got}, expected {want}.")
        text = text.format(name=name, got=shape_text(got.shape), want=shape_text(want.shape))
        return Finding(cause="shape", text=text, want=want)
    if dtype is not None and got.dtype != dtype:
        text = _("`{name}` has dtype {got}, expected {want}.").format(name=name, got=got.dtype, want=dtype)
        return Finding(cause="dtype", text=text, want=want)
    if not (is_complete(got) and is_complete(want)):
        reason = got.note or want.note or _("too large to compare")
        text = _("The elements of `{name}` cannot be compared: {reason}.").format(name=name, reason=reason)
        return Finding(cause="values", text=text, want=want)
    tolerance = asked.of(got.dtype, want.dtype)
    found = difference(got, want, tolerance)
    if found is None:
        return _equal(name, got, want)
    return Finding(cause="values", text=_differing(name, got, want, found, tolerance), want=want, difference=found)


def _differing(name: str, got: TensorValue, want: TensorValue, found: Difference, tolerance: Tolerance) -> str:
    mine, theirs = pair_in_short(got, want)
    text = _("`{name}` is {got}, expected {want}").format(name=name, got=mine, want=theirs)
    if found.total == 1:
        return f"{text} ({_tolerated(tolerance)})."
    words = ngettext("{count} of {total} elements differs", "{count} of {total} elements differ", found.differing)
    count = words.format(count=f"{found.differing:,}", total=f"{found.total:,}")
    first = _("the first at {index}").format(index=list(found.indices[0]))
    return f"{text}: {count}, {first} ({_tolerated(tolerance)})."


def _tolerated(tolerance: Tolerance) -> str:
    if tolerance.exact:
        return _("compared exactly")
    return _("tolerance: {atol:g} plus {rtol:g} of the expected value").format(atol=tolerance.atol, rtol=tolerance.rtol)


def _sequences(name: str, got: Items, want: Items, wanted: Wanted) -> Finding:
    if (got.keys is None) != (want.keys is None):
        return _other_sort(name, got, want)
    if got.more or want.more:
        text = _("`{name}` has too many items to compare them all.").format(name=name)
        return Finding(cause="values", text=text, want=want)
    if want.keys is not None and set(got.keys or ()) != set(want.keys):
        text = _("`{name}` has the keys {got}, expected {want}.")
        text = text.format(name=name, got=", ".join(got.keys or ()) or "∅", want=", ".join(want.keys) or "∅")
        return Finding(cause="values", text=text, want=want)
    if len(got.items) != len(want.items):
        text = _("`{name}` has {got} items, expected {want}.")
        return Finding(cause="shape", text=text.format(name=name, got=len(got.items), want=len(want.items)), want=want)
    mine = dict(zip(got.keys or range(len(got.items)), got.items, strict=False))
    theirs = dict(zip(want.keys or range(len(want.items)), want.items, strict=False))
    for key, expected in theirs.items():
        label = f"{name}[{key}]"
        found = compare(label, mine[key], replace(wanted, value=expected, dtype=None))
        if not found.equal:
            return replace(found, want=want, difference=None)
    return _equal(name, got, want)


def _plain(name: str, got: PlainValue, wanted: Wanted) -> Finding:
    want = wanted.value
    mine, theirs = number_of(got), number_of(want)
    if mine is None or theirs is None:
        return _equal(name, got, want) if _same_object(got, want) else _other_object(name, got, want)
    if isinstance(mine, bool) != isinstance(theirs, bool) and not (wanted.literal and isinstance(mine, bool)):
        return _other_sort(name, got, want)
    reals = [number for number in (mine, theirs) if not isinstance(number, int)]
    tolerance = wanted.tolerance.of(*{dtype_of_number(number) for number in (reals[:1] if reals else [mine])})
    if is_close(mine, theirs, tolerance):
        return _equal(name, got, want)
    left, right = pair_in_short(got, want)
    text = _("`{name}` is {got}, expected {want}").format(name=name, got=left, want=right)
    exact = isinstance(theirs, bool) or tolerance.exact
    return Finding(cause="values", text=f"{text}." if exact else f"{text} ({_tolerated(tolerance)}).", want=want)


def _same_object(got: PlainValue, want: Value) -> bool:
    """Objects are the same when they have the same class and describe themselves alike, wherever they are in memory."""
    return (
        isinstance(want, PlainValue)
        and got.python_type == want.python_type
        and got.value == want.value
        and _ADDRESS.sub("", got.text) == _ADDRESS.sub("", want.text)
    )


def _other_object(name: str, got: PlainValue, want: Value) -> Finding:
    if isinstance(want, PlainValue) and got.python_type == want.python_type:
        text = _("`{name}` is {got}, expected {want}.")
        return Finding(cause="values", text=text.format(name=name, got=in_short(got), want=in_short(want)), want=want)
    return _other_sort(name, got, want)


def _other_sort(name: str, got: Value, want: Value) -> Finding:
    text = _("`{name}` is {got}, expected {want}.")
    return Finding(cause="type", text=text.format(name=name, got=what_it_is(got), want=what_it_is(want)), want=want)


def _equal(name: str, got: Value, want: Value) -> Finding:
    text = _("`{name}` is {got}, as expected.").format(name=name, got=in_short(got))
    return Finding(cause="equal", text=text, want=want)
