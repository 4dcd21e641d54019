"""The documentation of the app says what is so."""

from __future__ import annotations

import os
from pathlib import Path

from tutor.ui.commands import Command, commands

PAGE = Path(__file__).parents[2] / "docs" / "app.md"
START, END = "<!-- keys: written by the tests -->", "<!-- end of keys -->"


def table() -> str:
    headings = {"answer": "Your answer", "move": "Moving about", "look": "Looking closer", "app": "The tutor"}
    lines: list[str] = []
    for group, heading in headings.items():
        lines += ["", f"### {heading}", "", "| key | does |", "| --- | --- |"]
        lines += [_row(command) for command in commands() if command.group == group]
    return "\n".join([*lines, ""])


def _row(command: Command) -> str:
    keys = ", ".join(f"`{key}`" for key in command.shown_keys)
    return f"| {keys} | **{command.name}.** {command.help} |"


def test_every_key_is_in_the_documentation() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _start, rest = page.partition(START)
    _old, _end, after = rest.partition(END)
    fresh = f"{before}{START}\n{table()}\n{END}{after}"
    if os.environ.get("TUTOR_SCREENSHOTS") == "write":
        PAGE.write_text(fresh, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == fresh, "write it anew with TUTOR_SCREENSHOTS=write"
