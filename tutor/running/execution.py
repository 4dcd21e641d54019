"""Runs one program in this process, which must be its own, and reads what it left."""

from __future__ import annotations

import builtins
import io
import linecache
import os
import random
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np
import torch

from tutor.autograd import ExceptionSeen, Observation, Outcome, Probe, Program, WarningSeen
from tutor.running import originals
from tutor.running.limiting import release_reserve
from tutor.running.open_script import enter_folder
from tutor.running.reading import (
    Budget,
    Files,
    described,
    read_exception,
    read_namespace,
    syntax_trouble,
    undisturbed,
)
from tutor.running.reading.files import PROBE, SETUP
from tutor.running.reading.texts import said, text
from tutor.running.recording import Recorder

_MOST_WARNINGS: Final = 100
_COMPILING_FAILED: Final = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
_ALLOCATION_WORDS: Final = ("can't allocate memory", "std::bad_alloc", "not enough memory", "Cannot allocate memory")
_seeded: Final[list[int]] = [-1]
"""The seed that the generators stand at, nothing having been drawn since."""
_threads_alive = threading.enumerate
_current_thread = threading.current_thread


@dataclass(slots=True)
class Ran:
    """A program that is over, with its namespace still alive."""

    program: Program
    files: Files
    namespace: dict[str, Any]
    outcome: Outcome = "ok"
    detail: str = ""
    error: BaseException | None = None
    syntax: ExceptionSeen | None = None
    warnings: list[WarningSeen] = field(default_factory=list)
    recorder: Recorder | None = None


def execute(program: Program, environment: dict[str, str] | None = None) -> Ran:
    """Run setup and program; whatever they raise is kept, not raised."""
    ran = _prepared(program, environment)
    watched = {"history", "graph"} & program.collect
    if watched:
        ran.recorder = Recorder({ran.files.compiled_as: "answer", SETUP: "setup"})
    codes = _compiled(ran)
    if codes is None:
        return ran
    try:
        with ExitStack() as stack:
            if ran.recorder is not None:
                stack.enter_context(ran.recorder)
            for code in codes:
                exec(code, ran.namespace)  # noqa: S102 -- this is what this process is for
            _wait_for_threads()
    except SystemExit as request:
        _left(ran, request)
    except BaseException as error:  # noqa: BLE001 -- a program may raise anything
        ran.error = error
        ran.outcome = "memory-limit" if _out_of_memory(error) else "exception"
    return ran


def _prepared(program: Program, environment: dict[str, str] | None) -> Ran:
    files = enter_folder(program, environment)
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    namespace = module.__dict__
    if program.walls == "open":
        namespace["__file__"] = files.compiled_as
    else:
        # an open script imports torch itself, or is told that it did not
        namespace["torch"] = torch
    _remember_source(SETUP, program.setup)
    _remember_source(files.compiled_as, program.source)
    if program.seed != _seeded[0]:
        sow(program.seed)
    ran = Ran(program=program, files=files, namespace=namespace)
    warnings.showwarning = _Warned(ran)
    return ran


