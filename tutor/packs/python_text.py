"""Python inside YAML: whether it can be read, and where in the file it cannot."""

from __future__ import annotations

import builtins
import keyword
import re
import warnings

from tutor.packs.source import Source
from tutor.packs.tree import Scalar
from tutor.text import safe_line
from tutor.words import _

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_USED = re.compile(rf"with \.?{_NAME}\Z|\.?{_NAME}(?: ?\([^()]*\))?\Z|[^\W\d]\w* ?= ?[^=].*\Z")
_BINARY = ("+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>")
_OPERATORS = frozenset({*_BINARY, *(f"{word}=" for word in _BINARY), "~", "==", "!=", "<", "<=", ">", ">=", ":=", "[]"})
_DOTTED = re.compile(rf"{_NAME}\Z")


def offset_in(source: Source, node: Scalar, line: int, column: int) -> int:
    """Return where ``line`` and ``column`` (from 1) of a scalar's text stand in its file.

    Exact for block scalars and for text on one line that is written as it reads; elsewhere the start of the value.
    """
    start = _written_at(source, node)
    if node.style == "|":
        return _offset_in_block(source, node, start, line, column)
    inside = start + 1 if node.style in {"'", '"'} else start
    lead = len(node.text) - len(node.text.lstrip())
    if line == 1 and source.text.startswith(node.text.rstrip("\n"), inside):
        return inside + min(lead + column - 1 if lead else column - 1, len(node.text))
    return start


def _written_at(source: Source, node: Scalar) -> int:
    found = _PROPERTIES.match(source.text, node.start)
    return found.end() if found and found.end() < node.end else node.start


def _offset_in_block(source: Source, node: Scalar, start: int, line: int, column: int) -> int:
    first = source.place(start)[0] + 1
    indent = 0
    for number, text in enumerate(node.text.split("\n")):
        if text.strip():
            written = source.line(first + number)
            indent = len(written) - len(text)
            break
    return source.offset(first + line - 1, max(indent, 0) + column)


def code_trouble(code: str, *, expression: bool = False) -> tuple[int, int, str] | None:
    """Return line, column (from 1) and what Python says where it cannot read ``code``; None where it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code.strip() if expression else code, "<pack>", "eval" if expression else "exec", dont_inherit=True)
    except SyntaxError as error:
        line = min(error.lineno or 1, code.count("\n") + 1)
        written = code.split("\n")[line - 1]
        indent = len(written) - len(written.lstrip())
        return line, max(error.offset or 1, indent + 1), safe_line(error.msg)
    except RecursionError:
        return 1, 1, _("it is nested too deeply")
    except (ValueError, MemoryError, OverflowError) as error:
        return 1, 1, safe_line(str(error)) or type(error).__name__
    return None


def is_dotted_name(text: str) -> bool:
    return bool(_DOTTED.match(text))


def is_used(text: str) -> bool:
    """Whether ``text`` is of the vocabulary of ``uses`` and ``avoids``."""
    word = " ".join(text.split())
    return keyword.iskeyword(word) or word == "match" or word in _OPERATORS or bool(_USED.match(word))


def is_exception(name: str) -> bool:
    """Whether ``name`` is the name of a class of exceptions that Python always knows."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def exception_names() -> list[str]:
    return [name for name in dir(builtins) if is_exception(name)]


def defines(code: str, name: str) -> bool:
    """Whether ``code`` makes or imports a class called ``name``."""
    return bool(
        re.search(rf"^\s*class\s+{re.escape(name)}\b|\bimport\b[^\n]*\b{re.escape(name)}\b", code, re.MULTILINE)
    )
