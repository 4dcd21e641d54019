"""The command line as a learner has it: a process of its own, its exit code, its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

LESSON = """\
id: slopes
title: Slopes
summary: Two numbers and their slopes.
steps:
  - id: hello
    kind: read
    text: Hello.
  - id: guess
    kind: predict
    title: Guess it
    text: What will `x.grad` be?
    code: |
      x = torch.arange(4.0, requires_grad=True)
      (x * x).sum().backward()
    ask: x.grad
  - id: double
    kind: code
    text: Make `x.grad` be 4x.
    setup: |
      x = torch.arange(4.0, requires_grad=True)
    starter: |
      y = ...
    solution: |
      y = 2 * torch.dot(x, x)
      y.backward()
    checks:
      - value: x.grad
      - value: y.requires_grad
        equals: true
      - uses: [backward]
    variants:
      - setup: |
          x = torch.linspace(-1, 1, 7, requires_grad=True)
    mistakes:
      - code: |
          y = torch.dot(x, x)
          y.backward()
        message: The factor two is missing.
"""

PACK = """\
format: 1
id: tiny
title: A tiny pack
version: 1.0.0
lessons: [slopes.yaml]
"""

RIGHT = "y = 2 * torch.dot(x, x)\ny.backward()\n"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[Any]:
        """Standard output read as JSON Lines, by a reader that takes nothing but JSON."""
        return [json.loads(line, parse_constant=_not_json) for line in self.out.splitlines()]


def _not_json(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


Tutor: TypeAlias = Callable[..., Done]


def environment(data: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TUTOR_", "NO_COLOR"))}
    return kept | {"TUTOR_DATA": str(data), "LANG": "C.UTF-8", "COLUMNS": "100"} | changes


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack in a folder whose path has dots in it."""
    folder = tmp_path_factory.mktemp("packs") / "a.tiny.pack"
    folder.mkdir()
    (folder / "pack.yaml").write_text(PACK)
    (folder / "slopes.yaml").write_text(LESSON)
    return folder


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of answers and scripts, among them files that are no programs at all."""
    folder = tmp_path_factory.mktemp("answers")
    texts = {
        "right.py": RIGHT,
        "crlf.py": "\ufeff" + RIGHT.replace("\n", "\r\n"),
        "wrong.py": "y = 3 * torch.dot(x, x)\n\ny.backward()\n",
        "foreseen.py": "y = torch.dot(x, x)\ny.backward()\n",
        "hardcoded.py": "x.grad = torch.tensor([0., 4., 8., 12.])\ny = x.sum()\nx.sum().backward\ny.backward\n",
        "raising.py": "y = 2 * x\ny.backward()\n",
        "unfinished.py": "y = (\n",
        "nan.py": "y = (x * float('nan')).sum()\ny.backward()\nz = torch.tensor([float('inf'), -float('inf')])\n",
        "escape.py": "print('\\x1b]0;owned\\x07')\nraise ValueError('\\x1b[31mred\\u202e')\n",
        "nul.py": "y = 1\0\n",
        "guess": "[0, 2, 4, 6]\n",
        "script.py": "import sys, torch\nw = torch.ones(3, requires_grad=True)\ny = w * 2\n\ny.backward()\n",
        "fine.py": "import sys, pathlib\nprint(sys.argv[1:], pathlib.Path('guess').exists())\n",
        "exits.py": "import sys\nsys.exit(0)\n",
        "endless.py": "print('begun', flush=True)\nwhile True: pass\n",
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    (folder / "latin.py").write_bytes("# coding: latin-1\nprint(len('\xe9'))\n".encode("latin-1"))
    (folder / "no-coding.py").write_bytes("print('\xe9')\n".encode("latin-1"))
    (folder / "utf16.py").write_bytes("print(1)\n".encode("utf-16"))
    (folder / "picture.py").write_bytes(bytes(range(256)) * 8)
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def tutor(data: Path, answers: Path) -> Tutor:
    """Runs ``tutor ARGUMENTS`` among the answers, in a process of its own."""

    def run(*arguments: object, stdin: str = "", **changes: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "tutor", *map(str, arguments)],
            cwd=answers,
            input=stdin.encode(),
            capture_output=True,
            env=environment(data, **changes),
            check=False,
            timeout=120,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
