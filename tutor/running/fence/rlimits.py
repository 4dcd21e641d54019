"""The limits the kernel keeps on a process by itself. Not on Windows, where a job object has them."""

from __future__ import annotations

import math
import sys
from typing import Final

from tutor.autograd import Limits

if sys.platform != "win32":
    import resource

OPEN_FILES: Final = 256
FILE_BYTES: Final = 64 << 20
STACK_BYTES: Final = 64 << 20


def lower(limits: Limits, *, fenced: bool) -> None:
    """Lower the limits of this process, which its server's memory already counts towards.

    A script of the learner's own keeps its files and descriptors as they are. Raises OSError or ValueError where
    the system refuses.
    """
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_DATA, _data_in_use() + limits.memory_bytes)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # the server looks at the clock more often; this holds if the server cannot
    _cap(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + limits.cpu_seconds) + 1)
    if fenced:
        _cap(resource.RLIMIT_NOFILE, OPEN_FILES)
        _cap(resource.RLIMIT_FSIZE, FILE_BYTES)
        _cap(resource.RLIMIT_STACK, STACK_BYTES)
        for kind in ("RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_RTPRIO"):
            if hasattr(resource, kind):
                _cap(getattr(resource, kind), 0)


def _cap(kind: int, most: int) -> None:
    soft, hard = resource.getrlimit(kind)
    hard = most if hard == resource.RLIM_INFINITY else min(hard, most)
    soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(kind, (soft, hard))


def _data_in_use() -> int:
    """Bytes of private writable memory; the kernel counts RLIMIT_DATA against them."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib costs more than all else here
            fields = statm.read().split()
    except OSError:
        return 1 << 30
    return int(fields[5]) * resource.getpagesize()
