"""JSON Lines on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any


def write_line(record: Mapping[str, Any]) -> None:
    """Write one object and a newline to standard output, in UTF-8 whatever the locale, and hand it on at once."""
    line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
