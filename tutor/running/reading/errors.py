"""An exception as plain data: its frames with exact positions, and what their variables held."""

from __future__ import annotations

import io
import linecache
import types
from collections.abc import Iterator
from typing import Any, Final

from tutor.autograd import ExceptionSeen, FrameSeen, Local, PlainValue
from tutor.running.reading.files import Files
from tutor.running.reading.tensors import is_tensor, seen
from tutor.running.reading.texts import said, text, type_name
from tutor.running.reading.values import Budget, described

_MOST_MESSAGE: Final = 8000
_MOST_FRAMES: Final = 40
_MOST_WITH_LOCALS: Final = 12
_MOST_LOCALS: Final = 60
_MOST_LIBRARY: Final = 4
_LOCALS_BYTES: Final = 1 << 20
_MOST_CAUSES: Final = 3

_LEFT_OUT: Final = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType)


def read_exception(error: BaseException, files: Files, *, causes: int = _MOST_CAUSES) -> ExceptionSeen:
    """Call it inside :func:`tutor.running.reading.tensors.undisturbed`."""
    if isinstance(error, SyntaxError) and error.__traceback__ is not None and _compiled_here(error, files):
        return syntax_trouble(error, files)
    frames = tuple(_frames(error.__traceback__, files))
    own = [frame for frame in frames if frame.where == "answer"]
    return ExceptionSeen(
        type=type_name(type(error)),
        bases=_bases(error),
        message=message_of(error),
        line=own[-1].line if own else None,
        column=own[-1].column if own else None,
        frames=frames,
        notes=_notes(error),
        cause=_cause(error, files, causes),
    )


def syntax_trouble(
    error: BaseException, files: Files, source: str | None = None, within: str | None = None
) -> ExceptionSeen:
    """The program, or its setup, could not be compiled. ``source`` and ``within``, its file, help where Python says
    nothing of them."""
    filename = getattr(error, "filename", None) or within or files.compiled_as
    line, column = getattr(error, "lineno", None), getattr(error, "offset", None)
    if source is not None and (not line or isinstance(error, UnicodeEncodeError)):
        line, column = _position(source, error)
    here = files.where(str(filename)) == "answer"
    frame = FrameSeen(
        where=files.where(str(filename)),
        filename=text(files.shown(str(filename)), 500),
        function="<module>",
        line=max(1, line or 1),
        end_line=getattr(error, "end_lineno", None) or None,
        column=None if not column else max(0, column - 1),
        end_column=_positive(getattr(error, "end_offset", None)),
        source=text(linecache.getline(str(filename), line or 1).rstrip("\n"), 500),
    )
    return ExceptionSeen(
        type=type_name(type(error)),
        bases=_bases(error),
        message=text(error.msg, _MOST_MESSAGE) if isinstance(error, SyntaxError) else message_of(error),
        line=frame.line if here and line else None,
        column=frame.column if here and line else None,
        frames=(frame,),
    )


def message_of(error: BaseException) -> str:
    """Its words, as Python would print them."""
    return said(str, error, _MOST_MESSAGE, f"<{type_name(type(error))}: its message cannot be shown>")


def _compiled_here(error: SyntaxError, files: Files) -> bool:
    return error.filename is not None and files.where(error.filename) == "answer" and error.lineno is not None


def _positive(offset: int | None) -> int | None:
    return None if not offset or offset < 1 else offset - 1


def _position(source: str, error: BaseException) -> tuple[int | None, int | None]:
    """Line and column, from 1, of a character that no program may hold."""
    if isinstance(error, UnicodeEncodeError):
        offset = error.start
    elif "null byte" in str(error) and "\0" in source:
        offset = source.index("\0")
    else:
        return None, None
    before = io.StringIO(source[:offset]).readlines() or [""]
    last = before[-1]
    return (len(before) + 1, 1) if last.endswith("\n") else (len(before), len(last) + 1)


def _bases(error: BaseException) -> tuple[str, ...]:
    return tuple(type_name(base) for base in type(error).__mro__[1:-1])[:20]


