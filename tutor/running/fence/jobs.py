"""Windows: a Job Object around the process. It bounds memory and processes; it bounds neither files nor network."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from tutor.autograd import Limits

_EXTENDED_LIMIT_INFORMATION: Final = 9
ACTIVE_PROCESS: Final = 0x0008
PROCESS_MEMORY: Final = 0x0100
DIE_ON_UNHANDLED_EXCEPTION: Final = 0x0400
KILL_ON_JOB_CLOSE: Final = 0x2000


class _Basic(ctypes.Structure):
    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("basic", _Basic),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


_held: list[int] = []
"""The handle of the job this process is in: closing it ends the process."""


def limits_of_job(limits: Limits, *, alone: bool, in_use: int = 0) -> ExtendedLimits:
    """The job's limits: ``in_use`` bytes and the headroom; one process if ``alone``."""
    job = ExtendedLimits()
    job.basic.flags = PROCESS_MEMORY | DIE_ON_UNHANDLED_EXCEPTION | KILL_ON_JOB_CLOSE
    job.process_memory = in_use + limits.memory_bytes
    if alone:
        job.basic.flags |= ACTIVE_PROCESS
        job.basic.active_processes = 1
    return job


def enter(limits: Limits, *, alone: bool) -> None:
    """Put this process into a job of its own. Raises OSError where Windows refuses."""
    kernel32: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - absent elsewhere
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    job = kernel32.CreateJobObjectW(None, None)
    asked = limits_of_job(limits, alone=alone, in_use=_private_bytes(kernel32))
    if (
        not job
        or not kernel32.SetInformationJobObject(
            ctypes.c_void_p(job), _EXTENDED_LIMIT_INFORMATION, ctypes.byref(asked), ctypes.sizeof(asked)
        )
        or not kernel32.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(kernel32.GetCurrentProcess()))
    ):
        code: int = getattr(ctypes, "get_last_error")()  # noqa: B009 - absent elsewhere
        raise OSError(code, "the job object was refused")
    _held.append(job)


class _MemoryCounters(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("faults", ctypes.c_uint32),
        ("rest", ctypes.c_size_t * 7),
        ("pagefile_in_use", ctypes.c_size_t),
        ("peak_pagefile", ctypes.c_size_t),
    )


def _private_bytes(kernel32: Any) -> int:
    counters = _MemoryCounters(size=ctypes.sizeof(_MemoryCounters))
    process = ctypes.c_void_p(kernel32.GetCurrentProcess())
    if not kernel32.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size):
        return 1 << 30
    return int(counters.pagefile_in_use)
