"""However a program ends, the outcome says so, and the next run is a normal one."""

from __future__ import annotations

import pytest

from tutor.autograd import Limits, Observation, Program
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1 << 20


async def ran(runner: Runner, source: str, **fields: object) -> Observation:
    return await runner.run(Program(source=source, **fields))  # type: ignore[arg-type]


async def test_a_program_that_ends_is_ok(runner: Runner) -> None:
    seen = await ran(runner, "x = torch.ones(2)\n")
    assert (seen.outcome, seen.exception, seen.detail) == ("ok", None, "")
    assert [tensor.name for tensor in seen.tensors] == ["x"]
    assert seen.elapsed_ms > 0


@pytest.mark.parametrize(
    ("source", "kind", "line", "column"),
    [
        ("x = 1\ny = = 2\n", "SyntaxError", 2, 4),
        ("if True:\nx = 1\n", "IndentationError", 2, 0),
        ("if True:\n\tx = 1\n        y = 2\n", "TabError", 3, None),
        ("x = 1\ny = 'a\0b'\n", "SyntaxError", 2, 6),
        ("x = 1\ny = '\ud800'\n", "SyntaxError", 2, 5),
        ("x = (" * 300, "SyntaxError", 1, None),
        ("x = " + "-" * 200_000 + "1", None, None, None),
        ("return 1\n", "SyntaxError", 1, 0),
        ("x = 1\n" * 3 + "await x\n", "SyntaxError", 4, 0),
    ],
)
async def test_what_is_no_python_is_a_syntax_error(
    runner: Runner, source: str, kind: str | None, line: int | None, column: int | None
) -> None:
    seen = await ran(runner, source)
    assert seen.outcome == "syntax-error"
    assert seen.exception is not None
    if kind is not None:
        assert (seen.exception.type, seen.exception.line) == (kind, line)
    if column is not None:
        assert seen.exception.column == column


async def test_a_syntax_error_in_the_setup_is_not_at_a_line_of_the_answer(runner: Runner) -> None:
    seen = await ran(runner, "x = 1\n", setup="y = (\n")
    assert seen.outcome == "syntax-error"
    assert seen.exception is not None
    assert seen.exception.line is None
    assert seen.exception.frames[0].where == "setup"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("input()", "EOFError"),
        ("def f():\n    f()\nf()", "RecursionError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import sys\nsys.exit('no more')", "SystemExit"),
        ("class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd", "Odd"),
        ("torch.zeros(10 ** 20)", "TypeError"),
        ("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])", "ExceptionGroup"),
    ],
)
async def test_what_a_program_raises_is_its_exception(runner: Runner, source: str, kind: str) -> None:
    seen = await ran(runner, source)
    assert seen.outcome == "exception"
    assert seen.exception is not None
    assert seen.exception.type == kind
    assert seen.exception.line == source.count("\n", 0, len(source.rstrip())) + 1 or kind == "RecursionError"


@pytest.mark.parametrize("call", ["sys.exit()", "sys.exit(0)", "exit()", "quit()"])
async def test_leaving_without_a_fault_is_ok_and_said(runner: Runner, call: str) -> None:
    seen = await ran(runner, f"import sys\nx = torch.ones(1)\n{call}\n")
    assert seen.outcome == "ok"
    assert seen.detail.startswith("sys.exit(")
    assert [tensor.name for tensor in seen.tensors] == ["x"]


async def test_an_exit_that_hands_nothing_back_is_no_result(runner: Runner) -> None:
    seen = await ran(runner, "import os\nprint('here')\nos._exit(3)\n")
    assert seen.outcome == "no-result"
    assert "3" in seen.detail
    assert seen.stdout == "here\n"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("import os\nos.abort()", "SIGABRT"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ],
)
async def test_a_signal_is_a_crash_by_its_name(runner: Runner, source: str, name: str) -> None:
    seen = await ran(runner, source)
    assert (seen.outcome, seen.detail) == ("crashed", name)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import time\ntime.sleep(60)",
        "import signal\nfor n in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU): signal.signal(n, signal.SIG_IGN)\n"
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        "import atexit, time\natexit.register(time.sleep, 60)",
        "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
        "import os\nos.closerange(0, 1000)\nwhile True: pass",
        "class Slow:\n    def __repr__(self):\n        while True: pass\nx = Slow()\nwhile True: pass",
    ],
)
async def test_a_program_without_end_is_a_timeout(runner: Runner, source: str) -> None:
    seen = await ran(runner, source, limits=Limits(wall_seconds=0.4))
    assert (seen.outcome, seen.detail) == ("timeout", "0.4 s of wall time")


