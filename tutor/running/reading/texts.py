"""Texts out of a program: safe, cut, and never the cause of an error of ours."""

from __future__ import annotations

from typing import Any

from tutor.text import safe


def text(value: str, limit: int) -> str:
    """``value`` made safe, with ``…`` where it was cut to ``limit`` characters."""
    plain = value if type(value) is str else str.__str__(value)
    return safe(plain) if len(plain) <= limit else safe(plain[: limit - 1]) + "…"


def said(make: Any, of: object, limit: int, otherwise: str) -> str:
    """What ``make`` (``str`` or ``repr``) says of a learner's object; ``otherwise`` if that fails."""
    try:
        return text(make(of), limit)
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 -- a learner's __str__ may raise anything
        return otherwise


def type_name(of: type) -> str:
    """The class's name: with its module unless it is built in or the program's own."""
    name, module = type.__dict__["__qualname__"].__get__(of), type.__dict__["__module__"].__get__(of)
    own = not isinstance(module, str) or module in {"builtins", "__main__"}
    return text(str(name) if own else f"{module}.{name}", 200)
