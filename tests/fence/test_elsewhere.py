"""The walls of other systems, as far as they can be looked at from any machine."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tutor.autograd import Limits
from tutor.running.fence import (
    bubblewrap,
    bubblewrap_asked,
    bubblewrap_available,
    inside_bubblewrap,
    jobs,
    raise_walls,
    seatbelt,
    seccomp,
    walls,
)


def test_the_seatbelt_profile_denies_first_and_hides_after_it_allowed() -> None:
    text = seatbelt.profile("/tmp/s", ["/opt/python"], ["/opt/python/tutor"])
    assert text.startswith("(version 1)\n(deny default)")
    assert text.index('(subpath "/opt/python")') < text.index('(deny file-read-data (subpath "/opt/python/tutor"))')
    assert text.count("(") == text.count(")")
    for wall in ("network*", "process-fork", "process-exec*"):
        assert f"(deny {wall})" in text
    assert re.findall(r"file-write\* \(subpath (.*)\)\)", text) == ['"/tmp/s"']


def test_a_path_cannot_break_out_of_the_seatbelt_profile() -> None:
    text = seatbelt.profile('/tmp/a")(allow default)("\\', [], [])
    assert '"/tmp/a\\")(allow default)(\\"\\\\"' in text


def test_the_job_object_has_the_size_windows_expects() -> None:
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(jobs.ExtendedLimits) == 144


def test_the_job_object_bounds_memory_and_leaves_a_fenced_program_alone_in_it() -> None:
    job = jobs.limits_of_job(Limits(memory_bytes=1000), alone=True, in_use=10)
    assert job.process_memory == 1010
    assert job.basic.active_processes == 1
    assert job.basic.flags & jobs.ACTIVE_PROCESS
    assert job.basic.flags & jobs.KILL_ON_JOB_CLOSE
    assert not jobs.limits_of_job(Limits(), alone=False).basic.flags & jobs.ACTIVE_PROCESS


@pytest.mark.parametrize("platform", ["win32", "sunos5"])
def test_a_wall_that_a_system_lacks_is_not_named(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "PLATFORM", platform)
    assert raise_walls(str(tmp_path), Limits()) == ()


def test_on_a_mac_without_seatbelt_only_the_limits_are_named(tmp_path: Path) -> None:
    code = f"""
from tutor.autograd import Limits
from tutor.running.fence import walls
walls.PLATFORM = "darwin"
print(*walls.raise_walls({str(tmp_path)!r}, Limits()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rlimits"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("abi", [0, 1, 3, 7])
def test_no_jump_of_the_filter_leads_outside_it_and_it_always_decides(machine: str, abi: int) -> None:
    steps = seccomp.program(machine, files_bounded_by=abi)
    assert len(steps) < 4096
    for index, step in enumerate(steps):
        assert 0 <= step.then < 256
        assert 0 <= step.otherwise < 256
        assert index + 1 + max(step.then, step.otherwise) <= len(steps)
    assert steps[-1].code == 0x06


def _decide(machine: str, architecture: int, number: int, *arguments: int, abi: int = 7) -> int:
    """Run the filter as the kernel would; the upper halves of arguments are zero."""
    words = {0: number, 4: architecture}
    for index in range(6):
        words[16 + 8 * index] = arguments[index] if index < len(arguments) else 0
        words[20 + 8 * index] = 0
    steps = seccomp.program(machine, files_bounded_by=abi)
    at, held = 0, 0
    while True:
        code, then, otherwise, operand = steps[at]
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            held = words[operand]
        elif code == 0x54:
            held &= operand
        else:
            passed = {0x15: held == operand, 0x25: held > operand, 0x35: held >= operand, 0x45: bool(held & operand)}
            at += then if passed[code] else otherwise


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
AARCH64 = 0xC00000B7


@pytest.mark.parametrize(
    ("call", "verdict"),
    [
        ((64,), ALLOW),  # write
        ((220, 0x3D0F00), ALLOW),  # clone of a thread
        ((220, 17), EPERM),  # clone as fork
        ((435,), ENOSYS),  # clone3
        ((221,), EPERM),  # execve
        ((281,), EPERM),  # execveat
        ((198, 2, 1), EPERM),  # socket
        ((199, 1, 1), ALLOW),  # socketpair of streams
        ((199, 1, 2), EPERM),  # of datagrams
        ((129, seccomp.OWN_PID, 9), ALLOW),  # kill oneself
        ((129, 1, 9), EPERM),
        ((130, 1, 9), EPERM),  # tkill
        ((117,), EPERM),  # ptrace
        ((222, 0, 4096, 3, 0x22), ALLOW),  # mmap private
        ((222, 0, 4096, 3, 0x21), EPERM),  # mmap shared, anonymous
        ((56, 0, 0, 0o1000), EPERM),  # openat: empty what may be read
        ((56, 0, 0, 0o1101), ALLOW),
        ((425,), EPERM),  # io_uring_setup
        ((471,), ENOSYS),
    ],
)
def test_the_filter_of_aarch64_decides_as_that_of_x86_64(call: tuple[int, ...], verdict: int) -> None:
    assert _decide("aarch64", AARCH64, *call) == verdict


def test_a_call_of_another_architecture_ends_the_process() -> None:
    assert _decide("aarch64", 0x40000028, 4) == KILL
    assert _decide("x86_64", 0x40000003, 4) == KILL


def test_bubblewrap_is_used_only_when_asked_for() -> None:
    assert not bubblewrap_asked({})
    assert not bubblewrap_asked({"TUTOR_BWRAP": "0"})
    assert bubblewrap_asked({"TUTOR_BWRAP": "1"})


def test_bubblewrap_gets_no_network_no_processes_and_nothing_to_write() -> None:
    command = inside_bubblewrap(["python", "-m", "x"], bwrap="/usr/bin/bwrap")
    assert command[0] == "/usr/bin/bwrap"
    assert {"--unshare-all", "--new-session"} <= set(command)
    assert "--bind" not in command
    assert command[command.index("--") + 1 :] == ["python", "-m", "x"]


@pytest.mark.skipif(bubblewrap_available() is None, reason="bubblewrap is not installed, or nobody may use it")
def test_inside_bubblewrap_the_home_folder_and_the_network_are_gone(tmp_path: Path) -> None:
    code = """
import os, socket, sys
try:
    open(sys.argv[2] + "/written", "w")
    print("home written")
except OSError:
    pass
print(os.path.exists(sys.argv[1]), [name for _, name in socket.if_nameindex()], len(os.listdir("/proc")) > 500)
open("/tmp/written-inside", "w")
"""
    home = tmp_path / "home"
    home.mkdir()
    private = home / "private"
    private.touch()
    bwrap = bubblewrap_available()
    assert bwrap is not None
    program = [sys.executable, "-c", code, str(private), "/var"]
    command = bubblewrap.wrapped(program, bwrap=bwrap, home=str(home))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False ['lo'] False", done.stderr
    assert not Path("/tmp/written-inside").exists()
