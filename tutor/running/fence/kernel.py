"""The two doors to the kernel that Python's standard library does not open: ``syscall`` and ``prctl``."""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any, Final

SET_PDEATHSIG: Final = 1
SET_DUMPABLE: Final = 4
CAP_AMBIENT: Final = 47
CAP_AMBIENT_CLEAR_ALL: Final = 4
SET_NO_NEW_PRIVS: Final = 38

_CAPSET: Final = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3: Final = 0x20080522


@lru_cache(maxsize=1)
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.prctl.restype = ctypes.c_int
    return libc


def syscall(number: int, *arguments: int) -> int:
    """Make a system call. Raises OSError with the kernel's errno."""
    result: int = _libc().syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, *arguments: int) -> int:
    """Change an attribute of this process. Raises OSError with the kernel's errno."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    result: int = _libc().prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def machine() -> str:
    """``x86_64``, ``aarch64``, or another name for which nothing here is known."""
    return os.uname().machine


def drop_capabilities() -> bool:
    """Give up every capability root has beyond its files. Returns whether there was one to give up.

    Raises OSError where the kernel refuses.
    """
    number = _CAPSET.get(machine())
    if number is None:
        return False
    prctl(CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    syscall(number, ctypes.addressof(header), ctypes.addressof(nothing))
    return True
