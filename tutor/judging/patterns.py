"""A pack's regular expression on a program's message. Some patterns take for ever on some texts, and a pack may be a
stranger's: those that could are tried in a process that can be ended."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import lru_cache
from typing import Final

_LONGEST: Final = 4000
_SECONDS: Final = 2.0
_SEARCH: Final = "import re, sys; pattern, text = sys.argv[1:]; sys.exit(0 if re.search(pattern, text) else 3)"
_UNBOUNDED: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|([*+]|\{\d*,\d*\})", re.DOTALL)


class TakesForEver(ValueError):  # noqa: N818 - it says what the pattern does
    """No answer came in time."""


@lru_cache(maxsize=256)
def is_found(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches somewhere in the first 4,000 characters of ``text``.

    Raises:
        re.error: it is no regular expression.
        TakesForEver: it was still searching after two seconds.
    """
    compiled = re.compile(pattern)
    text = text[:_LONGEST].replace("\0", "␀")
    repetitions = sum(found[1] is not None for found in _UNBOUNDED.finditer(pattern))
    if repetitions < 2:
        return compiled.search(text) is not None
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH, pattern, text],
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as late:
        raise TakesForEver(pattern) from late
    return done.returncode == 0
