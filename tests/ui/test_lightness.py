"""What the screen process carries, looked at in a fresh process: a static graph cannot see a late import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORK = """
import asyncio, sys
from tutor.progress import Store
from tutor.running import Runner
from tutor.ui.app import TutorApp
from tutor.ui.shelf import Shelf
from tutor.ui.widgets.editor import Editor


async def main(folder, data):
    shelf = Shelf()
    place = shelf.checked_place(f"{folder}/first/dot")
    with Store.open(data) as store:
        app = TutorApp(runner=Runner(), store=store, shelf=shelf, place=place)
        async with app.run_test() as pilot:
            app.screen.query_one(Editor).change_to("y = 2 * x")
            await pilot.press("f5")
            while app.session.work.result is None or app.session.work.result.explaining:
                await pilot.pause(0.01)
    print(sorted({"torch", "numpy", "sympy", "networkx"} & set(sys.modules)))


from pathlib import Path
asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def test_the_screen_process_never_imports_torch(pack_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(pack_folder), str(tmp_path / "p.sqlite3")],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[]"


def test_the_session_is_imported_without_the_screen() -> None:
    code = "import sys, tutor.session; print(sorted({'textual', 'tutor.running', 'tutor.progress'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
