"""``%load_ext tutor`` in IPython."""

import subprocess
import sys
from pathlib import Path

SESSION = """\
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
shell.run_line_magic("colors", "NoColor")
shell.run_cell("%load_ext tutor")
for cell in CELLS:
    shell.run_cell(cell)
shell.run_cell("%unload_ext tutor")
"""


def say(tmp_path: Path, *cells: str) -> str:
    script = tmp_path / "session.py"
    script.write_text(f"CELLS = {list(cells)!r}\n{SESSION}")
    ended = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
    )
    return ended.stdout


def test_the_error_of_a_cell_is_explained_after_the_cells_before_it(tmp_path: Path) -> None:
    said = say(
        tmp_path,
        "import torch\nslope = torch.ones(3, requires_grad=True)",
        "%timeit -n1 -r1 1\nheight = slope * 2\nheight.backward()",
    )
    assert "`height` has shape (3,)" in said
    assert "> 3 │ height.backward()" in said


def test_cells_without_error_are_left_alone(tmp_path: Path) -> None:
    said = say(tmp_path, "import torch", "torch.ones(2).sum()")
    assert "The tutor" not in said
