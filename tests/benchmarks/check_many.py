"""200 answers through one `tutor check`: python tests/benchmarks/check_many.py [COUNT]

Right and wrong ones by turns, with and without looking into the wrong ones; beside them one answer alone, which is mostly
the import of torch. Each figure is of a process of its own, started cold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tutor.packs import open_pack
from tutor.packs.format import CodeStep

PACK, LESSON, STEP = "autograd", "first-gradient", "dot"


def seconds(files: list[str], *options: str) -> tuple[float, int]:
    """How long ``tutor check`` took for the files, and how many passed."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tutor", "check", f"{PACK}/{LESSON}/{STEP}", *files, "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    took = time.perf_counter() - start
    records = [json.loads(line) for line in done.stdout.splitlines()]
    if len(records) != len(files):
        raise SystemExit(f"{len(files)} files, {len(records)} verdicts")
    return took, sum(record["passed"] for record in records)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    step = next(step for step in open_pack(PACK).lesson(LESSON).steps if step.id == STEP)
    assert isinstance(step, CodeStep)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(count):
            path = Path(folder) / f"answer-{number:04}.py"
            path.write_text(f"{step.mistakes[0].code if number % 2 else step.solution}# {number}\n")
            files.append(str(path))
        alone, _passed = seconds(files[:1])
        print(f"processors: {os.cpu_count()}, load before: {os.getloadavg()[0]:.1f}")
        print(f"1 answer                       {alone:6.2f} s")
        for name, options in (("as it is", ()), ("--no-explain", ("--no-explain",))):
            took, passed = seconds(files, *options)
            each = 1000 * (took - alone) / max(1, count - 1)
            print(f"{count} answers, {name:<16} {took:8.2f} s  {each:6.1f} ms each  {passed} passed")


if __name__ == "__main__":
    main()
