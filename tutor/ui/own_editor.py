"""The learner's own editor on a draft, in a file that lives as long as the editor does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tutor.words import _

LARGEST: Final = 4 << 20
"""Bytes read back."""


class EditorError(Exception):
    """The editor could not be used. The message is for the learner."""


def editor_command() -> list[str]:
    """The words of ``$VISUAL`` or ``$EDITOR``. Raises EditorError when neither names a program."""
    for name in ("VISUAL", "EDITOR"):
        chosen = os.environ.get(name, "").strip()
        if not chosen:
            continue
        try:
            words = shlex.split(chosen)
        except ValueError as error:
            raise EditorError(_("${name} cannot be read: {error}.").format(name=name, error=error)) from error
        if shutil.which(words[0]) is None:
            raise EditorError(_("${name} names {program}, which is not here.").format(name=name, program=words[0]))
        return words
    raise EditorError(_("Set $EDITOR to the editor you like, for example: export EDITOR=vim"))


def edit(text: str, command: list[str]) -> str:
    """Open ``text`` and return what was saved. Raises EditorError; the draft is then as it was."""
    with tempfile.TemporaryDirectory(prefix="tutor-") as folder:
        path = Path(folder) / "answer.py"
        path.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*command, str(path)], check=False).returncode
        except OSError as error:
            raise EditorError(_("Your editor did not start: {error}.").format(error=error)) from error
        if code != 0:
            raise EditorError(_("Your editor ended with code {code}; your text is as it was.").format(code=code))
        try:
            if path.stat().st_size > LARGEST:
                raise EditorError(_("What came back is too large; your text is as it was."))
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EditorError(_("What came back cannot be read: {error}.").format(error=error)) from error
