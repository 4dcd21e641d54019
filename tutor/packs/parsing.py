"""YAML text to a tree, with every problem that can be found on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutor.packs.growing import Growth, UnusableError
from tutor.packs.problem import Problem
from tutor.packs.source import Source
from tutor.packs.traps import explain
from tutor.packs.tree import Node
from tutor.words import _

MAX_MENDED = 20
"""How many unreadable values of a file are said before giving up: each costs another reading."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """``root`` is None when nothing of the file can be used."""

    root: Node | None
    problems: tuple[Problem, ...]


def parse(source: Source) -> Parsed:
    """Parse ``source``. Total: whatever the text is, the answer is a tree, problems, or both."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - listing packs seldom needs it
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    problems: list[Problem] = []
    mended: set[int] = set()
    text = source
    while True:
        growth = Growth(text, mended)
        try:
            growth.grow(YAML(typ="safe", pure=True).parse(text.text))
        except UnusableError as error:
            return Parsed(None, (*problems, *growth.problems, error.problem))
        except MarkedYAMLError as error:
            trap = explain(text, error, growth.columns())
            problems.append(trap.problem)
            if trap.mended is None or trap.at in mended or len(mended) >= MAX_MENDED:
                return Parsed(None, (*problems, *growth.problems))
            mended.add(trap.at)
            text = replace(text, text=trap.mended)
        except (YAMLError, ValueError, OverflowError, AssertionError, IndexError, AttributeError) as error:
            message = _("found something that is not YAML ({said}); expected `key: value` lines")
            problems.append(source.problem(0, message.format(said=type(error).__name__), "syntax"))
            return Parsed(None, (*problems, *growth.problems))
        else:
            return Parsed(growth.root, (*problems, *growth.problems))
