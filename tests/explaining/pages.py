"""The page of every kind of mistake, as ``docs/mistakes.md``. Run as a program, it writes the file anew."""

from __future__ import annotations

from pathlib import Path

from tutor.explaining.experiments.suspects import SilentKind
from tutor.explaining.kind import Kind
from tutor.explaining.registry import every_kind

FILE = Path(__file__).parents[2] / "docs" / "mistakes.md"

_TOP = """\
# Mistakes, kind by kind

What the tutor can explain, with an example of each that its tests run. `tutor explain --kind NAME` shows the same in the
terminal. This page is made from the kinds' own files by `python -m tests.explaining.pages`.

"""


def page(kind: Kind | SilentKind) -> str:
    """The section of one kind."""
    about = kind.page
    parts = [f"## `{kind.slug}`", f"**{about.title}.** {about.what}"]
    if kind.cases:
        parts.append(f"```python\n{kind.cases[0].code.strip()}\n```")
    parts.append(f"*To mend it:* {about.mend}")
    if about.lesson is not None:
        parts.append(f"*To read on:* `tutor {about.lesson}`")
    return "\n\n".join(parts)


def whole() -> str:
    kinds = every_kind()
    contents = "\n".join(f"- [{kind.page.title}](#{kind.slug})" for kind in kinds)
    return _TOP + contents + "\n\n" + "\n\n".join(page(kind) for kind in kinds) + "\n"


if __name__ == "__main__":
    FILE.write_text(whole(), encoding="utf-8")
