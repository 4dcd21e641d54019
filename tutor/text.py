"""The one gate between text from outside and a screen.

Whatever came from a learner, a pack or a program passes through :func:`safe` once, where it enters: at the
process boundary for a run, at loading for a pack, at reading for a file. After that it may be shown anywhere
that does not parse markup.
"""

import re
from typing import Final

# C0 and C1 controls except tab and newline; the bidirectional marks and isolates (Unicode UAX #9); zero-width
# and other invisible format characters; line and paragraph separators; lone surrogates; interlinear anchors;
# tag characters.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"<U+{code:04X}>"


def safe(text: str) -> str:
    """Return ``text`` with every character that could steer a terminal made visible.

    Newlines and tabs stay; ``\\r\\n`` becomes ``\\n``. An escape becomes ``␛``, other control and
    bidirectional characters become their control picture or ``<U+202E>``. The result is stable:
    ``safe(safe(t)) == safe(t)``.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_picture, text.replace("\r\n", "\n"))


def safe_line(text: str, limit: int = 500) -> str:
    """Return ``text`` as one safe line of at most ``limit`` characters, with ``…`` where it was cut."""
    line = " ".join(safe(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
