"""What a fenced program cannot do, and what it still can, tried for real on this machine's kernel."""

from __future__ import annotations

import os
import platform
import signal
import sys
from pathlib import Path

import pytest

from tests.fence.behind import behind_walls, refusals

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux"),
]
x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")

FILES = {
    "read a file of the system": "open('/etc/passwd')",
    "read the home folder": "os.listdir(os.path.expanduser('~'))",
    "list the root": "os.listdir('/')",
    "read the tutor's own source": "open(raising.__file__)",
    "read its own memory": "open('/proc/self/mem', 'rb')",
    "read its own environment": "open('/proc/self/environ')",
    "read its own arguments": "open('/proc/self/cmdline')",
    "read its parent's memory": "open(f'/proc/{parent}/mem', 'rb')",
    "list the processes": "os.listdir('/proc')",
    "read the temporary folder": "os.listdir(os.path.dirname(scratch))",
    "write beside the scratch folder": "open(scratch + '-not', 'w')",
    "leave by ..": "open(scratch + '/../left', 'w')",
    "leave by a link": "os.symlink('/etc/passwd', scratch + '/l'); open(scratch + '/l')",
    "link a file in": "os.link('/etc/passwd', scratch + '/p')",
    "move a file out": "open(scratch + '/m', 'w').close(); os.rename(scratch + '/m', scratch + '-moved')",
    "remove the scratch folder": "os.rmdir(scratch)",
    "make a device": "os.mknod(scratch + '/d', 0o20600, os.makedev(1, 1))",
    "make a named pipe": "os.mkfifo(scratch + '/p')",
    "write in shared memory": "open('/dev/shm/tutor-test', 'w')",
    "write to the terminal": "open('/dev/tty', 'w')",
    "change modes": "os.chmod(library, 0o644)",
    "change owners": "os.chown(scratch, os.getuid(), os.getgid())",
    "change times": "os.utime(library)",
    "empty a library": "os.open(library, os.O_RDONLY | os.O_TRUNC)",
    "truncate a library": "os.truncate(library, 0)",
    "change a library": "open(library, 'r+')",
    "set attributes": "os.setxattr(scratch, 'user.a', b'')",
    "change the root": "os.chroot(scratch)",
    "lease a library": "__import__('fcntl').fcntl(os.open(library, os.O_RDONLY), 1024, 0)",
}
NETWORK = {
    "connect": "socket.create_connection(('127.0.0.1', 9))",
    "open a port": "socket.create_server(('127.0.0.1', 0))",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "reach a local socket": "socket.socket(socket.AF_UNIX)",
    "send raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "talk to the kernel": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "send local datagrams": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
}
PROCESSES = {
    "fork": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "run a program by descriptor": "os.execve(os.open(os.__file__, os.O_RDONLY), ['x'], {})",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "subprocess": "__import__('subprocess').run(['true'])",
    "leave its session": "os.setsid()",
    "leave its group": "os.setpgid(0, 0)",
    "signal its parent": "os.kill(parent, 0)",
    "signal everybody": "os.kill(-1, 0)",
    "signal its group": "os.kill(0, 0)",
    "signal a group": "os.killpg(os.getpgrp(), 0)",
    "hold its parent": "os.pidfd_open(parent)",
    "be nicer": "os.nice(1)",
    "slow its parent": "os.sched_setaffinity(parent, {0})",
    "limit its parent": "__import__('resource').prlimit(parent, __import__('resource').RLIMIT_CPU)",
    "anonymous files": "os.memfd_create('x')",
    "shared memory nobody counts": "__import__('mmap').mmap(-1, 4096)",
}
BY_NUMBER = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "tkill": 200,
    "rt_sigqueueinfo": 129,
    "bpf": 321,
    "io_uring_setup": 425,
    "keyctl": 250,
    "add_key": 248,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "unshare": 272,
    "setns": 308,
    "mount": 165,
    "personality": 135,
    "shmget": 29,
    "msgget": 68,
    "semget": 64,
    "mq_open": 240,
    "inotify_init": 253,
    "fanotify_init": 300,
    "open_by_handle_at": 304,
    "pidfd_getfd": 438,
    "pidfd_send_signal": 424,
    "process_madvise": 440,
    "seccomp": 317,
    "landlock_create_ruleset": 444,
    "capset": 126,
    "setuid": 105,
    "syslog": 103,
    "sync": 162,
    "vfork": 58,
    "fork": 57,
    "quotactl": 179,
    "clock_settime": 227,
    "execveat": 322,
    "mlockall": 151,
    "sendmmsg": 307,
    "connect": 42,
    "bind": 49,
    "accept": 43,
    "listen": 50,
}
STILL_WORKS = {
    "files in the scratch folder": "open(scratch + '/a', 'w').write('x'); assert open(scratch + '/a').read() == 'x'",
    "folders in it": (
        "os.makedirs(scratch + '/b/c'); os.rename(scratch + '/b/c', scratch + '/d'); os.rmdir(scratch + '/d')"
    ),
    "a temporary file": "import tempfile; tempfile.TemporaryFile(dir=scratch).write(b'x')",
    "threads": "t = threading.Thread(target=print); t.start(); t.join()",
    "a hundred threads": (
        "t = [threading.Thread(target=print) for _ in range(100)]; [x.start() for x in t]; [x.join() for x in t]"
    ),
    "asyncio": "import asyncio; asyncio.run(asyncio.sleep(0))",
    "thread pools": (
        "from concurrent.futures import ThreadPoolExecutor; assert list(ThreadPoolExecutor().map(abs, [-1])) == [1]"
    ),
    "late imports": "import sqlite3, xml.dom.minidom, decimal, ctypes.util",
    "the clock": "import time, datetime; time.sleep(0.001); datetime.datetime.now()",
    "random numbers": "import random, secrets; secrets.token_hex(); os.urandom(8)",
    "its own signals": (
        "signal.signal(signal.SIGUSR1, lambda *_: None); "
        "os.kill(os.getpid(), signal.SIGUSR1); "
        "signal.raise_signal(signal.SIGUSR1)"
    ),
    "alarms": (
        "signal.signal(signal.SIGALRM, lambda *_: None); signal.alarm(1); signal.setitimer(signal.ITIMER_REAL, 0.01)"
    ),
    "the null device": "open(os.devnull, 'w').write('x'); open(os.devnull).read()",
    "time zones": "import zoneinfo; zoneinfo.available_timezones()",
    "asking about itself": (
        "import resource; resource.getrusage(resource.RUSAGE_SELF); os.cpu_count(); os.getpid(); os.uname()"
    ),
    "a warning with its line": "import warnings; warnings.simplefilter('always'); warnings.warn('x')",
    "terminal questions": "import shutil; shutil.get_terminal_size(); sys.stdout.isatty()",
    "copying a file": (
        "import shutil; open(scratch + '/e', 'w').write('x'); shutil.copyfile(scratch + '/e', scratch + '/f')"
    ),
    "mapping a file": (
        "import mmap; f = open(scratch + '/g', 'w+b'); f.write(bytes(4096)); f.flush(); mmap.mmap(f.fileno(), 4096)"
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("refused")
    scratch = folder / "scratch"
    scratch.mkdir()
    found = refusals({**FILES, **NETWORK, **PROCESSES}, scratch)
    assert {path.name for path in folder.iterdir()} == {"scratch"}
    return found


@pytest.mark.parametrize("what", FILES)
def test_a_fenced_program_cannot_touch_files_outside_its_folder(what: str, refused: dict[str, str]) -> None:
    assert "PermissionError" in refused[what] or "cross-device" in refused[what].lower()


@pytest.mark.parametrize("what", NETWORK)
def test_a_fenced_program_cannot_reach_the_network(what: str, refused: dict[str, str]) -> None:
    assert "PermissionError" in refused[what]


@pytest.mark.parametrize("what", PROCESSES)
def test_a_fenced_program_cannot_start_or_signal_processes(what: str, refused: dict[str, str]) -> None:
    assert "PermissionError" in refused[what]


def test_a_fenced_program_gets_no_pseudo_terminal(tmp_path: Path) -> None:
    assert "out of pty devices" in behind_walls("import pty; pty.fork()", tmp_path).error


@x86_64
def test_calls_that_no_lesson_needs_are_refused_and_the_program_goes_on(tmp_path: Path) -> None:
    code = f"""
    for name, number in {BY_NUMBER}.items():
        try:
            raw(number, 0, 0, 0, 0, 0, 0)
        except PermissionError:
            continue
        except OSError as other:
            print(name, other)
        else:
            print(name, 'was allowed')
    """
    assert behind_walls(code, tmp_path).said == ["through"]


@x86_64
def test_a_fenced_program_cannot_change_what_binds_it(tmp_path: Path) -> None:
    attributes = {str(option): f"raw(157, {option}, 1, 0, 0, 0)" for option in (1, 4, 22, 23, 24, 36, 38, 0x59616D61)}
    assert all("PermissionError" in error for error in refusals(attributes, tmp_path).values())


@x86_64
def test_a_clone_that_is_no_thread_is_refused(tmp_path: Path) -> None:
    flags = (0x10000000, 0x20000000, 0x40000000, 0x00020000, 0x7E020000, 17, 0x4111, 0x10010000)
    clones = {hex(flag): f"raw(56, {flag}, 0, 0, 0, 0)" for flag in flags}
    assert all("PermissionError" in error for error in refusals(clones, tmp_path).values())


@x86_64
def test_clone3_and_calls_not_yet_invented_do_not_exist(tmp_path: Path) -> None:
    calls = {str(number): f"raw({number}, 0, 0, 0)" for number in (435, 471, 999)}
    assert all("[Errno 38]" in error for error in refusals(calls, tmp_path).values())


@x86_64
def test_a_call_in_another_machines_convention_ends_the_program(tmp_path: Path) -> None:
    x32 = behind_walls("raw(0x40000000 + 39)", tmp_path)
    i386 = """
    import mmap
    code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')  # mov eax, 20; int 0x80; ret
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    """
    assert x32.status == -signal.SIGSYS
    assert behind_walls(i386, tmp_path).status in {-signal.SIGSYS, -signal.SIGSEGV}


@pytest.fixture(scope="module")
def unhindered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return refusals(STILL_WORKS, tmp_path_factory.mktemp("unhindered"))


@pytest.mark.parametrize("what", STILL_WORKS)
def test_ordinary_programs_do_not_notice_the_fence(what: str, unhindered: dict[str, str]) -> None:
    assert unhindered[what] == "through"


@pytest.mark.parametrize("abi", range(7))
def test_an_older_kernel_gives_fewer_walls_and_says_so(abi: int, tmp_path: Path) -> None:
    ending = behind_walls("print(*walls)", tmp_path, before=f"landlock.offered = lambda: {abi}")
    walls = ending.said[0].split()
    assert [wall for wall in walls if wall.startswith("landlock")] == ([f"landlock-{abi}"] if abi else [])
    assert "seccomp" in walls


@pytest.mark.parametrize("abi", range(7))
def test_on_no_kernel_can_a_fenced_program_change_what_is_not_its_own(abi: int, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    harms = [
        "open(scratch + '-not', 'w')",
        "os.open(library, os.O_RDONLY | os.O_TRUNC)",
        "os.truncate(library, 0)",
        "os.unlink(library)",
        "os.mkdir(scratch + '-folder')",
        "os.rename(scratch, scratch + '-moved')",
    ]
    refused = refusals(dict(zip(harms, harms, strict=True)), scratch, before=f"landlock.offered = lambda: {abi}")
    assert all("PermissionError" in error or "cross-device" in error.lower() for error in refused.values()), refused


def test_a_system_without_any_wall_is_reported_as_such(tmp_path: Path) -> None:
    before = "landlock.offered = lambda: 0; seccomp.knows = lambda machine: False"
    walls = behind_walls("print(*walls)", tmp_path, before=before).said[0].split()
    assert not {"seccomp", "landlock-0"} & set(walls)


def test_a_refused_wall_is_missing_from_the_report(tmp_path: Path) -> None:
    before = """
    def refuse(*_, **__):
        raise OSError(1, 'no')
    landlock.restrict = refuse
    seccomp.install = refuse
    """
    walls = behind_walls("print(*walls)", tmp_path, before=before).said[0].split()
    assert "rlimits" in walls
    assert not [wall for wall in walls if wall.startswith(("landlock", "seccomp"))]


def test_a_script_of_ones_own_runs_unfenced_but_within_limits(tmp_path: Path) -> None:
    code = "print(*walls); open('/etc/passwd'); os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"
    ending = behind_walls(code, tmp_path, kind="open")
    assert ending.through
    assert set(ending.said[0].split()) == {"dies-with-server", "rlimits"}


@pytest.mark.parametrize("kind", ["fenced", "open"])
def test_memory_beyond_the_headroom_is_not_given(kind: str, tmp_path: Path) -> None:
    ending = behind_walls("bytearray(1 << 28)", tmp_path, limits="memory_bytes=1 << 26", kind=kind)
    assert "MemoryError" in ending.error


def test_a_file_cannot_grow_past_its_limit(tmp_path: Path) -> None:
    code = "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); os.ftruncate(os.open(scratch + '/f', 66), 1 << 30)"
    assert "File too large" in behind_walls(code, tmp_path).error


def test_no_capability_is_left_to_root(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to have something to lose")
    code = """
    header, held = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, held)
    assert not any(held)
    """
    assert behind_walls(code, tmp_path).through


def test_another_process_of_the_same_user_cannot_read_a_fenced_one(tmp_path: Path) -> None:
    code = "print(libc.prctl(3, 0, 0, 0, 0))"
    assert behind_walls(code, tmp_path).said[0] == "0"