def _notes(error: BaseException) -> tuple[str, ...]:
    notes = getattr(error, "__notes__", ())
    return tuple(text(note, 1000) for note in list(notes)[:10] if isinstance(note, str)) if type(notes) is list else ()


def _cause(error: BaseException, files: Files, causes: int) -> ExceptionSeen | None:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None if earlier is None or causes <= 0 else read_exception(earlier, files, causes=causes - 1)


def _frames(trace: types.TracebackType | None, files: Files) -> Iterator[FrameSeen]:
    """The learner's own frames, and those of a library below the last of them."""
    steps = list(_steps(trace))
    own = [index for index, step in enumerate(steps) if files.where(_file(step)) != "library"]
    last = own[-1] if own else -1
    kept = _bounded(own)
    inner = range(last + 1, len(steps)) if own else range(0)
    budget = Budget(_LOCALS_BYTES)
    with_locals = set(own[-_MOST_WITH_LOCALS:])
    for index in kept:
        yield _frame(steps[index], files, budget if index in with_locals else None)
    for index in list(inner)[-_MOST_LIBRARY:]:
        yield _frame(steps[index], files, None)


def _steps(trace: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _bounded(own: list[int]) -> list[int]:
    half = _MOST_FRAMES // 2
    return own if len(own) <= _MOST_FRAMES else own[:half] + own[-half:]


def _file(step: types.TracebackType) -> str:
    return step.tb_frame.f_code.co_filename


def _frame(step: types.TracebackType, files: Files, budget: Budget | None) -> FrameSeen:
    code = step.tb_frame.f_code
    line, end_line, start, end = _positions(step)
    lines = linecache.getlines(code.co_filename)
    source = lines[line - 1].rstrip("\n") if 0 < line <= len(lines) else ""
    column = _characters(source, start)
    last = lines[end_line - 1] if end_line and 0 < end_line <= len(lines) else source
    end_column = _characters(last, end)
    return FrameSeen(
        where=files.where(code.co_filename),
        filename=text(files.shown(code.co_filename), 500),
        function=text(code.co_qualname, 200),
        line=max(1, line),
        end_line=end_line,
        column=column,
        end_column=end_column,
        source=text(source, 1000),
        expression=_expression(lines, line, end_line, column, end_column),
        locals=() if budget is None else tuple(_locals(step.tb_frame, budget)),
    )


def _positions(step: types.TracebackType) -> tuple[int, int | None, int | None, int | None]:
    positions = list(step.tb_frame.f_code.co_positions())
    index = step.tb_lasti // 2
    if step.tb_lasti < 0 or index >= len(positions):
        return step.tb_lineno or 1, None, None, None
    line, end_line, start, end = positions[index]
    return line or step.tb_lineno or 1, end_line, start, end


def _characters(line: str, offset: int | None) -> int | None:
    """Python counts columns in UTF-8 bytes."""
    return None if offset is None else len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "replace"))


def _expression(lines: list[str], line: int, end_line: int | None, column: int | None, end_column: int | None) -> str:
    if column is None or end_column is None or end_line is None or not 0 < line <= end_line <= len(lines):
        return ""
    parts = lines[line - 1 : end_line]
    parts[-1] = parts[-1][:end_column]
    parts[0] = parts[0][column:]
    return text("".join(parts), 2000)


def _locals(frame: types.FrameType, budget: Budget) -> Iterator[Local]:
    shown = 0
    for name, value in list(frame.f_locals.items()):
        if shown >= _MOST_LOCALS or budget.left <= 0:
            return
        if name.startswith("__") or type(value) in _LEFT_OUT:
            continue
        shown += 1
        yield _local(text(name, 200), value, budget)


def _local(name: str, value: Any, budget: Budget) -> Local:
    if is_tensor(value):
        whole = seen(name, value)
        budget.spend(500 + len(whole.value.data or b"") + len(whole.grad.data or b"" if whole.grad else b""))
        return Local(name=name, value=whole.value, tensor=whole)
    if isinstance(value, str) and len(value) > 500:
        return Local(name=name, value=PlainValue(python_type="str", text=text(repr(value[:500]), 500)))
    return Local(name=name, value=described(value, budget, depth=2))
