"""Hostile and clumsy programs, each with the outcome it must have. None may harm the next run.

The limits they run under are small (see ``LIMITS``), so that the suite stays quick.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Final

from tutor.autograd import Limits, Outcome, Program

LIMITS: Final = Limits(wall_seconds=20.0, cpu_seconds=20, memory_bytes=192 << 20, output_bytes=1 << 17)


@dataclass(frozen=True)
class Hostile:
    """``outcomes`` holds more than one only where the operating system decides which limit is met first."""

    name: str
    source: str
    outcomes: tuple[Outcome, ...]
    says: str = ""
    """A part of the exception's type or message, of the detail, or of the output."""
    limits: Limits = LIMITS

    @property
    def program(self) -> Program:
        return Program(source=self.source, limits=self.limits)


def _h(name: str, source: str, *outcomes: Outcome, says: str = "", **limits: float) -> Hostile:
    changed = replace(LIMITS, **limits) if limits else LIMITS  # type: ignore[arg-type]
    return Hostile(name, dedent(source).strip("\n") + "\n", outcomes, says, changed)


_TIME: Final = (
    _h("endless loop", "while True:\n    pass", "timeout"),
    _h(
        "endless loop in a thread that is waited for",
        """
        import threading
        threading.Thread(target=lambda: all(iter(lambda: 1, 0))).start()
    """,
        "timeout",
    ),
    _h(
        "endless daemon thread",
        """
        import threading
        def spin():
            while True:
                pass
        threading.Thread(target=spin, daemon=True).start()
        x = torch.ones(2)
    """,
        "ok",
    ),
    _h("sleeping for ever", "import time\ntime.sleep(1e6)", "timeout"),
    _h("waiting for a lock", "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", "timeout"),
    _h(
        "processor time of many threads",
        """
        import threading, hashlib
        data = bytes(1 << 20)
        def work():
            while True:
                hashlib.sha256(data)
        for _ in range(4):
            threading.Thread(target=work).start()
    """,
        "timeout",
        says="processor",
        cpu_seconds=0.5,
        wall_seconds=8.0,
    ),
    _h(
        "signals ignored",
        """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            pass
    """,
        "timeout",
    ),
    _h(
        "signals blocked",
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            pass
    """,
        "timeout",
    ),
    _h(
        "every exception caught",
        """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """,
        "timeout",
    ),
    _h("C code that holds the interpreter", "import ctypes\nctypes.PyDLL(None).sleep(1000)", "timeout"),
    _h("a regular expression that backtracks", "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')", "timeout"),
    _h("an enormous power", "10 ** 10 ** 9", "timeout", "memory-limit"),
    _h(
        "memory errors that are caught",
        """
        held = []
        while True:
            try:
                held.append(bytearray(1 << 20))
            except MemoryError:
                pass
    """,
        "timeout",
        "memory-limit",
    ),
    _h("a stopped process", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
    _h(
        "a hook that hangs",
        """
        x = torch.ones(2, requires_grad=True)
        x.register_hook(lambda grad: all(iter(lambda: 1, 0)))
        x.sum().backward()
    """,
        "timeout",
    ),
    _h(
        "an endless coroutine",
        """
        import asyncio
        async def forever():
            while True:
                await asyncio.sleep(0)
        asyncio.run(forever())
    """,
        "timeout",
    ),
    _h(
        "no thread ever gets its turn",
        """
        import sys, threading
        sys.setswitchinterval(1e9)
        threading.Thread(target=lambda: all(iter(lambda: 1, 0))).start()
        while True:
            pass
    """,
        "timeout",
    ),
    _h("atexit that hangs", "import atexit, time\natexit.register(time.sleep, 1e6)", "timeout"),
    _h(
        "a finaliser that hangs",
        """
        class Clingy:
            def __del__(self):
                while True:
                    pass
        clingy = Clingy()
        del clingy
    """,
        "timeout",
    ),
    _h(
        "a finaliser that would hang at the end",
        """
        class Clingy:
            def __del__(self):
                while True:
                    pass
        clingy = Clingy()
    """,
        "ok",
    ),
    _h(
        "a trace function that hangs",
        """
        import sys
        def trace(*_):
            while True:
                pass
        sys.settrace(trace)
        (lambda: None)()
    """,
        "timeout",
    ),
    _h(
        "an alarm",
        "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(5)",
        "crashed",
        says="SIGALRM",
    ),
)

_MEMORY: Final = (
    _h("a tensor of 100 GB", "torch.empty(25_000_000_000)", "memory-limit"),
    _h("a list that grows", "x = []\nwhile True:\n    x.append(bytes(1 << 20))", "memory-limit"),
    _h("a text that doubles", "x = 'x'\nwhile True:\n    x += x", "memory-limit"),
    _h("tensors that add up", "x = []\nwhile True:\n    x.append(torch.ones(1 << 18))", "memory-limit"),
    _h(
        "a graph that grows",
        """
        x = torch.ones(1 << 16, requires_grad=True)
        while True:
            x = x * 1.01
    """,
        "memory-limit",
    ),
    _h("memory that nobody holds", "while True:\n    torch.empty(1 << 30)", "memory-limit"),
    _h(
        "shared memory that no limit counts", "import mmap\nmmap.mmap(-1, 1 << 40)", "exception", says="PermissionError"
    ),
    _h("anonymous files", "import os\nos.memfd_create('x')", "exception", says="PermissionError"),
    _h("deep recursion", "def f():\n    return f()\nf()", "exception", says="RecursionError"),
    _h(
        "recursion without a limit",
        """
        import sys
        sys.setrecursionlimit(2 ** 31 - 1)
        def f(x):
            return f([x])
        f(0)
    """,
        "memory-limit",
        "crashed",
        "exception",
        "timeout",
    ),
    _h(
        "recursion in C without a limit",
        """
        import sys
        sys.setrecursionlimit(2 ** 31 - 1)
        class Deep:
            def __getattr__(self, name):
                return getattr(self, name + "x"[:0])
        Deep().x
    """,
        "crashed",
        "memory-limit",
    ),
    _h(
        "limits raised again",
        """
        import resource
        resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))
    """,
        "exception",
        says="ValueError",
    ),
    _h(
        "a thousand threads",
        """
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    """,
        "memory-limit",
        "exception",
    ),
    _h(
        "threads with tiny stacks",
        """
        import threading, time
        threading.stack_size(32768)
        while True:
            threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    """,
        "memory-limit",
        "exception",
    ),
)

_OUTPUT: Final = (
    _h("endless lines", "while True:\n    print('again')", "output-limit"),
    _h("endless errors", "import sys\nwhile True:\n    print('again', file=sys.stderr)", "output-limit"),
    _h("raw bytes without end", "import os\nwhile True:\n    os.write(1, bytes(65536))", "output-limit"),
    _h("one enormous line", "print('x' * (8 << 20))", "output-limit"),
    _h(
        "escape sequences",
        r"print('\x1b[2J\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://x\x07y')",
        "ok",
        says="␛[2J",
    ),
    _h("8-bit controls", r"import os" "\n" r"os.write(1, b'\xc2\x9b2J\x9b31m\x00\x08\x7f')", "ok"),
    _h("bidirectional marks", r"print('\u202eabc\u2066def\u200f')", "ok", says="<U+202E>"),
    _h("half a character", r"import os" "\n" r"os.write(1, b'\xe2\x82')", "ok"),
    _h("lone surrogates", r"print('\ud800')", "exception", says="UnicodeEncodeError"),
    _h("carriage returns", r"print('good\rbad')", "ok", says="␍"),
    _h("a closed standard output", "import sys\nsys.stdout.close()\nx = torch.ones(2)", "ok"),
    _h("no standard output", "import sys\nsys.stdout = sys.stderr = None\nprint('lost')", "ok"),
    _h("reading what nobody types", "input('name? ')", "exception", says="EOFError"),
    _h(
        "a hundred thousand warnings",
        """
        import warnings
        warnings.simplefilter("always")
        for number in range(20_000):
            warnings.warn(str(number))
    """,
        "ok",
    ),
)

_FILES: Final = (
    _h("a file of the system", "open('/etc/passwd').read()", "exception", says="PermissionError"),
    _h("its own memory", "open('/proc/self/mem', 'rb').read(1)", "exception", says="PermissionError"),
    _h(
        "a file that does not end",
        """
        with open("large", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    """,
        "exception",
        says="File too large",
    ),
    _h(
        "files without end",
        """
        number = 0
        while True:
            number += 1
            open(f"f{number}", "w").close()
    """,
        "output-limit",
        "timeout",
        says="files",
    ),
    _h(
        "large files without end",
        """
        number = 0
        while True:
            number += 1
            with open(f"f{number}", "wb") as file:
                file.write(bytes(32 << 20))
    """,
        "output-limit",
        "timeout",
        says="files",
    ),
    _h(
        "folders in folders",
        """
        import os
        while True:
            os.mkdir("d")
            os.chdir("d")
    """,
        "output-limit",
        says="files",
    ),
    _h("its own folder removed", "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)", "ok"),
    _h("folders nobody may enter", "import os\nos.makedirs('a/b')\nos.mkdir('c', 0)\nopen('a/b/f', 'w').close()", "ok"),
    _h(
        "all descriptors used",
        """
        import os
        while True:
            os.dup(1)
    """,
        "exception",
        says="Too many open files",
    ),
)

_PROCESSES: Final = (
    _h("a fork bomb", "import os\nwhile True:\n    os.fork()", "exception", says="PermissionError"),
    _h("a shell", "import subprocess\nsubprocess.run('true', shell=True)", "exception", says="PermissionError"),
    _h("a shell, quietly", "import os\nassert os.system('true') != 0", "ok"),
    _h(
        "a daemon",
        """
        import os
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    pass
    """,
        "exception",
        says="PermissionError",
    ),
    _h(
        "a pool of processes",
        """
        import multiprocessing
        multiprocessing.get_context("fork").Pool(2).map(abs, [1])
    """,
        "exception",
        says="PermissionError",
    ),
    _h("everybody killed", "import os\nos.kill(-1, 9)", "exception", says="PermissionError"),
    _h("its parent killed", "import os\nos.kill(os.getppid(), 9)", "exception", says="PermissionError"),
    _h("its group killed", "import os\nos.killpg(0, 9)", "exception", says="PermissionError"),
    _h(
        "its parent traced",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.ptrace(16, os.getppid(), 0, 0) == -1
        raise OSError(ctypes.get_errno(), "refused")
    """,
        "exception",
        says="PermissionError",
    ),
    _h(
        "a connection",
        "import socket\nsocket.create_connection(('127.0.0.1', 22))",
        "exception",
        says="PermissionError",
    ),
    _h("another program in its place", "import os\nos.execv('/bin/sh', ['sh'])", "exception", says="PermissionError"),
    _h("killed by itself", "import os\nos.kill(os.getpid(), 9)", "crashed", says="SIGKILL"),
    _h("a segmentation fault", "import ctypes\nctypes.string_at(0)", "crashed", says="SIGSEGV"),
    _h("an abort", "import os\nos.abort()", "crashed", says="SIGABRT"),
    _h("faulthandler", "import faulthandler\nfaulthandler._sigsegv()", "crashed", says="SIGSEGV"),
    _h(
        "faulthandler, later",
        """
        import faulthandler, time
        faulthandler.dump_traceback_later(0.05, exit=True)
        time.sleep(1)
    """,
        "no-result",
    ),
    _h(
        "a call of another machine",
        """
        import ctypes
        ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39))
    """,
        "crashed",
        "exception",
        "ok",
    ),
    _h("leaving at once", "import os\nos._exit(0)", "no-result", says="0"),
    _h("leaving with a status", "import os\nos._exit(7)", "no-result", says="7"),
    _h("leaving politely", "import sys\nsys.exit()", "ok"),
    _h("leaving with an error", "import sys\nsys.exit(3)", "exception", says="SystemExit"),
    _h(
        "leaving from a thread",
        """
        import os, threading, time
        threading.Timer(0.05, os._exit, [0]).start()
        time.sleep(1)
    """,
        "no-result",
    ),
)

