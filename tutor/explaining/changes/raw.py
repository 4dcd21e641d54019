"""An edit whose new text is no expression of its own: a keyword argument, a target with a comma."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.explaining.changes.source import Edit, parsed, parses
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Respell:
    """``expression`` on ``line`` becomes the characters ``new``."""

    line: int
    expression: str
    new: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Write `{new}` for `{old}` in line {line}").format(old=self.expression, new=self.new, line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        found = tree.expressions(self.line, self.expression, self.column) if tree is not None else ()
        if tree is None or not found:
            return None
        result = tree.edited(Edit(tree.span(found[0]), self.new))
        return result if parses(result) else None
