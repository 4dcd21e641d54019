"""The contracts of the code, kept by tools: style, types, who imports whom. `pytest` alone runs them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

TOOLS = {
    "lint": ["ruff", "check"],
    "format": ["ruff", "format", "--check"],
    "types": ["mypy"],
    "imports": ["lint-imports"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_whole_repository_is_clean(tool: str) -> None:
    name, *arguments = TOOLS[tool]
    command = Path(sys.executable).with_name(name)
    done = subprocess.run([command, *arguments], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
