"""Pushes at each wall, for ``tutor doctor``: a wall is believed when something was tried and failed.

:func:`probe_walls` starts a small process of its own that fences itself in and tries. It needs no torch, and takes
about a tenth of a second.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tutor.running.fence import scratch
from tutor.running.fence.demands import Protection

_SECONDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WallProbe:
    """One attempt to get through a wall."""

    name: str
    """What was pushed at: ``files-read``, ``network``, ``exec``."""
    protects: Protection | None
    """Which protection it belongs to; None for what must still work inside."""
    stands: bool
    tried: str
    happened: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WallReport:
    """What stands on this machine, as :func:`raise_walls` names it, and what pushing at it showed."""

    walls: tuple[str, ...] = ()
    probes: tuple[WallProbe, ...] = ()
    trouble: str = ""
    """Set when the attempts could not be made at all: then nothing is known to stand."""
    protected: frozenset[Protection] = field(default=frozenset())
    """The protections of which every attempt failed."""


def probe_walls() -> WallReport:
    """Push at every wall, in a process of its own. Never raises; takes at most 20 seconds."""
    folder = tempfile.mkdtemp(prefix="tutor-walls-")
    inside, outside = Path(folder) / "inside", Path(folder) / "outside"
    try:
        inside.mkdir()
        outside.write_text("not for a fenced program", encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            return _ask(inside, outside, port)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as problem:
        return WallReport(trouble=f"{type(problem).__name__}: {problem}")
    finally:
        scratch.wipe(folder)


def _ask(inside: Path, outside: Path, port: int) -> WallReport:
    command = [sys.executable, "-m", "tutor.running.fence.pushing", str(inside), str(outside), str(port)]
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return WallReport(trouble=words[0])
    said = json.loads(done.stdout)
    probes = tuple(WallProbe(**probe) for probe in said["probes"])
    kinds = {probe.protects for probe in probes if probe.protects is not None}
    protected = frozenset(kind for kind in kinds if all(probe.stands for probe in probes if probe.protects == kind))
    return WallReport(walls=tuple(said["walls"]), probes=probes, protected=protected)


def as_json(walls: tuple[str, ...], probes: tuple[WallProbe, ...]) -> str:
    """What the pushing process says to the one that started it."""
    return json.dumps({"walls": walls, "probes": [asdict(probe) for probe in probes]})


def victim_of_signals() -> tuple[int, int]:
    """Start a process that does nothing but wait; return its number and the end of a pipe that keeps it waiting."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    return pid, writing
