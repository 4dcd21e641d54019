"""Coverage-guided fuzzing of the frame protocol and of the lesson loader, by hand, for a stated time.

    pip install atheris
    python tests/fuzz/fuzz.py frames 600
    python tests/fuzz/fuzz.py lessons 600

What is found to reach new code is kept in ``tests/fuzz/corpus``, made small by ``merge``; the suite replays it:

    python tests/fuzz/fuzz.py frames merge
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parents[1]))

with atheris.instrument_imports(include=["tutor", "ruamel"]):
    from tests.fuzz.targets import MOST_BYTES, TARGETS


def main(target: str, how: str) -> None:
    corpus = _HERE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.gettempdir()) / f"fuzz-{target}"
    work.mkdir(exist_ok=True)
    if how == "merge":
        before = work.with_name(work.name + "-all")
        shutil.copytree(work, before, dirs_exist_ok=True)
        shutil.copytree(corpus, before, dirs_exist_ok=True)
        shutil.rmtree(corpus)
        corpus.mkdir()
        arguments = ["-merge=1", "-max_len=2048", str(corpus), str(before)]
    else:
        arguments = [
            f"-max_total_time={int(how)}",
            f"-max_len={MOST_BYTES}",
            "-rss_limit_mb=4096",
            str(work),
            str(corpus),
        ]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
