"""What a command loads, seen from inside a fresh process: a static graph cannot see a late import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

LOADED = """
import json, sys
from tutor.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
sys.stdout.flush()
print("\\nLOADED " + json.dumps(sorted(sys.modules)))
"""


def modules_after(code: str, *arguments: str, folder: Path) -> set[str]:
    """The modules in a fresh process after it ran ``code``, which says them in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "TUTOR_DATA": str(folder / "data")},
        check=True,
        timeout=120,
    )
    loaded: list[str] = json.loads(done.stdout.rpartition("LOADED ")[2])
    return set(loaded)


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


HEAVY = {"torch", "numpy", "textual", "pydantic", "pygments", "rich"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"], ["explain", "--help"]])
def test_help_loads_little(arguments: list[str], tmp_path: Path) -> None:
    loaded = modules_after(LOADED, *arguments, folder=tmp_path)
    assert "click" in loaded
    assert not roots(loaded) & (HEAVY | {"ruamel", "sqlite3", "asyncio"})


@pytest.mark.parametrize("arguments", [["list"], ["list", "autograd"], ["progress", "show"]])
def test_lists_load_neither_the_app_nor_torch(arguments: list[str], tmp_path: Path) -> None:
    assert not roots(modules_after(LOADED, *arguments, folder=tmp_path)) & (HEAVY | {"asyncio"})


def test_check_judges_without_torch_numpy_or_the_app(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text("y = 2 * torch.dot(x, x)\ny.backward()\n")
    loaded = modules_after(LOADED, "check", "autograd/first-gradient/dot", "answer.py", "--json", folder=tmp_path)
    assert "tutor.judging.assess" in loaded
    assert not roots(loaded) & HEAVY


def test_explain_explains_without_torch_or_the_app(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\nx = torch.ones(3, requires_grad=True)\n(2 * x).backward()\n")
    loaded = modules_after(LOADED, "explain", "train.py", "--json", folder=tmp_path)
    assert "tutor.explaining.explaining" in loaded
    assert not roots(loaded) & {"torch", "textual"}


PARTS = ["text", "words", "autograd", "packs", "running", "judging", "explaining", "proving", "progress", "session"]


@pytest.mark.parametrize("part", [*PARTS, "ui.app", "cli.root"])
def test_no_part_loads_torch_when_it_is_imported(part: str, tmp_path: Path) -> None:
    code = f"import sys, json, tutor.{part}\nprint('LOADED ' + json.dumps(sorted(sys.modules)))"
    loaded = roots(modules_after(code, folder=tmp_path))
    assert "torch" not in loaded
    assert part == "ui.app" or "textual" not in loaded


def test_one_command_imports_the_app_and_only_to_open_it() -> None:
    importing = {
        str(path.relative_to(TOP / "tutor"))
        for path in (TOP / "tutor").rglob("*.py")
        if "ui" not in path.relative_to(TOP / "tutor").parts[:1] and "tutor.ui.app" in path.read_text(encoding="utf-8")
    }
    assert importing == {"cli/opening.py"}
