"""``%load_ext tutor``: in IPython and Jupyter, explains the error that ended a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from tutor.autograd import Limits, Program
from tutor.cli.background import Explainer, lines_of
from tutor.words import _

_LONGEST: Final = 200_000
_SECONDS: Final = 20.0


class Notebook:
    """Listens to the cells of one shell. Those that ran are what a failing one is run after."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._ran: list[str] = []
        self._explainer: Explainer | None = None

    def cell_ended(self, result: Any) -> None:
        """A cell ran to its end, or to its error."""
        raised = result.error_in_exec or result.error_before_exec
        cell = self._plain(result.info.raw_cell)
        if raised is None:
            self._ran.append(cell)
        elif isinstance(raised, Exception):
            self._say(cell, raised)

    def _plain(self, cell: str) -> str:
        """The cell without what only IPython understands; its lines stay where they are."""
        text: str = self._shell.transform_cell(cell)
        return "\n".join("" if "get_ipython()" in line else line for line in text.split("\n"))

    def _say(self, cell: str, raised: Exception) -> None:
        setup = "\n".join(self._ran)
        if len(setup) + len(cell) > _LONGEST:
            print(_("The cells so far are too long to run again, so the tutor cannot look for the cause."))
            return
        program = Program(
            setup=setup,
            source=cell,
            filename="cell.py",
            folder=str(Path.cwd()),
            walls="open",
            limits=Limits(wall_seconds=_SECONDS, cpu_seconds=_SECONDS * 4, memory_bytes=1 << 40),
        )
        if self._explainer is None:
            self._explainer = Explainer()
        try:
            seen, found = self._explainer.explain(program)
        except TimeoutError:
            print(_("The tutor could not find the cause in time."))
            return
        colours = self._shell.colors != "NoColor"
        for line in lines_of(program, raised, seen, found):
            print(line if colours else click.unstyle(line))

    def close(self) -> None:
        if self._explainer is not None:
            self._explainer.close()
            self._explainer = None


_listening: dict[int, Notebook] = {}


def load(shell: Any) -> None:
    """Begin to explain. Loading twice changes nothing."""
    if id(shell) not in _listening:
        _listening[id(shell)] = Notebook(shell)
        shell.events.register("post_run_cell", _listening[id(shell)].cell_ended)
        print(_("When a cell ends in an error, the tutor looks for the cause. %unload_ext tutor ends it."))


def unload(shell: Any) -> None:
    """Stop, and end the process that ran the cells again."""
    notebook = _listening.pop(id(shell), None)
    if notebook is not None:
        shell.events.unregister("post_run_cell", notebook.cell_ended)
        notebook.close()
