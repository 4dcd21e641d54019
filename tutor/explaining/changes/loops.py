"""Edits that bring statements into a loop."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tutor.explaining.changes.source import Edit, parsed, parses
from tutor.explaining.changes.statements import indented, removal
from tutor.words import _


@dataclass(frozen=True, slots=True)
class IntoLoop:
    """Moves the statements that begin at ``lines`` to the top of the body of the loop at ``loop``, in their order."""

    lines: tuple[int, ...]
    loop: int

    @property
    def title(self) -> str:
        return _("Move line {line} into the loop").format(line=", ".join(str(line) for line in self.lines))

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        loop = tree.statement_at(self.loop)
        moved = [tree.statement_at(line) for line in self.lines]
        if not isinstance(loop, ast.For | ast.While) or not moved or not tree.begins_line(loop.body[0]):
            return None
        target = tree.first_line(loop.body[0])
        text, edits = "", []
        for statement in moved:
            if statement is None or not (tree.begins_line(statement) and tree.ends_line(statement)):
                return None
            first = tree.first_line(statement)
            text += indented(tree, first, tree.last_line(statement), tree.indentation(first), tree.indentation(target))
            away = removal(tree, statement)
            if away is None or away.text:
                return None
            edits.append(away)
        at = tree.offset(target, 0)
        result = tree.edited(*edits, Edit((at, at), text))
        return result if parses(result) else None
