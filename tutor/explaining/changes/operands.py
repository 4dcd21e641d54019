"""Edits of signs, operands, literals and names."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tutor.explaining.changes.expressions import expression_at, replaced, tight
from tutor.explaining.changes.source import Edit, parsed, parses
from tutor.words import _


@dataclass(frozen=True, slots=True)
class FlipSign:
    """``-expression`` becomes ``expression`` and the other way round."""

    line: int
    expression: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Turn the sign of `{expression}` in line {line}").format(expression=self.expression, line=self.line)

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        if place is None:
            return None
        tree, node = place
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return replaced(tree, node, tree.of(node.operand))
        return replaced(tree, node, f"-{tight(tree.of(node))}")


@dataclass(frozen=True, slots=True)
class SwapOperands:
    """``a @ b`` becomes ``b @ a``; any operator, and a call's first two arguments."""

    line: int
    expression: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Swap the operands of `{expression}` in line {line}").format(
            expression=self.expression, line=self.line
        )

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        if place is None:
            return None
        tree, node = place
        if isinstance(node, ast.BinOp):
            between = tree.text[tree.span(node.left)[1] : tree.span(node.right)[0]].strip("() \n")
            operator = f" {between} "
            return replaced(tree, node, tight(tree.of(node.right)) + operator + tight(tree.of(node.left)))
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            one, two = node.args[:2]
            result = tree.edited(Edit(tree.span(one), tree.of(two)), Edit(tree.span(two), tree.of(one)))
            return result if parses(result) else None
        return None


@dataclass(frozen=True, slots=True)
class FloatLiterals:
    """Whole numbers in ``expression`` become floating-point: ``[1, 2]`` becomes ``[1.0, 2.0]``."""

    line: int
    expression: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Write the numbers in line {line} as floats").format(line=self.line)

    def apply(self, source: str) -> str | None:
        place = expression_at(source, self.line, self.expression, self.column)
        if place is None:
            return None
        tree, node = place
        edits = [
            Edit(tree.span(part), f"{part.value}.0")
            for part in ast.walk(node)
            if isinstance(part, ast.Constant) and type(part.value) is int
        ]
        result = tree.edited(*edits)
        return result if edits and parses(result) else None


@dataclass(frozen=True, slots=True)
class RenameAttribute:
    """``.old`` becomes ``.new`` on the line, or the name ``old`` itself where it stands alone."""

    line: int
    old: str
    new: str
    column: int | None = None
    """Where the whole expression (``loss.mean``) begins."""

    @property
    def title(self) -> str:
        return _("Write `{new}` for `{old}` in line {line}").format(old=self.old, new=self.new, line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        for node in tree.nodes:
            if not isinstance(node, ast.Attribute | ast.Name) or (
                self.column is not None and tree.column(node.lineno, node.col_offset) != self.column
            ):
                continue
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            end = tree.span(node)[1]
            if name == self.old and node.end_lineno == self.line:
                result = tree.edited(Edit((end - len(name), end), self.new))
                return result if parses(result) else None
        return None


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Characters ``old`` at ``column`` of ``line`` become ``new``: for a program that does not parse yet."""

    line: int
    column: int
    old: str
    new: str

    @property
    def title(self) -> str:
        return _("Write `{new}` for `{old}` in line {line}").format(
            old=self.old.strip(), new=self.new.strip(), line=self.line
        )

    def apply(self, source: str) -> str | None:
        lines = source.splitlines(keepends=True)
        if not 1 <= self.line <= len(lines) or not lines[self.line - 1].startswith(self.old, self.column):
            return None
        text = lines[self.line - 1]
        lines[self.line - 1] = text[: self.column] + self.new + text[self.column + len(self.old) :]
        result = "".join(lines)
        return result if parses(result) else None
