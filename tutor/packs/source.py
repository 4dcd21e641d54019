"""A pack's file as text, with places; and reading it without trusting what it is."""

from __future__ import annotations

import errno
import os
import stat
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from tutor.packs.problem import PackError, Problem, quoted
from tutor.text import safe
from tutor.words import _

MAX_FILE_BYTES = 512 * 1024
"""A lesson is a few KiB. The bound keeps the slowest file that can be written under a second."""

_SIGNATURES = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


@dataclass(frozen=True)
class Source:
    """The text of one file. Offsets count characters from 0; places count lines and columns from 1."""

    file: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column of ``offset``; beyond the end, those of the end of the last line with text."""
        offset = max(0, min(offset, len(self.text.rstrip())))
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return line ``number`` without its end, or nothing beyond the last."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place, kept within the line and the text."""
        line = max(1, min(line, len(self._line_starts)))
        return self._line_starts[line - 1] + max(0, min(column - 1, len(self.line(line))))

    def problem(self, offset: int, message: str, code: str = "", *, note: bool = False) -> Problem:
        line, column = self.place(offset)
        return Problem(
            file=self.file, line=line, column=column, message=message, code=code, severity="note" if note else "error"
        )


def _refused(file: str, message: str, code: str, line: int = 1, column: int = 1) -> PackError:
    return PackError([Problem(file=file, line=line, column=column, message=message, code=code)])


def read_source(path: Path, file: str | None = None) -> Source:
    """Read ``path`` as text that is safe to show.

    Raises PackError when it is no plain file, cannot be read, is too large, or is not UTF-8 text. It never waits: a
    pipe or a device is refused without being opened.
    """
    file = str(path) if file is None else file
    return decoded(_read_bytes(path, file), file)


def read_start(path: Path, size: int) -> bytes:
    """Return the first ``size`` bytes of a plain file; nothing when ``path`` is something else or cannot be read."""
    try:
        with _opened(path) as opened:
            return opened.read(size) if stat.S_ISREG(os.fstat(opened.fileno()).st_mode) else b""
    except (OSError, ValueError):
        return b""


def _opened(path: Path) -> BinaryIO:
    """Open ``path`` without waiting for whoever is to write into a pipe."""
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)), "rb")


def _read_bytes(path: Path, file: str) -> bytes:
    try:
        with _opened(path) as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _refused(file, _not_a_file(found.st_mode), "not-a-file")
            if found.st_size > MAX_FILE_BYTES:
                raise _too_large(file, found.st_size)
            data = opened.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _refused(file, _unreadable(error), "unreadable") from None
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(file, len(data))
    return data


def _too_large(file: str, size: int) -> PackError:
    message = _("found a file of {size:,} bytes; expected at most {limit:,}: split it into several lessons")
    return _refused(file, message.format(size=size, limit=MAX_FILE_BYTES), "too-large")


def _not_a_file(mode: int) -> str:
    names = (
        (stat.S_ISDIR, _("a folder")),
        (stat.S_ISFIFO, _("a named pipe")),
        (stat.S_ISCHR, _("a device")),
        (stat.S_ISBLK, _("a device")),
        (stat.S_ISSOCK, _("a socket")),
    )
    name = next((name for is_it, name in names if is_it(mode)), _("something else"))
    return _("found {name}; expected a YAML file").format(name=name)


def _unreadable(error: OSError | ValueError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return _("found no such file; expected a YAML file here")
    if number in {errno.EACCES, errno.EPERM}:
        return _("found a file that you may not read; expected one with read permission (`chmod +r`)")
    if number == errno.EISDIR:
        return _not_a_file(stat.S_IFDIR)
    if number == errno.ELOOP:
        return _("found a link that leads back to itself; expected a YAML file")
    if number == errno.ENOTDIR:
        return _("found a path that goes through a file as if it were a folder; expected a YAML file")
    if number == errno.ENXIO:
        return _not_a_file(stat.S_IFSOCK)
    reason = getattr(error, "strerror", None) or str(error)
    return _("found a file that cannot be read ({reason}); expected a YAML file").format(reason=safe(reason))


def decoded(data: bytes, file: str) -> Source:
    """Return ``data`` as text; raises PackError when it is not UTF-8, with the place of the first byte that is not."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            raise _refused(file, _wrong_encoding(name), "encoding")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data[:64:2].count(0) > 12 or data[1:64:2].count(0) > 12:
        raise _refused(file, _wrong_encoding("UTF-16"), "encoding")
    if _is_binary(data):
        message = _("found bytes that are no text, as in a picture or a program; expected a YAML file in UTF-8")
        raise _refused(file, message, "binary")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, file) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_controls(text, file)
    return Source(file, safe(text))


def _wrong_encoding(name: str) -> str:
    return _("found text in {name}; expected UTF-8: save the file as UTF-8 in your editor").format(name=name)


def _not_utf8(data: bytes, start: int, file: str) -> PackError:
    before = data[:start].decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    latin = data[start : start + 1].decode("latin-1")
    message = _(
        "found the byte 0x{byte:02X}, which is {character} in Latin-1; expected UTF-8: "
        "save the file as UTF-8 in your editor"
    )
    return _refused(file, message.format(byte=data[start], character=quoted(latin)), "encoding", line, column)


def _is_binary(data: bytes) -> bool:
    start = data[:1024]
    strange = sum(byte < 32 and byte not in b"\t\n\r\x1b" for byte in start)
    return strange > 3 and strange * 20 > len(start)


def _refuse_controls(text: str, file: str) -> None:
    """YAML allows no control characters in a file, not even in quotes."""
    if text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable():
        return
    for offset, character in enumerate(text):
        if ord(character) in _CONTROLS:
            line, column = Source(file, text).place(offset)
            message = _("found the control character U+{code:04X}; expected text. In quotes it can be written {escape}")
            escape = f'"\\x{ord(character):02x}"'
            raise _refused(file, message.format(code=ord(character), escape=escape), "control", line, column)


_CONTROLS = frozenset({*range(9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)})
