"""Errors, warnings and output come back with their place and in their order."""

from __future__ import annotations

import pytest

from tutor.autograd import Chunk, ExceptionSeen, Observation, PlainValue, Program, TensorValue
from tutor.running import Runner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ran(runner: Runner, source: str, setup: str = "") -> Observation:
    return await runner.run(Program(source=source, setup=setup))


async def raised(runner: Runner, source: str, setup: str = "") -> ExceptionSeen:
    seen = await ran(runner, source, setup)
    assert seen.exception is not None, seen
    return seen.exception


async def test_the_failing_expression_is_found_exactly(runner: Runner) -> None:
    error = await raised(runner, "x = torch.ones(2, 3)\nè = 1\ny = (x.sum(0) + x\n     @ torch.ones(2))\n")
    assert error.line == 3
    frame = next(frame for frame in error.frames if frame.where == "answer")
    assert (frame.line, frame.end_line, frame.expression) == (3, 4, "x\n     @ torch.ones(2)")
    assert (frame.column, frame.end_column) == (16, 20)
    assert frame.source == "y = (x.sum(0) + x"


async def test_columns_count_characters(runner: Runner) -> None:
    error = await raised(runner, "é = 'ééé'; torch.ones(2) @ torch.ones(3)\n")
    frame = error.frames[0]
    assert (frame.column, frame.expression) == (11, "torch.ones(2) @ torch.ones(3)")


async def test_each_of_the_learners_frames_is_there_with_its_variables(runner: Runner) -> None:
    error = await raised(
        runner,
        "def loss(w, n=2):\n    inner = w * n\n    inner.backward()\n\nclass Model:\n    def step(self, w):\n"
        "        loss(w)\n\nModel().step(torch.ones(3, requires_grad=True))\n",
    )
    own = [frame for frame in error.frames if frame.where == "answer"]
    assert [(frame.function, frame.line) for frame in own] == [("<module>", 9), ("Model.step", 7), ("loss", 3)]
    assert (error.line, error.type) == (3, "RuntimeError")
    variables = {local.name: local for local in own[-1].locals}
    assert list(variables) == ["w", "n", "inner"]
    inner = variables["inner"]
    assert inner.tensor is not None
    assert inner.tensor.grad_fn == "MulBackward0"
    assert isinstance(inner.value, TensorValue)
    assert isinstance(variables["n"].value, PlainValue)


async def test_only_the_innermost_frames_of_a_library_are_kept(runner: Runner) -> None:
    error = await raised(runner, "net = torch.nn.Sequential(torch.nn.Linear(2, 3))\nnet(torch.ones(5))\n")
    assert [frame.where for frame in error.frames][:1] == ["answer"]
    assert {frame.where for frame in error.frames[1:]} == {"library"}
    assert len(error.frames) <= 5
    assert all(not frame.locals for frame in error.frames[1:])
    assert "tutor" not in " ".join(frame.filename for frame in error.frames)


async def test_deep_recursion_is_told_in_few_frames(runner: Runner) -> None:
    error = await raised(runner, "def f(n):\n    return f(n + 1)\n\nf(0)\n")
    assert error.type == "RecursionError"
    assert (error.line, len(error.frames) <= 40) == (2, True)


async def test_a_failure_in_the_setup_is_there_and_not_in_the_answer(runner: Runner) -> None:
    error = await raised(runner, "y = 1\n", setup="x = 1\nx.wrong\n")
    assert error.line is None
    assert [(frame.where, frame.line) for frame in error.frames] == [("setup", 2)]


async def test_a_function_of_the_setup_that_fails_leaves_the_line_that_called_it(runner: Runner) -> None:
    error = await raised(runner, "\nf(None)\n", setup="def f(x):\n    return x.sum()\n")
    assert error.line == 2
    assert [(frame.where, frame.line) for frame in error.frames] == [("answer", 2), ("setup", 2)]


async def test_bases_notes_and_causes_are_told(runner: Runner) -> None:
    error = await raised(
        runner,
        "class Mine(ValueError): pass\n"
        "try:\n    {}['k']\nexcept KeyError as problem:\n    error = Mine('bad \\x1b[31m')\n"
        "    error.add_note('look here')\n    raise error from problem\n",
    )
    assert (error.type, error.bases[:2], error.message) == ("Mine", ("ValueError", "Exception"), "bad ␛[31m")
    assert error.notes == ("look here",)
    assert error.cause is not None
    assert (error.cause.type, error.cause.message, error.cause.line) == ("KeyError", "'k'", 3)


async def test_errors_of_a_library_have_its_name(runner: Runner) -> None:
    error = await raised(runner, "raise torch.OutOfMemoryError('none left')\n")
    assert error.type == "torch.OutOfMemoryError"
    assert "RuntimeError" in error.bases


async def test_syntax_errors_of_code_made_at_run_time_are_exceptions(runner: Runner) -> None:
    seen = await ran(runner, "x = 1\neval('1 +')\n")
    assert seen.outcome == "exception"
    assert seen.exception is not None
    assert (seen.exception.type, seen.exception.line) == ("SyntaxError", 2)


