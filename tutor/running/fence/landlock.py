"""Landlock: which files a process may touch, which ports it may use, whom it may signal.

Called by hand, three system calls: the libraries on the package index know the first ABIs only (no network, no scopes).
"""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from tutor.running.fence.kernel import machine, syscall

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1

READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
_WRITE_FILE: Final = 1 << 1
_REMOVE_DIR: Final = 1 << 4
_REMOVE_FILE: Final = 1 << 5
_MAKE_DIR: Final = 1 << 7
_MAKE_FILE: Final = 1 << 8
_MAKE_SYMLINK: Final = 1 << 12
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14

_FILES_BY_ABI: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files that each ABI can take away; from 5 on the set is the same."""

_TCP_BIND_AND_CONNECT: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11

READ: Final = READ_FILE | READ_DIR
OVERWRITE: Final = READ_FILE | _WRITE_FILE
WRITE: Final = (
    READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _MAKE_SYMLINK | _REFER | _TRUNCATE
)
"""What is granted in the scratch folder: files, folders and links to files, but no devices, sockets or pipes."""
_ON_FILES: Final = READ_FILE | _WRITE_FILE | _TRUNCATE
"""The rights that make sense for a path that is not a folder; the kernel refuses the others there."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


@lru_cache(maxsize=1)
def offered() -> int:
    """The ABI the running kernel offers; 0 where there is none."""
    if machine() not in {"x86_64", "aarch64"}:
        return 0
    try:
        return syscall(_CREATE_RULESET, 0, 0, _VERSION)
    except OSError:
        return 0


def restrict(grants: dict[str, int], abi: int) -> None:
    """Allow this process, and what it starts, only ``grants``: rights by path. ``abi`` is at least 1.

    A path that does not exist, or cannot be opened, grants nothing. From ABI 4 no TCP port can be used, from 6 no
    abstract socket outside reached and no process outside signalled. Raises OSError where the kernel refuses.
    """
    handled = _FILES_BY_ABI[min(abi, 5)]
    attributes = _Ruleset(
        handled,
        _TCP_BIND_AND_CONNECT if abi >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0,
    )
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = syscall(_CREATE_RULESET, ctypes.addressof(attributes), size, 0)
    try:
        rule = _PathBeneath()
        for path, rights in grants.items():
            with suppress(OSError):
                _add(ruleset, rule, path, rights & handled)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, rule: _PathBeneath, path: str, rights: int) -> None:
    rule.parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        folder = bool(rights & ~_ON_FILES) and stat.S_ISDIR(os.fstat(rule.parent).st_mode)
        rule.allowed = rights if folder else rights & _ON_FILES
        if rule.allowed:
            syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(rule.parent)


def resolved(path: str | Path) -> str:
    """The path itself, links followed: a rule holds for what a path leads to."""
    return os.path.realpath(path)
