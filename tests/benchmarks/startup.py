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
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

TEXT = """\
Compute `y` yourself, and have its **gradient** put into `x.grad`.
It must hold for every `x`, also for a longer one.

```python
x = torch.arange(4.0, requires_grad=True)
```
"""
BARE = f"""
from textual.app import App
from textual.widgets import Markdown, TextArea


class Bare(App):
    def compose(self):
        yield Markdown({TEXT!r})
        yield TextArea("y = ...\\n", show_line_numbers=True)


Bare().run()
"""
PACK = "format: 1\nid: bench\ntitle: Bench\nversion: 1.0.0\nlessons: [first.yaml]\n"
LESSON = f"""\
id: first
title: First
summary: A lesson of one step.
steps:
  - id: dot
    kind: code
    title: Your turn
    text: |
{textwrap.indent(TEXT, " " * 6)}
    setup: |
      x = torch.arange(4.0, requires_grad=True)
    starter: |
      y = ...
    solution: |
      y = 2 * torch.dot(x, x)
      y.backward()
    checks:
      - value: x.grad
"""
TUTOR = "import sys; from tutor.cli import main; main(sys.argv[1:])"
EMPTY = "from textual.app import App; App().run()"
SIZE = (40, 120)
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Start:
    """Seconds until the text was there: by the clock, and of processor time."""

    wall: float
    processor: float


def start(text: bytes, code: str, *arguments: str, data: str) -> Start:
    """Start ``code`` in a pseudo-terminal and wait until ``text`` is written to it."""
    started = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", TUTOR_DATA=data)
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])
    seen = b""
    try:
        while text not in seen:
            if not select.select([master], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError(f"no {text!r} in {seen[-2000:]!r}")
            seen += os.read(master, 1 << 16)
        wall = time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        used = os.wait4(pid, 0)[2]
        os.close(master)
    return Start(wall, used.ru_utime + used.ru_stime)


def measure(rounds: int) -> dict[str, list[Start]]:
    """``rounds`` starts of each, after one round that is thrown away. The lesson was open once before, until the
    runner was ready, as it is for everyone who goes on where they left off."""
    found: dict[str, list[Start]] = {"empty": [], "bare": [], "lesson": []}
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "bench"
        pack.mkdir()
        (pack / "pack.yaml").write_text(PACK, encoding="utf-8")
        (pack / "first.yaml").write_text(LESSON, encoding="utf-8")
        start(b"ready", TUTOR, f"{pack}/first/dot", data=folder)
        for _ in range(rounds + 1):
            found["empty"].append(start(b"\x1b[?1049h", EMPTY, data=folder))
            found["bare"].append(start(b"also for a longer", BARE, data=folder))
            found["lesson"].append(start(b"also for a longer", TUTOR, f"{pack}/first/dot", data=folder))
    return {name: starts[1:] for name, starts in found.items()}


def report(found: dict[str, list[Start]]) -> str:
    lines = []
    for name, starts in found.items():
        walls = [each.wall * 1000 for each in starts]
        processor = statistics.median(each.processor * 1000 for each in starts)
        lines.append(
            f"{name:<8} median {statistics.median(walls):6.0f} ms   best {min(walls):6.0f} ms   processor {processor:6.0f} ms"
        )
    ratios = [
        statistics.median(getattr(each, kind) for each in found["lesson"])
        / statistics.median(getattr(each, kind) for each in found["bare"])
        for kind in ("wall", "processor")
    ]
    lines.append(
        f"lesson / bare: {ratios[0]:.2f} by the clock, {ratios[1]:.2f} by processor time (expected: 1.20 at most)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 7)))
