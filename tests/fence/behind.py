"""Runs a few lines of Python behind the walls, in a process of its own, and tells how they ended."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

_FENCED = """
import ctypes, os, signal, socket, sys, threading
from tutor.autograd import Limits
from tutor.running.fence import landlock, reach, seccomp, walls as raising
from tutor.running.fence.walls import raise_walls
scratch = sys.argv[1]
library = scratch + "-library"
reach.readable()[library] = landlock.READ
parent = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)

def raw(number, *arguments):
    # a system call that Python has no name for; raises as Python's own do
    libc.syscall.restype = ctypes.c_long
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) == -1:
        raise OSError(ctypes.get_errno(), "refused")

{before}
walls = raise_walls(scratch, Limits({limits}), walls={kind!r})
{code}
print("through")
"""


@dataclass(frozen=True)
class Ending:
    """How the lines ended: ``through``, or the exception's name; a negative ``status`` is a signal."""

    status: int
    said: list[str]
    error: str

    @property
    def through(self) -> bool:
        return self.status == 0 and self.said[-1:] == ["through"]


def behind_walls(
    code: str, scratch: Path, *, before: str = "", kind: str = "fenced", limits: str = "", user: int | None = None
) -> Ending:
    """Run ``code`` behind the walls; ``before`` runs when they do not stand yet."""
    program = _FENCED.format(before=textwrap.dedent(before), code=textwrap.dedent(code), kind=kind, limits=limits)
    library = Path(f"{scratch}-library")
    library.write_text("a file the program may read", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program, str(scratch)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        user=user,
    )
    assert library.read_text(encoding="utf-8") == "a file the program may read"
    library.unlink()
    lines = done.stderr.strip().splitlines()
    return Ending(done.returncode, done.stdout.splitlines(), lines[-1] if lines else "")


def refusals(attempts: dict[str, str], scratch: Path, *, before: str = "") -> dict[str, str]:
    """What each attempt raised, made one after the other behind the same walls; ``through`` if nothing."""
    code = f"""
    for what, attempt in {attempts!r}.items():
        try:
            exec(attempt)
        except Exception as error:
            print(what, f"{{type(error).__name__}}: {{error}}", sep=chr(9), flush=True)
        else:
            print(what, "through", sep=chr(9), flush=True)
    """
    ending = behind_walls(code, scratch, before=before)
    assert ending.through, ending
    return dict(line.split("\t", 1) for line in ending.said if "\t" in line)
