"""From the command to the first frame of a lesson, beside a bare Textual app that shows a Markdown and a TextArea.

Each start is a fresh process in a pseudo-terminal of 120 by 40; the clock runs until a text of the first frame arrives.
Run it with ``python tests/benchmarks/startup.py [ROUNDS]``; starts alternate, so that what else the machine does falls on
both alike.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

BARE = """
from textual.app import App
from textual.widgets import Markdown, TextArea

TEXT = '''# Your turn

Compute `y` yourself, and have its gradient put into `x.grad`.
It must hold for every `x`, also for a longer one.

```python
x = torch.arange(4.0, requires_grad=True)
```
'''


class Bare(App):
    def compose(self):
        yield Markdown(TEXT)
        yield TextArea("y = ...\\n", show_line_numbers=True)


Bare().run()
"""
TUTOR = "from tutor.ui.app import run_app; run_app('autograd/first-gradient/dot')"
EMPTY = "from textual.app import App; App().run()"
SIZE = (40, 120)
PATIENCE_SECONDS = 30.0


def seconds_to(text: bytes, code: str, folder: str) -> float:
    """Start ``code`` in a pseudo-terminal and return how long it takes until ``text`` is written to it."""
    started = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", TUTOR_DATA=folder)
        os.execv(sys.executable, [sys.executable, "-c", code])
    try:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        seen = b""
        while text not in seen:
            if not select.select([master], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError(f"no {text!r} in {seen[-2000:]!r}")
            seen += os.read(master, 1 << 16)
        return time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)


def measure(rounds: int) -> dict[str, list[float]]:
    """Times in seconds of ``rounds`` starts of each, after one round that is thrown away."""
    times: dict[str, list[float]] = {"empty": [], "bare": [], "lesson": []}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(rounds + 1):
            found = {
                "empty": seconds_to(b"\x1b[?1049h", EMPTY, folder),
                "bare": seconds_to(b"longer one", BARE, folder),
                "lesson": seconds_to(b"longer one", TUTOR, folder),
            }
            if round_:
                for name, seconds in found.items():
                    times[name].append(seconds)
    return times


def report(times: dict[str, list[float]]) -> str:
    bare, lesson = statistics.median(times["bare"]), statistics.median(times["lesson"])
    rows = [
        f"{name:<8} median {statistics.median(each) * 1000:6.0f} ms   best {min(each) * 1000:6.0f} ms"
        for name, each in times.items()
    ]
    return "\n".join([*rows, f"lesson / bare: {lesson / bare:.2f} (expected: at most 1.20)"])


if __name__ == "__main__":
    print(f"{Path(sys.executable).name} {sys.version.split()[0]}, {os.cpu_count()} cores")
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 7)))
