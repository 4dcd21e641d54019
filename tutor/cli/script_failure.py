"""What is said when a script fails within ``with explain:``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from tutor.autograd import Limits, Program
from tutor.cli.background import Explainer, lines_of
from tutor.cli.sources import Unreadable, read_source
from tutor.words import _

_SECONDS: Final = 60.0


def say(raised: Exception) -> None:
    """Run the script again, whole and with its arguments, and explain on standard error what happens there."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script is None:
        click.echo(_("The tutor explains scripts that are files. In a notebook, use %load_ext tutor."), err=True)
        return
    source = read_source(script)
    if isinstance(source, Unreadable):
        click.echo(source.why, err=True)
        return
    program = Program(
        source=source.text,
        filename=Path(script).name,
        arguments=tuple(sys.argv[1:]),
        folder=source.folder,
        walls="open",
        limits=Limits(wall_seconds=_SECONDS, cpu_seconds=_SECONDS * 4, memory_bytes=1 << 40),
    )
    explainer = Explainer()
    try:
        seen, found = explainer.explain(program)
    except TimeoutError:
        click.echo(_("The tutor could not find the cause in time."), err=True)
        return
    finally:
        explainer.close()
    for line in lines_of(program, raised, seen, found):
        click.echo(line, err=True)