_TALKING: Final = (
    _h("all descriptors closed", "import os\nos.closerange(0, 4096)", "no-result"),
    _h("its line overwritten", "import os\nfor n in range(3, 64):\n    os.dup2(1, n)", "no-result", "exception"),
    _h("rubbish on its line", "import os\nos.write(3, b'rubbish' * 100)", "forged-result"),
    _h("a flood on its line", "import os\nwhile True:\n    os.write(3, bytes(65536))", "forged-result"),
    _h("an enormous frame", r"import os" "\n" r"os.write(3, b'\xff\xff\xff\xff\x04' + bytes(1000))", "forged-result"),
    _h(
        "half a frame",
        r"import os" "\n" r"os.write(3, b'\x10\x00\x00\x00\x04abc')" "\nos._exit(0)",
        "forged-result",
        "no-result",
    ),
    _h(
        "a frame of its own",
        """
        import os
        from tutor.autograd import Observation
        from tutor.running.protocol import Ended, Result, frame
        os.write(3, frame(Ended()) + frame(Result(observation=Observation(outcome="ok"))))
    """,
        "forged-result",
    ),
    _h(
        "its own frame, and gone",
        """
        import os
        from tutor.autograd import Observation
        from tutor.running.protocol import Ended, Result, frame
        os.write(3, frame(Ended()) + frame(Result(observation=Observation(outcome="ok"))))
        os._exit(0)
    """,
        "forged-result",
    ),
    _h(
        "one frame too many",
        """
        import os
        from tutor.running.protocol import Ended, frame
        os.write(3, frame(Ended()))
    """,
        "forged-result",
    ),
    _h(
        "deep nesting in a frame",
        r"""
        import os, struct
        body = b"\x91" * 200_000
        os.write(3, struct.pack("<IB", len(body), 2) + body)
    """,
        "forged-result",
    ),
)

