"""Reading the files that a command is given, as Python would read them."""

from __future__ import annotations

import io
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tutor.text import safe_line
from tutor.words import _

LARGEST: Final = 4 << 20
"""Bytes. A program to learn from is smaller; what is larger is a mistake in the call."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read. Lines end in ``\\n`` and are counted as Python counts them."""

    file: str
    """As it was named in the call."""
    text: str

    @property
    def name(self) -> str:
        return "stdin.py" if self.file == "-" else Path(self.file).name

    @property
    def folder(self) -> str:
        return str(Path.cwd() if self.file == "-" else Path(self.file).absolute().parent)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, and why, in one sentence."""

    file: str
    why: str


def read_source(file: str) -> Source | Unreadable:
    """Read a file, or standard input for ``-``; with its byte order mark or coding cookie, as Python reads it."""
    try:
        data = _bytes(file)
    except OSError as error:
        return Unreadable(file, _reason(file, error))
    if len(data) > LARGEST:
        text = _("{file} is larger than {limit} MB, which is no program to judge.")
        return Unreadable(file, text.format(file=safe_line(file), limit=LARGEST >> 20))
    try:
        encoding, _lines = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        return Unreadable(file, _undecodable(file, data))
    return Source(file, text.replace("\r\n", "\n").replace("\r", "\n"))


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    with Path(file).open("rb") as stream:
        return stream.read(LARGEST + 1)


def _reason(file: str, error: OSError) -> str:
    name = safe_line(file)
    if isinstance(error, FileNotFoundError):
        return _("{file} does not exist.").format(file=name)
    if isinstance(error, IsADirectoryError):
        return _("{file} is a folder; a file is expected.").format(file=name)
    if isinstance(error, PermissionError):
        return _("{file} cannot be read: you have no permission.").format(file=name)
    return _("{file} cannot be read: {reason}.").format(file=name, reason=error.strerror or type(error).__name__)


def _undecodable(file: str, data: bytes) -> str:
    name = safe_line(file)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _("{file} is in UTF-16; save it as UTF-8.").format(file=name)
    if b"\0" in data[:4096]:
        return _("{file} is not a text file.").format(file=name)
    return _("{file} is not in UTF-8, and no line at its top says `# coding: ...`; save it as UTF-8.").format(file=name)
