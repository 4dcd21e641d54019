"""Programs that Python cannot read."""

from __future__ import annotations

import re

from tutor.explaining.changes import ReplaceText
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_OPENED = re.compile(r"'([(\[{])' was never closed")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_BLOCK = re.compile(r"^\s*(?:def|class|if|elif|else|for|while|with|try|except|finally)\b")


def _find(facts: Facts) -> Finding | None:
    seen = facts.exception
    if seen is None:
        return None
    lines = facts.program.source.splitlines()
    line = seen.line or 1
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    headline, why = _words(seen.type, seen.message, line, text)
    return Finding(
        line=seen.line,
        cause_line=seen.line,
        headline=headline,
        why=why,
        mendings=tuple(_mendings(seen.message, lines, line, text)),
    )


def _words(kind: str, message: str, line: int, text: str) -> tuple[str, str]:
    shown = text.strip()
    nothing_ran = _(" Nothing of the program has run yet: Python reads all of it first.")
    if kind == "TabError":
        return (
            _("In line {line} tabs and spaces are mixed.").format(line=line),
            _("Python cannot tell how far line {line} is indented. Use four spaces everywhere.").format(line=line)
            + nothing_ran,
        )
    if kind == "IndentationError":
        return (
            _("The indentation of line {line} does not fit: {message}.").format(line=line, message=message),
            _(
                "A block begins after a colon and ends where the indentation goes back. Look at line {line} and the one above it."
            ).format(line=line)
            + nothing_ran,
        )
    opened = _OPENED.search(message)
    if opened is not None:
        return (
            _("The `{mark}` opened in line {line} is never closed.").format(mark=opened.group(1), line=line),
            _("Every opening bracket needs its partner, here `{mark}`, in line {line} or below.").format(
                mark=_CLOSERS[opened.group(1)], line=line
            )
            + nothing_ran,
        )
    if "expected ':'" in message:
        return (
            _("A colon is missing at the end of line {line}.").format(line=line),
            _("`{text}` begins a block, and a block is announced by a colon. See line {line}.").format(
                text=shown, line=line
            )
            + nothing_ran,
        )
    if "null bytes" in message:
        return (
            _("The program holds a NUL character, which Python does not read."),
            _("It may have come along when text was copied, or the file is not text at all. Remove it.") + nothing_ran,
        )
    return (
        _("Python cannot read line {line}: {message}.").format(line=line, message=message.rstrip(".")),
        _("It stumbles over `{text}` in line {line}; the slip may also be at the end of the line above.").format(
            text=shown, line=line
        )
        + nothing_ran,
    )


def _mendings(message: str, lines: list[str], line: int, text: str) -> list[Mending]:
    opened = _OPENED.search(message)
    end = len(text.rstrip())
    if not text:
        return []
    if opened is not None:
        mark = _CLOSERS[opened.group(1)]
        found = [Mending(title=_("Close it: `{mark}`").format(mark=mark), changes=(ReplaceText(line, end, "", mark),))]
        if _BLOCK.match(text) and text.rstrip().endswith(":"):
            found.insert(
                0, Mending(title=_("Close it before the colon"), changes=(ReplaceText(line, end - 1, "", mark),))
            )
        return found
    if "expected ':'" in message and _BLOCK.match(text):
        return [Mending(title=_("Add the colon"), changes=(ReplaceText(line, end, "", ":"),))]
    if "unexpected indent" in message:
        indent = text[: len(text) - len(text.lstrip())]
        above = next((one for one in reversed(lines[: line - 1]) if one.strip()), "")
        wanted = above[: len(above) - len(above.lstrip())]
        return [Mending(title=_("Indent it like the line above"), changes=(ReplaceText(line, 0, indent, wanted),))]
    if "expected an indented block" in message:
        return [Mending(title=_("Indent line {line}").format(line=line), changes=(ReplaceText(line, 0, "", "    "),))]
    if "cannot assign to" in message and "==" in message and " = " in text:
        return [Mending(title=_("Compare with `==`"), changes=(ReplaceText(line, text.index(" = "), " = ", " == "),))]
    return []


SYNTAX_ERROR = Kind(
    slug="syntax-error",
    rank=5,
    needs_history=False,
    suspects=lambda facts: facts.observation.outcome == "syntax-error",
    find=_find,
    page=Page(
        title=_("Python cannot read the program"),
        what=_(
            "Before anything runs, Python reads the whole program. A missing bracket or colon, or an indentation that does not fit, stops it."
        ),
        mend=_("Look at the line it names, and at the end of the line above."),
    ),
    cases=(
        Case(
            code="import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True\ny = x.sum()\n",
            line=2,
            facts=(r"`\(`", "line 2", "closed"),
        ),
        Case(code="import torch\nfor k in range(3)\n    print(k)\n", line=2, facts=("colon", "line 2")),
        Case(code="import torch\nx = torch.ones(2)\n  y = x * 2\n", line=3, facts=("indentation", "line 3")),
        Case(code="import torch\ndef f(x):\nreturn x * 2\n", line=3, facts=("line 3",)),
    ),
)