async def test_output_and_errors_are_in_the_order_they_were_written(runner: Runner) -> None:
    seen = await ran(
        runner,
        "import sys, os\nfor i in range(3):\n    print('out', i)\n    print('err', i, file=sys.stderr)\n"
        "print('a', end='')\nsys.stderr.write('b')\nsys.stdout.buffer.write(b'c')\nos.write(1, b'd')\n",
    )
    assert "".join(chunk.text for chunk in seen.output[:6]) == "out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n"
    assert [chunk.stream for chunk in seen.output[:6]] == ["stdout", "stderr"] * 3
    assert (seen.stdout, seen.stderr) == ("out 0\nout 1\nout 2\nacd", "err 0\nerr 1\nerr 2\nb")
    assert [(chunk.stream, chunk.text[:1]) for chunk in seen.output[6:8]] == [("stdout", "a"), ("stderr", "b")]


async def test_output_before_a_crash_is_there(runner: Runner) -> None:
    seen = await ran(runner, "import os\nprint('so far', end='')\nos.abort()\n")
    assert (seen.outcome, seen.stdout) == ("crashed", "so far")


async def test_output_of_threads_atexit_functions_and_c_code_is_there(runner: Runner) -> None:
    seen = await ran(
        runner,
        "import atexit, threading, time, ctypes\n"
        "atexit.register(print, 'bye')\n"
        "def later():\n    time.sleep(0.05)\n    print('later')\n"
        "threading.Thread(target=later).start()\n"
        "ctypes.CDLL(None).printf(b'from C\\n')\n"
        "print('end')\n",
    )
    assert seen.outcome == "ok"
    assert seen.stdout.splitlines()[:3] == ["end", "later", "bye"]
    assert "from C\n" in seen.stdout


async def test_a_pool_that_was_not_shut_down_does_not_hold_a_program_up(runner: Runner) -> None:
    seen = await ran(
        runner,
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
        "f = pool.submit(lambda: torch.ones(1))\nx = f.result()\n",
    )
    assert seen.outcome == "ok"


async def test_no_control_character_comes_through(runner: Runner) -> None:
    seen = await ran(
        runner,
        "import os\nprint('\\x1b]0;title\\x07', '\\x9b31m', '\\u202e')\nos.write(1, b'\\xff\\x9b\\x00')\n"
        "class Odd:\n    def __repr__(self): return '\\x1b[2J'\n"
        "globals()['a\\x1b'] = torch.ones(1)\nx = Odd()\nraise ValueError('\\x1b[31m')\n",
    )
    everything = repr(seen) + seen.stdout
    assert not {"\x1b", "\x07", "\x9b", "\x00", "\u202e"} & set(everything)
    assert "␛]0;title␇" in seen.stdout


async def test_warnings_have_the_learners_line(runner: Runner) -> None:
    seen = await ran(
        runner,
        "import warnings\n"
        "warnings.warn('of mine')\n"
        "def f():\n    torch.tensor(torch.ones(1))\n"
        "f()\n"
        "warnings.simplefilter('ignore')\nwarnings.warn('unheard')\n",
    )
    assert [(warning.category, warning.line) for warning in seen.warnings] == [("UserWarning", 2), ("UserWarning", 4)]
    assert seen.stderr == ""


async def test_warnings_that_a_program_catches_are_its_own(runner: Runner) -> None:
    seen = await ran(
        runner,
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n    warnings.simplefilter('always')\n"
        "    warnings.warn('one')\nprint(len(caught))\n",
    )
    assert (seen.warnings, seen.stdout) == ((), "1\n")


async def test_a_flood_of_warnings_is_bounded(runner: Runner) -> None:
    seen = await ran(runner, "import warnings\nfor i in range(10_000): warnings.warn(str(i))\n")
    assert seen.outcome == "ok"
    assert len(seen.warnings) == 100


async def test_a_program_is_the_main_module(runner: Runner) -> None:
    seen = await ran(
        runner,
        "from dataclasses import dataclass\nimport __main__, sys, traceback\n"
        "@dataclass\nclass P:\n    x: 'int'\n"
        "print(__name__, __main__.P is P, P(1), sys.argv, input.__name__)\n"
        "def f(): 1 / 0\n"
        "try: f()\nexcept ZeroDivisionError: print(traceback.format_exc())\n",
    )
    assert seen.stdout.startswith("__main__ True P(x=1) ['answer.py'] input\n")
    assert 'File "answer.py", line 7, in f\n    def f(): 1 / 0' in seen.stdout


async def test_a_second_stretch_of_output_keeps_characters_whole(runner: Runner) -> None:
    seen = await ran(runner, "import os\nos.write(1, 'é'.encode()[:1])\nos.write(1, 'é'.encode()[1:])\n")
    assert seen.output == (Chunk("stdout", "é"),)
