"""The whole product in a real terminal: keys in, a screen out, and what happens when the terminal goes away."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pexpect
import pyte
import pytest

from tutor.progress import StepRef, Store

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is needed", allow_module_level=True)

COMMAND = "import sys; from tutor.cli import main; main(sys.argv[1:])"
PATIENCE = 60.0
KEYS = {
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f5": "\x1b[15~",
    "f8": "\x1b[19~",
    "esc": "\x1b",
    "ctrl-q": "\x11",
    "ctrl-c": "\x03",
}


class Terminal:
    """A terminal of some size with the app in it."""

    def __init__(self, process: pexpect.spawn, width: int, height: int) -> None:
        self.process = process
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def until(self, words: str) -> None:
        """Read what the app writes until ``words`` are on the screen."""
        end = time.monotonic() + PATIENCE
        while words not in self.text:
            assert time.monotonic() < end, self.text
            try:
                self._stream.feed(self.process.read_nonblocking(1 << 16, timeout=1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                pytest.fail(f"the app ended: {self.text}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.process.send(KEYS.get(key, key))

    def ended(self) -> int | None:
        """Wait for the app to end; its exit code, None if a signal ended it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.process.read_nonblocking(1 << 16, timeout=1)
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError):
                break
        self.process.close()
        code: int | None = self.process.exitstatus
        return code


@contextmanager
def terminal(data: Path, place: str, width: int = 100, height: int = 30, **environment: str) -> Iterator[Terminal]:
    settings = {**os.environ, "TERM": "xterm-256color", "TUTOR_DATA": str(data), "LC_ALL": "C.UTF-8", **environment}
    process = pexpect.spawn(
        sys.executable, ["-c", COMMAND, place], dimensions=(height, width), env=settings, timeout=PATIENCE
    )
    try:
        yield Terminal(process, width, height)
    finally:
        process.close(force=True)


def draft(data: Path) -> str | None:
    with Store.open(data / "progress.sqlite3") as store:
        return store.draft(StepRef("demo", "first", "dot"))


def test_from_the_shell_to_a_judged_gradient_and_back(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot") as screen:
        screen.until("Your answer")
        screen.until("ready")
        screen.press("\x0b", "y = 2 * torch.dot(x, x)\ny.backward()", "f5")
        screen.until("✓ Right. All 2 checks pass")
        screen.press("f8")
        screen.until("Print something.")
        screen.press("ctrl-q")
        assert screen.ended() == 0
    assert draft(tmp_path) == "y = 2 * torch.dot(x, x)\ny.backward()\n"


def test_an_answer_runs_by_itself_and_ctrl_c_stops_an_endless_one(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/free") as screen:
        screen.until("ready")
        screen.press("while True: pass")
        screen.until("running")
        screen.press("ctrl-c")
        screen.until("ready")
        screen.press("ctrl-c")
        screen.until("Ctrl+Q quits")


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGTERM])
def test_nothing_is_lost_when_the_app_is_told_to_go(tmp_path: Path, pack_folder: Path, sent: signal.Signals) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot") as screen:
        screen.until("ready")
        screen.press("\x0b", "precious")
        screen.until("precious")
        screen.process.kill(sent)
        screen.ended()
    assert draft(tmp_path) == "precious\n"


def test_nothing_is_lost_when_the_terminal_is_closed(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot") as screen:
        screen.until("ready")
        screen.press("\x0b", "precious")
        screen.until("precious")
        screen.process.close(force=False)
    assert draft(tmp_path) == "precious\n"


def test_a_kill_loses_at_most_what_was_typed_in_the_last_moment(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot") as screen:
        screen.until("ready")
        screen.press("\x0b", "precious")
        screen.until("precious")
        screen.press("f5")
        screen.until("NameError")
        screen.process.kill(signal.SIGKILL)
        screen.ended()
    assert draft(tmp_path) == "precious\n"


def test_suspended_and_resumed_it_goes_on_where_it_was(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot") as screen:
        screen.until("ready")
        screen.press("\x0b", "before")
        screen.until("before")
        screen.process.kill(signal.SIGTSTP)
        end = time.monotonic() + PATIENCE
        while os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED | os.WNOHANG) is None:
            assert time.monotonic() < end
            with suppress(pexpect.TIMEOUT):
                screen.process.read_nonblocking(1 << 16, timeout=0.1)
        screen.process.kill(signal.SIGCONT)
        screen.press(" and after")
        screen.until("before and after")


def test_ones_own_editor_takes_the_draft_and_gives_it_back(tmp_path: Path, pack_folder: Path) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nprintf "%s\\n" "y = 42  # from my editor" > "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    with terminal(tmp_path, f"{pack_folder}/first/dot", VISUAL=str(editor)) as screen:
        screen.until("ready")
        screen.press("\x0f")
        screen.until("from my editor")


def test_without_colours_every_state_has_a_sign(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/dot", 80, 24, NO_COLOR="1") as screen:
        screen.until("ready")
        screen.press("\x0b", "y = torch.dot(x, x)\ny.backward()", "f5")
        screen.until("✗")
        colours = {char.fg for line in screen.screen.buffer.values() for char in line.values()}
        greys = {colour for colour in colours if colour == "default" or colour[:2] == colour[2:4] == colour[4:6]}
        assert colours == greys


def test_a_place_that_is_not_there_is_said_and_nothing_opens(tmp_path: Path, pack_folder: Path) -> None:
    with terminal(tmp_path, f"{pack_folder}/first/nowhere") as screen:
        screen.until("nowhere")
        assert screen.ended() == 2
