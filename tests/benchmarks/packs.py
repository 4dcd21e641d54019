"""How long packs take: listing one of 1,000 lessons, and opening one lesson, each in a fresh process.

Run it as ``python tests/benchmarks/packs.py``. Times are medians of several processes, in milliseconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LESSONS = 1000
STEPS = 10
RUNS = 5

_STEP = """\
  - id: step-{number}
    kind: code
    text: |
      Some words about gradients, over several lines, with `x.grad` and $x^2$ in them.
      And some more.
    setup: |
      x = torch.arange(4.0, requires_grad=True)
    starter: |
      y = ...
    solution: |
      y = 2 * torch.dot(x, x)
      y.backward()
    checks:
      - value: x.grad
        equals: [0.0, 4.0, 8.0, 12.0]
      - uses: [backward]
    variants:
      - setup: |
          x = torch.linspace(-1, 1, 4, requires_grad=True)
    hints: [first, second, third]
    mistakes:
      - code: |
          y = 2 * x
          y.backward()
        kind: non-scalar-backward
"""

_LISTING = "from tutor.packs import open_pack; print(len(open_pack({folder!r} + '/').headings))"
_FOLDED = "summary: >\n  Words that are\n  folded.\n"
_OPENING = """
import time
began = time.perf_counter()
from tutor.packs import open_pack
lesson = open_pack({folder!r} + '/').lesson('lesson-0')
print(1000 * (time.perf_counter() - began))
"""


def write_pack(folder: Path, summary: str = "summary: What it is about.\n") -> None:
    names = [f"lesson-{number}.yaml" for number in range(LESSONS)]
    listed = "".join(f"  - {name}\n" for name in names)
    head = 'format: 1\nid: large\ntitle: A large pack\nversion: "1"\nlessons:\n'
    (folder / "pack.yaml").write_text(head + listed, encoding="utf-8")
    steps = "".join(_STEP.format(number=number) for number in range(STEPS))
    for number, name in enumerate(names):
        text = f"id: lesson-{number}\ntitle: Lesson {number}\n{summary}steps:\n{steps}"
        (folder / name).write_text(text, encoding="utf-8")


def fresh_process(*command: str) -> tuple[float, str]:
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True, env=compiled)
    return 1000 * (time.perf_counter() - began), done.stdout


def report(name: str, times: list[float]) -> None:
    print(f"{name:<58} {statistics.median(times):7.0f} ms   (from {min(times):.0f} to {max(times):.0f})")


def main() -> None:
    report("an empty python, for comparison", [fresh_process("-c", "")[0] for _ in range(RUNS)])
    with tempfile.TemporaryDirectory() as scratch:
        for name, summary in (("", "summary: What it is about.\n"), (", folded summaries", _FOLDED)):
            folder = Path(scratch) / (name.strip(", ").replace(" ", "-") or "plain")
            folder.mkdir()
            write_pack(folder, summary)
            listing = _LISTING.format(folder=str(folder))
            times = [fresh_process("-c", listing)[0] for _ in range(RUNS)]
            report(f"headings of {LESSONS:,} lessons, whole process{name}", times)
            if not name:
                command = [fresh_process("-m", "tutor", "list", f"{folder}/")[0] for _ in range(RUNS)]
                report(f"`tutor list` of {LESSONS:,} lessons, whole process", command)
        opening = [float(fresh_process("-c", _OPENING.format(folder=str(folder)))[1]) for _ in range(RUNS)]
        report(f"opening a lesson of {STEPS} steps, cold, imports included", opening)


if __name__ == "__main__":
    main()
