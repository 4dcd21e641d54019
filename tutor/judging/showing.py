"""Values in a few words, for the middle of a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable

from tutor.autograd import Items, PlainValue, TensorValue, Value
from tutor.judging.elements import Nested, Number, element_count, elements, is_complete, nested
from tutor.text import safe_line
from tutor.words import _, ngettext

_WHOLE = 12
"""Tensors of up to so many elements are written out."""


def shape_text(shape: tuple[int, ...]) -> str:
    """``(4,)``, ``(4, 1)``, ``()``: as Python writes a tuple."""
    return str(tuple(shape))


def in_short(value: Value, digits: int = 6) -> str:
    """Return a value for the middle of a sentence: ``28.0``, ``[0., 4., 8.]``, ``None``, ``a tensor of shape (100, 3)``."""
    if isinstance(value, TensorValue):
        return _tensor(value, digits)
    if isinstance(value, Items):
        return _items(value, digits)
    return _plain(value, digits)


def what_it_is(value: Value) -> str:
    """Return what sort of thing a value is: ``a tensor of shape (4,)``, ``a tuple of 2``, ``the number 3``."""
    if isinstance(value, TensorValue):
        return _("a tensor of shape {shape}").format(shape=shape_text(value.shape))
    if isinstance(value, Items):
        count = len(value.items) + value.more
        words = ngettext("a {kind} of {count} item", "a {kind} of {count} items", count)
        return words.format(kind=value.python_type, count=count)
    if value.python_type == "NoneType":
        return "None"
    if value.python_type in {"int", "float", "complex"}:
        return _("the number {number}").format(number=_plain(value, 6))
    return _("{value} ({kind})").format(value=_plain(value, 6), kind=value.python_type)


def pair_in_short(got: Value, want: Value) -> tuple[str, str]:
    """Return two different values in short, with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 17):
        texts = in_short(got, digits), in_short(want, digits)
        if texts[0] != texts[1]:
            break
    return texts


def number_text(number: Number, digits: int = 6) -> str:
    """Return a number as torch prints it: ``4.``, ``0.333333``, ``True``, ``-inf``, ``1.+2.j``."""
    if isinstance(number, complex):
        sign = "-" if math.copysign(1, number.imag) < 0 else "+"
        return f"{number_text(number.real, digits)}{sign}{number_text(abs(number.imag), digits)}j"
    if isinstance(number, float):
        text = f"{number:.{digits}g}"
        return text if any(mark in text for mark in ".enif") else f"{text}."
    return str(number)


def _tensor(value: TensorValue, digits: int) -> str:
    if not is_complete(value):
        note = f", {safe_line(value.note, 40)}" if value.note else ""
        return _("a tensor of shape {shape}").format(shape=shape_text(value.shape)) + note
    if element_count(value) > _WHOLE:
        first = ", ".join(number_text(number, digits) for number in elements(value, 6))
        return _("a tensor of shape {shape} ({first}, …)").format(shape=shape_text(value.shape), first=first)
    text = _brackets(nested(elements(value), value.shape), lambda number: number_text(number, digits))
    if not value.shape and text.endswith("."):
        return f"{text}0"  # a lone point would read as the end of a sentence
    return text if 0 not in value.shape else _("an empty tensor of shape {shape}").format(shape=shape_text(value.shape))


def _items(value: Items, digits: int) -> str:
    texts = [in_short(item, digits) for item in value.items[:_WHOLE]]
    if value.keys is not None:
        texts = [f"{safe_line(key, 40)}: {text}" for key, text in zip(value.keys, texts, strict=False)]
    if value.more or len(value.items) > _WHOLE:
        texts.append("…")
    left, right = {"dict": ("{", "}"), "tuple": ("(", ")"), "Size": ("(", ")")}.get(value.python_type, ("[", "]"))
    comma = "," if left == "(" and len(texts) == 1 else ""
    return f"{left}{', '.join(texts)}{comma}{right}"


def _plain(value: PlainValue, digits: int) -> str:
    if isinstance(value.value, float):
        return number_text(value.value, digits).removesuffix(".") + (".0" if value.value.is_integer() else "")
    if value.value is not None and not isinstance(value.value, str):
        return str(value.value)
    if isinstance(value.value, str):
        return safe_line(repr(value.value), 80)
    return "None" if value.python_type == "NoneType" else safe_line(value.text or value.python_type, 80)


def _brackets(rows: Nested, spell: Callable[[Number], str]) -> str:
    if isinstance(rows, list):
        return f"[{', '.join(_brackets(row, spell) for row in rows)}]"
    return spell(rows)
