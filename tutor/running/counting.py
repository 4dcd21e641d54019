"""Counts the values in a MessagePack body without building them.

One byte can stand for an empty mapping, which Python keeps in sixty-four: a frame within its size could fill the
memory of the process that reads it.
"""

from __future__ import annotations

from typing import Final

MOST_VALUES: Final = 400_000
"""A frame may hold so many values: numbers, texts, stretches of bytes, lists, mappings."""

# by first byte: how many bytes of a length, of a count (and values for each), or of the value itself follow
_LENGTH_BYTES: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_COUNT_BYTES: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
_EXTENSION_BYTES: Final = {0xC7: 1, 0xC8: 2, 0xC9: 4}
# fmt: off
_FIXED: Final = {
    0xCA: 4,
    0xCB: 8,
    0xCC: 1,
    0xCD: 2,
    0xCE: 4,
    0xCF: 8,
    0xD0: 1,
    0xD1: 2,
    0xD2: 4,
    0xD3: 8,
    0xD4: 2,
    0xD5: 3,
    0xD6: 5,
    0xD7: 9,
    0xD8: 17,
}
# fmt: on


def too_many_values(body: bytes | bytearray | memoryview, most: int = MOST_VALUES) -> bool:
    """Whether ``body`` holds, or says that it holds, more than ``most`` values. Malformed bodies may pass."""
    if len(body) <= most:
        return False
    at, expected, seen, end = 0, 1, 0, len(body)
    while seen < expected and at < end:
        seen += 1
        step, more = _value(body, at)
        at += step
        expected += more
        if expected > most:
            return True
    return False


def _value(body: bytes | bytearray | memoryview, at: int) -> tuple[int, int]:
    """Bytes to the next value, and how many values this one says lie in it."""
    first = body[at]
    if first < 0x80 or first >= 0xE0 or first in (0xC0, 0xC2, 0xC3):
        return 1, 0
    if first >= 0xA0 and first < 0xC0:
        return 1 + (first & 0x1F), 0
    if first < 0xA0:
        return 1, (first & 0xF) * (2 if first < 0x90 else 1)
    if (fixed := _FIXED.get(first)) is not None:
        return 1 + fixed, 0
    if (wide := _LENGTH_BYTES.get(first)) is not None:
        return 1 + wide + int.from_bytes(body[at + 1 : at + 1 + wide], "big"), 0
    if (counted := _COUNT_BYTES.get(first)) is not None:
        wide, each = counted
        return 1 + wide, each * int.from_bytes(body[at + 1 : at + 1 + wide], "big")
    wide = _EXTENSION_BYTES.get(first, 0)
    return 2 + wide + int.from_bytes(body[at + 1 : at + 1 + wide], "big"), 0
