"""What is handed out: the README's commands, and a wheel that works without the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_one_command_to_install_and_open_and_one_to_install_and_test() -> None:
    commands = re.findall(r"^pip install .*$", README, re.MULTILINE)
    assert "pip install -c constraints.txt . && tutor" in commands
    assert 'pip install -c constraints.txt -e ".[test]" && pytest' in commands


def test_the_tests_of_the_readme_are_what_continuous_integration_runs() -> None:
    script = (TOP / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m1 '&& pytest' README.md" in script
    assert len(re.findall(r"&& pytest", README)) == 1


def test_the_constraints_pin_torch_and_every_dependency() -> None:
    pins = {
        line.partition("==")[0].lower() for line in (TOP / "constraints.txt").read_text().splitlines() if "==" in line
    }
    project = (TOP / "pyproject.toml").read_text(encoding="utf-8").partition("[project.scripts]")[0]
    wanted = {name.lower() for name in re.findall(r'^    "([A-Za-z0-9_.-]+)[><=]', project, re.MULTILINE)}
    assert "torch" in pins
    assert wanted
    assert wanted <= pins


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(TOP)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_carries_every_lesson_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (TOP / "lessons").rglob("*.yaml"):
        assert f"tutor/lessons/{path.relative_to(TOP / 'lessons').as_posix()}" in names
    assert "tutor/py.typed" in names
    assert not {name for name in names if name.startswith("tests/")}


def test_the_wheel_works_from_any_folder_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-m", "tutor", "list", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path / "site"),
            "TUTOR_DATA": str(tmp_path / "data"),
            "TUTOR_PACKS": "",
        },
        check=True,
    )
    folders = {json.loads(line)["folder"] for line in done.stdout.splitlines()}
    assert str(tmp_path / "site" / "tutor" / "lessons" / "autograd") in folders
