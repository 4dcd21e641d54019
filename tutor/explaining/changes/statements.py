"""Edits of whole statements: putting one in, taking one out, moving, swapping."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tutor.explaining.changes.source import Edit, Source, parsed, parses
from tutor.words import _


def indented(source: Source, first: int, last: int, old: str, new: str) -> str:
    """Lines ``first`` to ``last`` with ``old`` indentation turned into ``new``; the insides of strings stay."""
    kept = source.inside_strings()
    lines = []
    for number in range(first, last + 1):
        line = source.lines[number - 1]
        moves = line.strip() and number not in kept and line.startswith(old)
        lines.append(new + line[len(old) :] if moves else line)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += source.newline(1)
    return "".join(lines)


def _simple(text: str) -> bool:
    """Whether ``text`` can stand between semicolons."""
    body = ast.parse(text).body
    return len(body) == 1 and "\n" not in text and not hasattr(body[0], "body")


def _own_suite(source: Source, statement: ast.stmt) -> bool:
    """Whether the statement stands on the line of its block's header: ``for p in ps: p.zero_()``."""
    outermost = isinstance(source.parents[statement], ast.Module)
    return not outermost and not source.begins_line(source.block_of(statement)[0])


def _on_lines(source: Source, text: str, at: int) -> str:
    """``text`` as whole lines with the indentation of line ``at``."""
    newline, indentation = source.newline(at), source.indentation(at)
    return "".join(f"{indentation}{line}{newline}" if line else newline for line in text.split("\n"))


def insertion(source: Source, target: ast.stmt, text: str, *, after: bool) -> Edit | None:
    """The edit that puts the statements ``text`` before or after ``target``, in its block."""
    start, end = source.span(target)
    first, last = source.first_line(target), source.last_line(target)
    if not after and source.begins_line(target):
        at = source.offset(first, 0)
        return Edit((at, at), _on_lines(source, text, first))
    if after and source.ends_line(target) and not _own_suite(source, target):
        at = source.offset(last + 1, 0)
        block = _on_lines(source, text, source.first_line(source.block_of(target)[0]))
        if source.begins_line(target):
            block = _on_lines(source, text, first)
        return Edit((at, at), block if source.lines[last - 1].endswith(("\n", "\r")) else "\n" + block.rstrip("\r\n"))
    if not _simple(text):
        return None
    return Edit((end, end), f"; {text}") if after else Edit((start, start), f"{text}; ")


def removal(source: Source, statement: ast.stmt) -> Edit | None:
    """The edit that takes the statement out, with its comment; ``pass`` is left in a block it would empty."""
    start, end = source.span(statement)
    block = source.block_of(statement)
    if len(block) == 1:
        return None if isinstance(source.parents[statement], ast.Module) else Edit((start, end), "pass")
    if source.begins_line(statement) and source.ends_line(statement):
        return Edit(
            (source.offset(source.first_line(statement), 0), source.offset(source.last_line(statement) + 1, 0)), ""
        )
    index = block.index(statement)
    if index + 1 < len(block) and source.last_line(statement) == source.first_line(block[index + 1]):
        return Edit((start, source.span(block[index + 1])[0]), "")
    return Edit((source.span(block[index - 1])[1], end), "")


