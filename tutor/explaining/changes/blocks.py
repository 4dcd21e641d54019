"""Edits of blocks: putting statements under a ``with``, lifting them out, decorators, returns, updates in place."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tutor.explaining.changes.source import Edit, Source, parsed, parses
from tutor.explaining.changes.statements import indented
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Under:
    """Puts the statements from ``first`` to ``last`` under ``header``, which ends in a colon."""

    first: int
    last: int
    header: str = "with torch.no_grad():"

    @property
    def title(self) -> str:
        if self.first == self.last:
            return _("Put line {first} under `{header}`").format(first=self.first, header=self.header)
        return _("Put lines {first} to {last} under `{header}`").format(
            first=self.first, last=self.last, header=self.header
        )

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        one = tree.statement_at(self.first) if tree else None
        two = tree.statement_at(self.last) if tree else None
        if tree is None or one is None or two is None or two not in tree.block_of(one):
            return None
        if not (tree.begins_line(one) and tree.ends_line(two)) or tree.span(one) > tree.span(two):
            return None
        first, last = tree.first_line(one), tree.last_line(two)
        outer = tree.indentation(first)
        body = indented(tree, first, last, outer, outer + tree.unit)
        if not tree.lines[last - 1].endswith(("\n", "\r")):
            body = body.rstrip("\r\n")
        span = (tree.offset(first, 0), tree.offset(last + 1, 0))
        result = tree.edited(Edit(span, f"{outer}{self.header}{tree.newline(first)}{body}"))
        return result if parses(result) else None


@dataclass(frozen=True, slots=True)
class Lift:
    """Removes the ``with`` at ``line``, or the innermost around it, and keeps its body; of several managers only the one
    that reads ``manager``."""

    line: int
    manager: str = ""

    @property
    def title(self) -> str:
        return _("Take the block out of `{manager}` in line {line}").format(
            manager=self.manager or "with", line=self.line
        )

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        block = _with_at(tree, self.line, self.manager) if tree else None
        if tree is None or block is None:
            return None
        result = self._one_manager(tree, block) if len(block.items) > 1 else _lifted(tree, block)
        return result if result is not None and parses(result) else None

    def _one_manager(self, tree: Source, block: ast.With | ast.AsyncWith) -> str | None:
        index = next((i for i, item in enumerate(block.items) if _reads(item, self.manager)), None)
        if index is None:
            return None
        start, end = _item_span(tree, block.items[index])
        if index:
            start = _item_span(tree, block.items[index - 1])[1]
        else:
            end = _item_span(tree, block.items[1])[0]
        return tree.edited(Edit((start, end), ""))


def _reads(item: ast.withitem, manager: str) -> bool:
    return not manager or manager.rstrip("()") in ast.unparse(item.context_expr)


def _item_span(tree: Source, item: ast.withitem) -> tuple[int, int]:
    last = item.optional_vars or item.context_expr
    return tree.span(item.context_expr)[0], tree.span(last)[1]


def _with_at(tree: Source, line: int, manager: str) -> ast.With | ast.AsyncWith | None:
    """The ``with`` that begins on ``line``, else the innermost one around it."""
    found = [
        node
        for node in tree.statements()
        if isinstance(node, ast.With | ast.AsyncWith)
        and node.lineno <= line <= tree.last_line(node)
        and any(_reads(item, manager) for item in node.items)
    ]
    exact = [node for node in found if node.lineno == line]
    return exact[0] if exact else found[-1] if found else None


def _lifted(tree: Source, block: ast.With | ast.AsyncWith) -> str | None:
    start = tree.span(block)[0]
    body = tree.span(block.body[0])[0]
    if not tree.begins_line(block.body[0]):
        return tree.edited(Edit((start, body), ""))
    if not tree.begins_line(block):
        return None
    header_ends = _header_end(tree, block)
    first, last = header_ends + 1, tree.last_line(block)
    old, new = tree.indentation(tree.first_line(block.body[0])), tree.indentation(block.lineno)
    text = indented(tree, first, last, old, new)
    if not tree.lines[last - 1].endswith(("\n", "\r")):
        text = text.rstrip("\r\n")
    return tree.edited(Edit((tree.offset(block.lineno, 0), tree.offset(last + 1, 0)), text))


def _header_end(tree: Source, block: ast.With | ast.AsyncWith) -> int:
    """The line with the colon: comments may stand between it and the body."""
    line = max(item.context_expr.end_lineno or block.lineno for item in block.items)
    while line < block.body[0].lineno and ":" not in tree.lines[line - 1].split("#")[0]:
        line += 1
    return line


@dataclass(frozen=True, slots=True)
class RemoveDecorator:
    """Removes the decorator that reads ``decorator`` from the function at ``line`` (of its header or the decorator)."""

    line: int
    decorator: str

    @property
    def title(self) -> str:
        return _("Remove `@{decorator}`").format(decorator=self.decorator)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        for node in tree.statements():
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not tree.first_line(node) <= self.line <= node.lineno:
                continue
            for part in node.decorator_list:
                if self.decorator.rstrip("()") in ast.unparse(part):
                    last = part.end_lineno or part.lineno
                    result = tree.edited(Edit((tree.offset(part.lineno, 0), tree.offset(last + 1, 0)), ""))
                    return result if parses(result) else None
        return None


@dataclass(frozen=True, slots=True)
class AddReturn:
    """Makes the function at ``line`` return what its last statement computes."""

    line: int

    @property
    def title(self) -> str:
        return _("Return the result of the function in line {line}").format(line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        function = _function_at(tree, self.line) if tree else None
        if tree is None or function is None:
            return None
        last = function.body[-1]
        end = tree.span(last)[1]
        start = tree.span(last)[0]
        if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant):
            return _checked(tree, Edit((start, start), "return "))
        if isinstance(last, ast.Assign | ast.AugAssign | ast.AnnAssign):
            target = last.targets[0] if isinstance(last, ast.Assign) else last.target
            if not tree.begins_line(last):
                return _checked(tree, Edit((end, end), f"; return {tree.of(target)}"))
            line = tree.last_line(last)
            at = tree.offset(line + 1, 0)
            text = f"{tree.indentation(tree.first_line(last))}return {tree.of(target)}"
            ended = tree.lines[line - 1].endswith(("\n", "\r"))
            return _checked(tree, Edit((at, at), f"{text}{tree.newline(line)}" if ended else f"\n{text}"))
        return None


def _checked(tree: Source, edit: Edit) -> str | None:
    result = tree.edited(edit)
    return result if parses(result) else None


def _function_at(tree: Source, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    found = [
        node
        for node in tree.statements()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and tree.first_line(node) <= line <= tree.last_line(node)
    ]
    return found[-1] if found else None


_IN_PLACE = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True)
class UpdateInPlace:
    """``w = w - e`` becomes ``w -= e``, under ``torch.no_grad()`` unless ``no_grad`` is false."""

    line: int
    no_grad: bool = True
    column: int | None = None

    @property
    def title(self) -> str:
        if self.no_grad:
            return _("Update in place under `torch.no_grad()` in line {line}").format(line=self.line)
        return _("Update in place in line {line}").format(line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        statement = tree.statement_at(self.line, self.column) if tree else None
        if tree is None or not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        texts = _pairs_in_place(tree, statement) or [in_place(tree, statement)]
        if None in texts or (len(texts) > 1 and not (tree.begins_line(statement) and tree.ends_line(statement))):
            return None
        separator = tree.newline(statement.lineno) + tree.indentation(statement.lineno)
        changed = tree.edited(Edit(tree.span(statement), separator.join(text or "" for text in texts)))
        if not parses(changed) or not self.no_grad:
            return changed if parses(changed) else None
        return Under(self.line, self.line + len(texts) - 1).apply(changed)


def _pairs_in_place(tree: Source, statement: ast.Assign) -> list[str | None]:
    """The augmented forms of ``w, b = w - e, b - f``; empty where the statement has no such pairs."""
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return []
    return [_augmented(tree, one, other) for one, other in zip(target.elts, value.elts, strict=True)]


def in_place(tree: Source, statement: ast.Assign) -> str | None:
    """The augmented form of ``w = w - e``; of ``w = (w - e).detach()`` and its like too."""
    return _augmented(tree, statement.targets[0], statement.value)


def _augmented(tree: Source, target: ast.expr, value: ast.expr) -> str | None:
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr not in {"detach", "requires_grad_", "clone"}:
            break
        value = value.func.value
    if not isinstance(value, ast.BinOp) or type(value.op) not in _IN_PLACE:
        return None
    left = value.left
    while isinstance(left, ast.Attribute) and left.attr == "data":
        left = left.value
    name = ast.unparse(target)
    if ast.unparse(left) == name:
        return f"{tree.of(target)} {_IN_PLACE[type(value.op)]}= {_right_of(tree, value)}"
    if isinstance(value.op, ast.Add | ast.Mult) and ast.unparse(value.right) == name:
        return f"{tree.of(target)} {_IN_PLACE[type(value.op)]}= {tree.of(value.left)}"
    return None


def _right_of(tree: Source, value: ast.BinOp) -> str:
    text = tree.of(value.right)
    return f"({text})" if "\n" in text else text
