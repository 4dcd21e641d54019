"""Coverage-guided fuzzing of the frame protocol and of the lesson loader, by hand, for a stated time.

    pip install atheris
    python tests/fuzz/fuzz.py frames 600
    python tests/fuzz/fuzz.py lessons 600

The smallest inputs that reached new code are kept in ``tests/fuzz/corpus``; the suite replays them:

    python tests/fuzz/fuzz.py frames keep
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

_HERE = Path(__file__).parent
_MOST_KEPT = 60
_MOST_KEPT_BYTES = 2048
sys.path.insert(0, str(_HERE.parents[1]))

with atheris.instrument_imports(include=["tutor", "ruamel"]):
    from tests.fuzz.targets import MOST_BYTES, TARGETS


def _keep(work: Path, corpus: Path) -> None:
    """Copy the smallest of the inputs that reached something new."""
    found = sorted((file for file in work.iterdir() if file.stat().st_size <= _MOST_KEPT_BYTES), key=_size)
    for file in found[:_MOST_KEPT]:
        shutil.copyfile(file, corpus / file.name[:12])


def _size(file: Path) -> int:
    return file.stat().st_size


def main(target: str, how: str) -> None:
    corpus = _HERE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.gettempdir()) / f"fuzz-{target}"
    work.mkdir(exist_ok=True)
    if how == "keep":
        _keep(work, corpus)
        return
    arguments = [f"-max_total_time={int(how)}", f"-max_len={MOST_BYTES}", "-rss_limit_mb=4096", str(work), str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
