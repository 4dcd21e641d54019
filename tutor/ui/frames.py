"""Code beside its line numbers: frames with the failing line and its cause, and changes as a diff."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from textual.content import Content

from tutor.ui.highlight import highlighted_lines

AROUND: Final = 1
"""Lines shown before and after a line that matters."""
LONGEST: Final = 400
"""Characters of a line; what is beyond them is left out."""


def code_frame(code: str, line: int | None, cause_line: int | None = None) -> Content:
    """The lines of ``code`` around the failing one (``▶``) and the one that caused it (``●``); lines count from 1."""
    lines = highlighted_lines(code)
    marked = [each for each in (line, cause_line) if each is not None and 1 <= each <= len(lines)]
    if not marked:
        return Content()
    shown = sorted({n for each in marked for n in range(each - AROUND, each + AROUND + 1) if 1 <= n <= len(lines)})
    width = len(str(shown[-1]))
    drawn: list[Content] = []
    before = shown[0] - 1
    for number in shown:
        if number != before + 1:
            drawn.append(Content(f"  {'⋮':>{width}}").stylize("$muted"))
        before = number
        drawn.append(_frame_line(lines[number - 1], number, width, number == line, number == cause_line))
    return Content("\n").join(drawn)


def _frame_line(text: Content, number: int, width: int, fails: bool, causes: bool) -> Content:
    text = text[:LONGEST] + "…" if len(text) > LONGEST else text
    if fails:
        return Content.assemble(
            ("▶ ", "bold $error"), (f"{number:>{width}} ", "bold $error"), text.stylize("on $mark-wrong")
        )
    if causes:
        return Content.assemble(
            ("● ", "bold $warning"), (f"{number:>{width}} ", "bold $warning"), text.stylize("on $mark-cause")
        )
    return Content.assemble((f"  {number:>{width}} ", "$muted"), text)


def change(old: str, new: str) -> Content:
    """What changes from ``old`` to ``new``: lines taken out and put in, with a line around them."""
    before, after = highlighted_lines(old.rstrip("\n")), highlighted_lines(new.rstrip("\n"))
    matcher = SequenceMatcher(None, [each.plain for each in before], [each.plain for each in after], autojunk=False)
    drawn: list[Content] = []
    for group in matcher.get_grouped_opcodes(AROUND):
        if drawn:
            drawn.append(Content("  ⋮").stylize("$muted"))
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                drawn += [Content.assemble("  ", line) for line in before[old_start:old_end]]
                continue
            drawn += [_changed("- ", line, "error", "mark-wrong") for line in before[old_start:old_end]]
            drawn += [_changed("+ ", line, "success", "mark-right") for line in after[new_start:new_end]]
    return Content("\n").join(drawn)


def _changed(sign: str, line: Content, colour: str, behind: str) -> Content:
    return Content.assemble((sign, f"bold ${colour}"), line).stylize(f"on ${behind}")
