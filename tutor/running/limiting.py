"""The limits of one program, put upon the process that is about to run it. Works where the platform lets it."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from typing import Final

from tutor.autograd import Limits

CEILING: Final = Limits(wall_seconds=86_400, cpu_seconds=86_400, memory_bytes=1 << 40)
"""What a spare is fenced with before it is known how little its program may use."""


def reserve(limits: Limits) -> int:
    """Bytes beyond the program's limit for reading its result and carrying it out."""
    return (64 << 20) + 3 * limits.result_bytes


class Tightening:
    """Lowers this process's limits once its program is known; made before any wall stands."""

    def __init__(self) -> None:
        self._in_use = _data_in_use()

    def to(self, limits: Limits) -> None:
        with suppress(ImportError):
            import resource  # noqa: PLC0415 -- not on Windows

            used = resource.getrusage(resource.RUSAGE_SELF)
            seconds = math.ceil(used.ru_utime + used.ru_stime + limits.cpu_seconds) + 1
            _lower(resource.RLIMIT_CPU, seconds, seconds + 1)
            if self._in_use is not None:
                data = self._in_use + limits.memory_bytes
                _lower(resource.RLIMIT_DATA, data, data + reserve(limits))


def release_reserve() -> None:
    """Let this process use what was kept back for reading the result."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 -- not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _lower(kind: int, soft: int, hard: int) -> None:
    import resource  # noqa: PLC0415 -- not on Windows

    _, now = resource.getrlimit(kind)
    if now != resource.RLIM_INFINITY:
        soft, hard = min(soft, now), min(hard, now)
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (soft, hard))


def _data_in_use() -> int | None:
    """Bytes of private writable memory, which RLIMIT_DATA counts; None where that cannot be known."""
    if sys.platform != "linux":
        return None
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as lines:  # noqa: PTH123
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), None)
    except (OSError, ValueError, IndexError):
        return None
