"""Ctrl-C ends a command cleanly; `watch` sees every way an editor saves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import RIGHT, Tutor, environment

PATIENCE = 60.0


class Running:
    """A command under way, with the processes it has started."""

    def __init__(self, data: Path, folder: Path, *arguments: str) -> None:
        self._out = folder / "output.txt"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "tutor", *arguments],
                cwd=folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment(data),
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text(errors="replace")

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.02)

    def interrupt(self) -> int:
        """What a terminal does on Ctrl-C: every process of the foreground group is interrupted."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def started(self) -> set[tuple[int, str]]:
        """What the command has started, and what that has started: process numbers and when each began."""
        parents = {pid: parent for pid, parent, _began in processes()}
        return {(pid, began) for pid, _parent, began in processes() if self.process.pid in ancestors(pid, parents)}


def processes() -> Iterator[tuple[int, int, str]]:
    """Number, parent and beginning of every process there is."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(fields[1]), fields[19]


def ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while (pid := parents.get(pid, 0)) and pid not in found:
        found.add(pid)
    return found


@contextmanager
def running(data: Path, folder: Path, *arguments: str) -> Iterator[Running]:
    command = Running(data, folder, *arguments)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
            command.process.wait()


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
@pytest.mark.parametrize("command", ["check", "explain"])
def test_ctrl_c_ends_with_130_and_leaves_no_process(data: Path, pack: Path, tmp_path: Path, command: str) -> None:
    sign = tmp_path / "begun"
    (tmp_path / "endless.py").write_text("while True: pass\n" if command == "check" else ENDLESS)
    place = (f"{pack}/slopes/double",) if command == "check" else ()
    with running(data, tmp_path, command, *place, "endless.py") as under_way:
        if command == "explain":
            under_way.until(sign.exists)
        else:
            under_way.until(lambda: len(under_way.started()) > 2)
        started = under_way.started()
        assert under_way.interrupt() == 130
        assert "Traceback" not in under_way.said
        end = time.monotonic() + PATIENCE
        left = started
        while left and time.monotonic() < end:
            left = started & {(pid, began) for pid, _parent, began in processes()}
            time.sleep(0.02)
        assert not left


ENDLESS = "open('begun', 'w').close()\nwhile True: pass\n"


@linux
def test_watch_judges_each_save_also_by_renaming_and_remembers_what_is_done(
    tutor: Tutor, pack: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with running(data, tmp_path, "watch", f"{pack}/slopes/double", "answer.py") as watch:
        watch.until(lambda: "✗ not yet" in watch.said)
        assert (tmp_path / "answer.py").read_text() == "y = ...\n"
        (tmp_path / "answer.py").write_text("y = (\n")
        watch.until(lambda: "could not read your program" in watch.said)
        (tmp_path / "answer.py~").write_text(RIGHT)
        (tmp_path / "answer.py~").rename(tmp_path / "answer.py")
        watch.until(lambda: "✓ passed" in watch.said)
        assert watch.interrupt() == 130
        assert "Traceback" not in watch.said
    [shown] = tutor("progress", "show", "--json", TUTOR_DATA=str(data)).records
    assert [step["step"] for step in shown["done"]] == ["tiny/slopes/double"]