@dataclass(frozen=True, slots=True)
class Insert:
    """Puts ``text`` before (or after) the statement at ``line``, with that statement's indentation."""

    line: int
    text: str
    after: bool = False
    column: int | None = None

    @property
    def title(self) -> str:
        words = _("Put `{text}` after line {line}") if self.after else _("Put `{text}` before line {line}")
        return words.format(text=self.text, line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        target = tree.statement_at(self.line, self.column) if tree else None
        if tree is None or target is None or not parses(self.text):
            return None
        edit = insertion(tree, target, self.text, after=self.after)
        result = tree.edited(edit) if edit else None
        return result if result is not None and parses(result) else None


@dataclass(frozen=True, slots=True)
class RemoveStatement:
    """Takes the statement at ``line`` out."""

    line: int
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Remove line {line}").format(line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        statement = tree.statement_at(self.line, self.column) if tree else None
        edit = removal(tree, statement) if tree and statement else None
        result = tree.edited(edit) if tree and edit else None
        return result if result is not None and parses(result) else None


@dataclass(frozen=True, slots=True)
class ReplaceStatement:
    """The statement at ``line`` becomes ``text``, which may have several lines."""

    line: int
    text: str
    column: int | None = None

    @property
    def title(self) -> str:
        return _("Write `{text}` in line {line}").format(text=self.text.replace("\n    ", " "), line=self.line)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        statement = tree.statement_at(self.line, self.column) if tree else None
        if tree is None or statement is None or not parses(self.text):
            return None
        start, end = tree.span(statement)
        parts = self.text.split("\n")
        if not (tree.begins_line(statement) and tree.ends_line(statement)) and all(map(_simple, parts)):
            result = tree.edited(Edit((start, end), "; ".join(parts)))
        elif "\n" in self.text or not _simple(self.text):
            if not (tree.begins_line(statement) and tree.ends_line(statement)):
                return None
            first = tree.first_line(statement)
            result = tree.edited(Edit((start, end), _on_lines(tree, self.text, first).strip()))
        else:
            result = tree.edited(Edit((start, end), self.text))
        return result if parses(result) else None


@dataclass(frozen=True, slots=True)
class Move:
    """Moves the statement at ``line`` before (or after) the one at ``target``, into that one's block."""

    line: int
    target: int
    after: bool = False
    column: int | None = None
    target_column: int | None = None

    @property
    def title(self) -> str:
        words = _("Move line {line} after line {target}") if self.after else _("Move line {line} before line {target}")
        return words.format(line=self.line, target=self.target)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        if tree is None:
            return None
        moved = tree.statement_at(self.line, self.column)
        target = tree.statement_at(self.target, self.target_column)
        if moved is None or target is None or target is moved or target in ast.walk(moved):
            return None
        away = removal(tree, moved)
        if away is None or away.text or (moved in tree.block_of(target) and len(tree.block_of(target)) == 1):
            return None
        whole = tree.begins_line(moved) and tree.ends_line(moved)
        put = self._lines(tree, moved, target) if whole else insertion(tree, target, tree.of(moved), after=self.after)
        if put is None or away.span[0] < put.span[0] < away.span[1]:
            return None
        result = tree.edited(away, put)
        return result if result != source and parses(result) else None

    def _lines(self, tree: Source, moved: ast.stmt, target: ast.stmt) -> Edit | None:
        first = tree.first_line(moved)
        place = insertion(tree, target, "pass", after=self.after)
        if place is None or "pass" not in place.text or ";" in place.text:
            text = tree.of(moved)
            return insertion(tree, target, text, after=self.after) if "\n" not in text else None
        inside = place.text.strip("\r\n")
        text = indented(tree, first, tree.last_line(moved), tree.indentation(first), inside[: inside.index("pass")])
        if place.text.startswith("\n"):
            return Edit(place.span, "\n" + text.rstrip("\r\n"))
        return Edit(place.span, text)


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchanges the statements at two lines of one block or of two."""

    first: int
    second: int

    @property
    def title(self) -> str:
        return _("Swap lines {first} and {second}").format(first=self.first, second=self.second)

    def apply(self, source: str) -> str | None:
        tree = parsed(source)
        one = tree.statement_at(self.first) if tree else None
        two = tree.statement_at(self.second) if tree else None
        if tree is None or one is None or two is None or one is two:
            return None
        if two in ast.walk(one) or one in ast.walk(two):
            return None
        if all(tree.begins_line(part) and tree.ends_line(part) for part in (one, two)):
            result = tree.edited(*self._whole(tree, one, two))
        else:
            result = tree.edited(Edit(tree.span(one), tree.of(two)), Edit(tree.span(two), tree.of(one)))
        return result if parses(result) else None

    def _whole(self, tree: Source, one: ast.stmt, two: ast.stmt) -> tuple[Edit, Edit]:
        def lines(part: ast.stmt, like: ast.stmt) -> str:
            first = tree.first_line(part)
            text = indented(
                tree, first, tree.last_line(part), tree.indentation(first), tree.indentation(tree.first_line(like))
            )
            at_end = not tree.lines[tree.last_line(like) - 1].endswith(("\n", "\r"))
            return text.rstrip("\r\n") if at_end else text

        def span(part: ast.stmt) -> tuple[int, int]:
            return tree.offset(tree.first_line(part), 0), tree.offset(tree.last_line(part) + 1, 0)

        return Edit(span(one), lines(two, one)), Edit(span(two), lines(one, two))
