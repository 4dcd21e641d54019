"""Reading a value that a learner typed: ``[0, 4]``, ``0 4``, ``tensor([[1.]])``, ``1/3``, ``None``, ``error``.

Nothing typed is ever evaluated. What cannot be read is answered with how to write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from tutor.judging.elements import Number
from tutor.words import _

_LONGEST: Final = 10_000
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """A number. ``slack``: how far the true value may be away, where it was rounded to the decimals typed."""

    value: Number
    slack: float = 0.0


@dataclass(frozen=True, slots=True)
class TypedList:
    """Numbers or lists in brackets; ``bare``: in a row without brackets, so that no shape was claimed."""

    items: tuple[TypedNumber | TypedList, ...]
    bare: bool = False


@dataclass(frozen=True, slots=True)
class TypedWord:
    """The name of something: a dtype, a function; or text in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class TypedNone:
    """``None``."""


@dataclass(frozen=True, slots=True)
class TypedError:
    """``error``; ``kind`` is the exception's name, where one was typed."""

    kind: str = ""


Typed: TypeAlias = TypedNumber | TypedList | TypedWord | TypedNone | TypedError


class CannotRead(ValueError):  # noqa: N818 - it says what happened
    """What was typed is not a value; the message says how to write one."""


_NUMBER: Final = re.compile(
    r"(?P<sign>[-+]?)\s*(?:(?P<inf>inf(?:inity)?|∞)|(?P<nan>nan)|(?P<true>true)|(?P<false>false)"
    r"|(?P<digits>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?)(?P<imaginary>j?))",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
_ERROR_WORD: Final = re.compile(r"(?:an?\s+)?(?:error|exception|raises|fails|it\s+fails)[.!]?", re.IGNORECASE)
_ERROR_NAME: Final = re.compile(r"(?:raises\s+)?(?:[\w.]*\.)?(\w+(?:Error|Exception))(?:\b.*)?", re.DOTALL)
_OPENING: Final = re.compile(r"(?:torch\.)?(?:tensor|Size|Tensor)\s*\(")
_PARAMETER: Final = re.compile(r"Parameter containing:\s*", re.IGNORECASE)
_OPTION: Final = re.compile(
    r",\s*(?:dtype|requires_grad|device|grad_fn|size)\s*=\s*(?:<[^>]*>|\([^)]*\)|[\w.'\":]+)(?=\s*[,)])"
)


def read(text: str) -> Typed:
    """Return what was typed.

    Raises:
        CannotRead: with a sentence for the learner.
    """
    text = _unwrapped(text)
    if not text:
        raise CannotRead(_("Type a value first: a tensor such as `[0, 4, 8]`, a number, `None`, or `error`."))
    if len(text) > _LONGEST:
        raise CannotRead(_("That is too long to read as a value."))
    if text.lower() in {"none", "nothing", "null"}:
        return TypedNone()
    error = _ERROR_NAME.fullmatch(text)
    if error is not None:
        return TypedError(error[1])
    if _ERROR_WORD.fullmatch(text):
        return TypedError()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return TypedWord(text[1:-1])
    if _NAME.fullmatch(text) and _NUMBER.fullmatch(text) is None:
        return TypedWord(text)
    return _Reader(text).whole()


def shape_and_numbers(typed: TypedNumber | TypedList) -> tuple[tuple[int, ...], tuple[TypedNumber, ...]]:
    """Return a typed tensor's shape and its elements in C order.

    Raises:
        CannotRead: its rows have different lengths.
    """
    if isinstance(typed, TypedNumber):
        return (), (typed,)
    rows = [shape_and_numbers(item) for item in typed.items]
    shapes = list(dict.fromkeys(shape for shape, _numbers in rows))
    if len(shapes) > 1:
        text = _("The rows do not match: one has shape {one}, another {other}.")
        raise CannotRead(text.format(one=shapes[0], other=shapes[1]))
    inner = shapes[0] if shapes else ()
    return (len(rows), *inner), tuple(number for _shape, numbers in rows for number in numbers)


def _unwrapped(text: str) -> str:
    """Without what torch prints around the numbers: `tensor(`, `dtype=...`, `grad_fn=<...>`."""
    text = text.strip().strip("`").strip().replace("−", "-").replace("–", "-")
    if text.startswith("<"):
        return text.strip("<>").partition(" ")[0]
    return _OPENING.sub("(", _OPTION.sub("", _PARAMETER.sub("", text)))


class _Reader:
    """Reads numbers and brackets from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Typed:
        items, commas = self._items(closing="", depth=0)
        if len(items) == 1 and not commas:
            return items[0]
        return TypedList(tuple(items), bare=True)

    def _items(self, closing: str, depth: int) -> tuple[list[TypedNumber | TypedList], int]:
        items: list[TypedNumber | TypedList] = []
        commas = 0
        while True:
            self._skip_space()
            if self._at == len(self._text):
                if closing:
                    raise CannotRead(_("A closing `{bracket}` is missing at the end.").format(bracket=closing))
                return items, commas
            character = self._text[self._at]
            if character == closing:
                self._at += 1
                return items, commas
            if character == ",":
                commas += 1
                if commas > len(items):
                    raise self._unreadable()
                self._at += 1
                continue
            items.append(self._item(depth))

    def _item(self, depth: int) -> TypedNumber | TypedList:
        closing = {"[": "]", "(": ")"}.get(self._text[self._at])
        if closing is None:
            return self._number()
        if depth == _DEEPEST:
            raise CannotRead(_("That is nested too deeply."))
        self._at += 1
        items, commas = self._items(closing, depth + 1)
        return items[0] if closing == ")" and len(items) == 1 and not commas else TypedList(tuple(items))

    def _number(self) -> TypedNumber:
        first = self._one_number()
        follower = self._text[self._at : self._at + 1]
        if follower == "/":
            self._at += 1
            below = self._one_number().value
            if not below or isinstance(first.value, complex) or isinstance(below, complex):
                raise CannotRead(_("That fraction has no value."))
            first = TypedNumber(first.value / below)
        elif follower in {"+", "-"} and follower:
            second = self._one_number()
            if not isinstance(second.value, complex):
                raise self._calculation()
            first = TypedNumber(first.value + second.value, max(first.slack, second.slack))
        follower = self._text[self._at : self._at + 1]
        if follower and follower in "*/+^%=":
            raise self._calculation()
        if follower and not follower.isspace() and follower not in ",])([":
            raise self._unreadable()
        return first

    def _one_number(self) -> TypedNumber:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._unreadable()
        self._at = found.end()
        number = _value_of(found)
        decimals = len((found["digits"] or "").partition(".")[2].replace("_", ""))
        rounded = decimals >= 2 and "e" not in found["digits"].lower()
        return TypedNumber(number, 0.5 * 10**-decimals if rounded else 0.0)

    def _skip_space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _unreadable(self) -> CannotRead:
        if re.search(r"\d\s*\*|\*\s*\d", self._text):
            return self._calculation()
        rest = self._text[self._at : self._at + 12]
        text = _("I cannot read `{rest}` as a number. Write a tensor as `[0, 4, 8]`, or `None`, or `error`.")
        return CannotRead(text.format(rest=rest))

    def _calculation(self) -> CannotRead:
        return CannotRead(_("Type the number that it comes to, not the calculation. Fractions such as `1/3` are fine."))


def _value_of(found: re.Match[str]) -> Number:
    sign = -1 if found["sign"] == "-" else 1
    if found["inf"]:
        return sign * float("inf")
    if found["nan"]:
        return float("nan")
    if found["true"] or found["false"]:
        return bool(found["true"])
    digits = found["digits"].replace("_", "")
    if found["imaginary"]:
        return complex(0, sign * float(digits))
    return sign * (int(digits) if digits.isdigit() and len(digits) < 20 else float(digits))