_VALUES: Final = (
    _h("a value nested ten thousand deep", "x = []\nfor _ in range(10_000):\n    x = [x]", "ok"),
    _h("a list that holds itself", "x = []\nx.append(x)\ny = {'x': x}\nx.append(y)", "ok"),
    _h(
        "a hundred thousand tensors",
        """
        for number in range(100_000):
            globals()[f"t{number}"] = torch.tensor(0.0)
    """,
        "ok",
        "timeout",
        memory_bytes=768 << 20,
    ),
    _h("a large tensor", "x = torch.ones(4_000_000)", "ok"),
    _h(
        "a repr that raises",
        """
        class Rude:
            def __repr__(self):
                raise SystemExit("never")
            __str__ = __repr__
        rude = Rude()
    """,
        "ok",
    ),
    _h(
        "a message that cannot be read",
        """
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no")
        raise Mute
    """,
        "exception",
        says="Mute",
    ),
    _h("a message of 64 MB", "raise ValueError('x' * (64 << 20))", "exception", says="ValueError"),
    _h("a message that steers the terminal", r"raise ValueError('\x1b[2J\x9b31m\u202e')", "exception", says="␛[2J"),
    _h(
        "a class whose name steers the terminal",
        r"raise type('\x1b[2J', (Exception,), {})('x')",
        "exception",
        says="␛[2J",
    ),
    _h("a name that steers the terminal", r"globals()['\x1b[2J'] = torch.ones(1)", "ok"),
    _h(
        "a chain of a thousand causes",
        """
        error = None
        for number in range(1000):
            new = ValueError(number)
            new.__cause__ = error
            error = new
        raise error
    """,
        "exception",
        says="ValueError",
    ),
    _h(
        "a cause that goes round",
        "a = ValueError(1)\nb = ValueError(2)\na.__cause__ = b\nb.__cause__ = a\nraise a",
        "exception",
        says="ValueError",
    ),
    _h(
        "a tensor class that lies",
        """
        class Liar(torch.Tensor):
            @classmethod
            def __torch_function__(cls, *args, **kwargs):
                raise RuntimeError("no")
        x = torch.ones(2).as_subclass(Liar)
    """,
        "ok",
    ),
    _h(
        "a class that denies itself",
        """
        class Chameleon:
            @property
            def __class__(self):
                raise KeyboardInterrupt
        x = Chameleon()
    """,
        "ok",
    ),
)

