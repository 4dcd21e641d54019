"""``from tutor import explain`` in a script of one's own."""

import subprocess
import sys
from pathlib import Path

import pytest

FAILING = """\
import sys
import torch
from tutor import explain

{use}
rows = int(sys.argv[1])
weights = torch.ones(rows, requires_grad=True)
{body}
"""


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("use", "body"),
    [
        ("", "with explain:\n    loss = weights * 2\n    loss.backward()"),
        ("", "with explain():\n    loss = weights * 2\n    loss.backward()"),
        ("@explain\ndef work(w):\n    loss = w * 2\n    loss.backward()", "work(weights)"),
        ("@explain()\ndef work(w):\n    loss = w * 2\n    loss.backward()", "work(weights)"),
    ],
)
def test_an_error_is_explained_with_its_line_and_passes_on(tmp_path: Path, use: str, body: str) -> None:
    script = tmp_path / "train.py"
    text = FAILING.format(use=use, body=body)
    script.write_text(text)
    line = 1 + next(at for at, one in enumerate(text.split("\n")) if "loss.backward()" in one)
    ended = run(script, "4")
    assert ended.returncode == 1
    assert "`loss` has shape (4,)" in ended.stderr
    assert f"> {line}" in ended.stderr.replace(">  ", "> ")
    assert "RuntimeError: grad can be implicitly created only for scalar outputs" in ended.stderr


def test_a_script_without_fault_is_left_alone(tmp_path: Path) -> None:
    script = tmp_path / "fine.py"
    script.write_text("import sys\nfrom tutor import explain\nwith explain:\n    print('torch' in sys.modules)\n")
    ended = run(script)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "False\n", "")


def test_leaving_by_sys_exit_is_no_mistake(tmp_path: Path) -> None:
    script = tmp_path / "exit.py"
    script.write_text("import sys\nfrom tutor import explain\nwith explain:\n    sys.exit(3)\n")
    ended = run(script)
    assert (ended.returncode, ended.stderr) == (3, "")