def sow(seed: int) -> None:
    """Set every generator that a program is likely to draw from."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    _seeded[:] = [seed]


def _remember_source(filename: str, source: str) -> None:
    lines = io.StringIO(source).readlines()
    linecache.cache[filename] = (len(source), None, lines, filename)


def _compiled(ran: Ran) -> list[types.CodeType] | None:
    """The code of setup and program. None, and the outcome set, when one of them is not Python."""
    codes = []
    for source, filename in ((ran.program.setup, SETUP), (ran.program.source, ran.files.compiled_as)):
        if not source and filename == SETUP:
            continue
        try:
            codes.append(compile(source, filename, "exec", dont_inherit=True))
        except _COMPILING_FAILED as error:
            ran.outcome = "syntax-error"
            ran.syntax = syntax_trouble(error, ran.files, source, filename)
            return None
    return codes


def _wait_for_threads() -> None:
    """As Python does at its end: threads that are not daemons are waited for."""
    if len(_threads_alive()) == 1:
        return
    for farewell in reversed(getattr(threading, "_threading_atexits", [])):
        farewell()
    while waiting := [thread for thread in _threads_alive() if thread is not _current_thread() and not thread.daemon]:
        waiting[0].join()


def _left(ran: Ran, request: SystemExit) -> None:
    code = request.code
    ran.detail = f"sys.exit({'' if code is None else said(repr, code, 200, 'something')})"
    if not (code is None or code == 0):
        ran.error, ran.outcome = request, "exception"


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, SystemError) and "without exception set" in said(str, error, 200, ""):
        return True  # so CPython 3.11 puts it when it has no memory left for another frame
    return isinstance(error, RuntimeError) and any(words in said(str, error, 2000, "") for words in _ALLOCATION_WORDS)


class _Warned:
    """Stands in for ``warnings.showwarning``: keeps what was said and the learner's line that led to it."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,  # noqa: ARG002 -- as Python calls it
        line: str | None = None,  # noqa: ARG002
    ) -> None:
        if len(self._ran.warnings) >= _MOST_WARNINGS:
            return
        here = lineno if filename == self._ran.files.compiled_as else self._line()
        said_ = said(str, message, 4000, "")
        self._ran.warnings.append(WarningSeen(category=text(category.__name__, 100), message=said_, line=here))

    def _line(self) -> int | None:
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self._ran.files.compiled_as:
                return frame.f_lineno
            frame = frame.f_back
        return None


def observe(ran: Ran, probes: tuple[str, ...]) -> Observation:
    """Read tensors, then evaluate the probes, then read what happened."""
    collect = ran.program.collect
    budget = Budget(int(ran.program.limits.result_bytes * 0.8))
    fields: dict[str, Any] = {}
    with undisturbed():
        exception = ran.syntax if ran.error is None else read_exception(ran.error, ran.files)
        tensors = read_namespace(ran.namespace) if "tensors" in collect else ()
        if ran.recorder is not None:
            fields.update(_recorded(ran, ran.recorder))
    return Observation(
        outcome=ran.outcome,
        tensors=tensors,
        exception=exception,
        warnings=tuple(ran.warnings),
        detail=ran.detail,
        probes=tuple(_probed(ran, probes, budget)),
        **fields,
    )


def _recorded(ran: Ran, recorder: Recorder) -> Iterator[tuple[str, Any]]:
    history = recorder.finish(ran.namespace, ran.error)
    yield "history", history
    if "graph" in ran.program.collect:
        yield "graphs", recorder.graphs(ran.namespace, history)


def _probed(ran: Ran, probes: tuple[str, ...], budget: Budget) -> Iterator[Probe]:
    scope = originals.scope(ran.namespace)
    for expression in probes:
        try:
            _remember_source(PROBE, expression)
            code = compile(expression.strip(), PROBE, "eval", dont_inherit=True)
            with torch._C.DisableTorchFunction():
                value = eval(code, scope)  # noqa: S307 -- the pack's expression, in the learner's own process
            with undisturbed():
                yield Probe(expression=expression, value=described(value, budget, own_words=True))
        except _COMPILING_FAILED as error:
            with undisturbed():
                yield Probe(expression=expression, error=_probe_error(error, ran.files))
        except BaseException as error:  # noqa: BLE001 -- an expression may raise anything
            with undisturbed():
                yield Probe(expression=expression, error=read_exception(error, ran.files))


def _probe_error(error: BaseException, files: Files) -> ExceptionSeen:
    trouble = syntax_trouble(error, files, "", PROBE) if isinstance(error, SyntaxError) else None
    return trouble or read_exception(error, files)


def settle() -> None:
    """Take back what would still act while reading: replacements, traces, timers, a low recursion limit."""
    originals.restore()
    release_reserve()
    sys.settrace(None)
    sys.setprofile(None)
    sys.setrecursionlimit(max(3000, sys.getrecursionlimit()))
    with suppress(ImportError, AttributeError, OSError):
        import signal  # noqa: PLC0415 -- not everywhere the same

        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)


def farewell() -> None:
    """What a Python program still does when it ends: its atexit functions, then the last of its output."""
    import atexit  # noqa: PLC0415 -- used once

    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            cast("io.TextIOBase", stream).flush()
    with suppress(Exception):
        import ctypes  # noqa: PLC0415 -- C code of the learner's may have buffered output

        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)