_SABOTAGE: Final = (
    _h(
        "builtins gone",
        "import builtins\nfor name in list(vars(builtins)):\n    delattr(builtins, name)",
        "exception",
        "ok",
        "no-result",
        "internal",
    ),
    _h("modules gone", "import sys\nsys.modules.clear()", "ok", "no-result", "exception", "internal"),
    _h("torch gone", "torch = None", "ok"),
    _h(
        "a serialiser of its own",
        "import msgspec\nmsgspec.msgpack.encode = lambda *_: b'rubbish'",
        "ok",
        "forged-result",
        "no-result",
    ),
    _h("no recursion left", "import sys\nsys.setrecursionlimit(40)", "ok", "exception"),
    _h("os replaced", "import os\nos._exit = os.write = print", "ok"),
    _h("the default type changed", "torch.set_default_dtype(torch.float64)\nx = torch.ones(2)", "ok"),
    _h("many threads of torch's", "torch.set_num_threads(8)\nx = torch.rand(800, 800) @ torch.rand(800, 800)", "ok"),
)

_SOURCES: Final = (
    _h("a null byte", "x = 1\x00", "syntax-error"),
    _h("tabs and spaces", "if True:\n        x = 1\n\ty = 2", "syntax-error"),
    _h("an unclosed bracket", "x = (1", "syntax-error"),
    _h("brackets in brackets", "x = " + "(" * 5000 + ")" * 5000, "syntax-error"),
    _h("signs in a row", "x = " + "-" * 200_000 + "1", "syntax-error", "crashed", "memory-limit"),
    _h("a megabyte of text", "x = 1  # " + "x" * (1 << 20) + "\n", "ok"),
    _h("a lone surrogate in the text", "x = '\ud800'", "syntax-error", "ok", "exception"),
    _h("nothing", "", "ok"),
    _h("form feeds", "x = 1\n\x0c\ny = 2\n", "ok"),
)


def _shorter(hostile: Hostile) -> Hostile:
    """Those that are to run out of time need not be waited for long."""
    if hostile.outcomes[0] != "timeout" or hostile.limits is not LIMITS:
        return hostile
    return replace(hostile, limits=replace(LIMITS, wall_seconds=0.5))


HOSTILE: Final = (
    *map(_shorter, _TIME),
    *_MEMORY,
    *_OUTPUT,
    *_FILES,
    *_PROCESSES,
    *_TALKING,
    *_VALUES,
    *_SABOTAGE,
    *_SOURCES,
)

HONEST: Final = Program(
    source="x = torch.arange(4.0, requires_grad=True)\ny = 2 * torch.dot(x, x)\ny.backward()\nprint('done')\n",
    probes=("x.grad",),
)
"""Run after the others: it must come out as if they had never been."""
