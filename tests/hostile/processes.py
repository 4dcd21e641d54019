"""Looks at the processes of a test from outside."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path


def started_with(folder: str) -> dict[int, str]:
    """Command lines, by number, of the living processes that were told to keep temporary files in ``folder``.

    A server may hand over to another and end, so looking for descendants would not find them all.
    """
    mark = f"TMPDIR={folder}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(process.name)] = command.decode(errors="replace")
    return found


def memory(pid: int) -> bytes:
    """All that a process may write to. Raises OSError where it cannot be read."""
    held = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb") as all_of_it:
        for line in maps:
            area = re.match(r"(\w+)-(\w+) rw", line)
            if area:
                start, end = (int(part, 16) for part in area.groups())
                with suppress(OSError):
                    all_of_it.seek(start)
                    held.append(all_of_it.read(end - start))
    return b"".join(held)


def resident_bytes(pid: int) -> int:
    """Resident memory that is not shared with files."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0