async def test_processor_time_has_a_limit_of_its_own(runner: Runner) -> None:
    seen = await ran(runner, "while True: pass", limits=Limits(wall_seconds=30, cpu_seconds=0.3))
    assert (seen.outcome, seen.detail) == ("timeout", "0.3 s of processor time")


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.zeros(25 * 10 ** 9)",
        "x = bytearray(100 << 30)",
        "kept = []\nwhile True: kept.append(torch.ones(1 << 20))",
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef deeper(n):\n    return deeper(n + 1)\ndeeper(0)",
    ],
)
async def test_too_much_memory_is_a_memory_limit(runner: Runner, source: str) -> None:
    seen = await ran(runner, source, limits=Limits(memory_bytes=200 * MIB, wall_seconds=20, result_bytes=1 * MIB))
    assert seen.outcome == "memory-limit"


async def test_a_failed_allocation_names_the_line(runner: Runner) -> None:
    seen = await ran(runner, "x = torch.ones(2)\nhuge = torch.zeros(10 ** 12)\n")
    assert seen.outcome == "memory-limit"
    assert seen.exception is not None
    assert seen.exception.line == 2
    assert [tensor.name for tensor in seen.tensors] == ["x"]


@pytest.mark.parametrize(
    "source",
    ["while True: print('x' * 1000)", "import os\nwhile True: os.write(2, b'y' * 60000)", "print('z' * (2 << 20))"],
)
async def test_too_much_output_is_an_output_limit_with_head_and_tail(runner: Runner, source: str) -> None:
    seen = await ran(runner, "print('first line')\n" + source)
    assert seen.outcome == "output-limit"
    assert seen.stdout.startswith("first line\n")
    assert seen.output_dropped > MIB // 2
    assert sum(len(chunk.text) for chunk in seen.output) < 200_000


async def test_output_within_the_limit_is_whole(runner: Runner) -> None:
    seen = await ran(runner, "for i in range(20_000): print(i)")
    assert seen.outcome == "ok"
    assert seen.stdout == "".join(f"{i}\n" for i in range(20_000))


async def test_a_closed_line_is_no_result(runner: Runner) -> None:
    seen = await ran(runner, "import os\nos.closerange(0, 4096)\n")
    assert seen.outcome == "no-result"


async def test_a_megabyte_of_program_runs(runner: Runner) -> None:
    seen = await ran(runner, "# " + "x" * (1 << 20) + "\ny = torch.ones(1)\n")
    assert seen.outcome == "ok"
    assert [tensor.name for tensor in seen.tensors] == ["y"]


async def test_after_all_of_these_a_run_is_normal(runner: Runner) -> None:
    seen = await ran(runner, "x = torch.ones(2, requires_grad=True)\nx.sum().backward()\n", probes=("x.grad",))
    assert seen.outcome == "ok"
    assert seen.probes[0].error is None


async def test_a_flood_does_not_cost_the_server(runner: Runner) -> None:
    """What the client asks for in a flood must not fill the line to the server, which would be restarted."""
    for _ in range(8):
        flood = await ran(runner, "import os\nos.write(1, str(os.getppid()).encode())\nwhile True: print('x' * 1000)")
        assert flood.outcome == "output-limit"
    servers = {(await ran(runner, "import os\nprint(os.getppid())")).stdout for _ in range(2)}
    assert servers == {flood.stdout.split("x")[0] + "\n"}
