"""Lesson text as blocks of Content: Markdown parsed by markdown-it, one value a block, nothing read as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from markdown_it import MarkdownIt
from msgspec import Struct
from textual.content import Content

from tutor.ui.highlight import highlighted

if TYPE_CHECKING:
    from markdown_it.token import Token

Kind: TypeAlias = Literal["heading", "paragraph", "item", "code", "quote", "table", "rule"]

_INLINE: Final = {
    "strong_open": "bold",
    "em_open": "italic",
    "s_open": "strike",
    "link_open": "$secondary underline",
}
_CODE: Final = "$code-call on $code-surface"
_BULLETS: Final = "•◦▪"
_PYTHON: Final = frozenset({"", "python", "py", "python3", "pycon"})


class Block(Struct, frozen=True):
    kind: Kind
    content: Content
    marker: str = ""
    """What stands before the first line of a list item."""
    depth: int = 0
    """How many lists or quotes this stands in."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@lru_cache(maxsize=64)
def blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a lesson's text. Images become their description, raw HTML stays text."""
    if "$" in markdown:
        from tutor.ui.mathematics import with_mathematics  # noqa: PLC0415 - many texts have none

        markdown = with_mathematics(markdown)
    return tuple(_blocks(_parser().parse(markdown)))


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    lists: list[_List] = []
    quotes = 0
    marker = ""
    heading = False
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                lists.append(_List(token.type == "ordered_list_open", int(token.attrGet("start") or 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                marker = "  " if lists else ""
            case "list_item_open":
                here = lists[-1]
                marker = f"{here.number}. " if here.ordered else f"{_BULLETS[min(len(lists), 3) - 1]} "
                here.number += 1
            case "blockquote_open":
                quotes += 1
            case "blockquote_close":
                quotes -= 1
            case "heading_open" | "heading_close":
                heading = token.type == "heading_open"
            case "inline":
                kind: Kind = "heading" if heading else "item" if lists else "quote" if quotes else "paragraph"
                yield Block(kind, inline(token), marker, len(lists) + quotes)
                marker = " " * len(marker)
            case "fence" | "code_block":
                yield Block("code", _code(token), "", len(lists) + quotes)
            case "hr":
                yield Block("rule", Content("─" * 12))
            case "table_open":
                closing = next(i for i in range(at, len(tokens)) if tokens[i].type == "table_close")
                yield Block("table", _table(tokens[at:closing]))
                at = closing
            case "html_block":
                yield Block("paragraph", Content(token.content.strip()))


def _code(token: Token) -> Content:
    code = token.content.rstrip("\n")
    return highlighted(code) if token.info.strip().split(" ")[0].lower() in _PYTHON else Content(code)


def inline(token: Token) -> Content:
    """A paragraph's text with its emphasis, code and links."""
    pieces: list[tuple[str, str]] = []
    styles: list[str] = []
    for child in token.children or ():
        if child.type in _INLINE:
            styles.append(_INLINE[child.type])
        elif child.type.endswith("_close"):
            styles.pop()
        elif child.type == "code_inline":
            pieces.append((child.content, " ".join([*styles, _CODE])))
        elif child.type == "softbreak":
            pieces.append((" ", " ".join(styles)))
        elif child.type == "hardbreak":
            pieces.append(("\n", ""))
        else:
            pieces.append((child.content, " ".join(styles)))
    return Content.assemble(*pieces)


def _table(tokens: list[Token]) -> Content:
    rows: list[list[Content]] = []
    heads = 0
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(inline(token))
        elif token.type == "thead_close":
            heads = len(rows)
    widths = [
        max((row[column].cell_length for row in rows if column < len(row)), default=0)
        for column in range(max(map(len, rows), default=0))
    ]
    lines: list[Content] = []
    for number, row in enumerate(rows):
        cells = [cell.pad_right(widths[column] - cell.cell_length) for column, cell in enumerate(row)]
        line = Content("  ").join(cells)
        lines.append(line.stylize("bold") if number < heads else line)
        if number + 1 == heads:
            lines.append(Content("  ".join("─" * width for width in widths)).stylize("$rule"))
    return Content("\n").join(lines)


def inline_text(text: str) -> Content:
    """A short piece of Markdown as Content, for headlines, hints and options; paragraphs keep their distance."""
    return Content("\n\n").join(Content.assemble((block.marker, "$primary"), block.content) for block in blocks(text))


def spoken(text: str) -> Content:
    """A sentence of ours with code between backticks; nothing else in it means anything."""
    pieces = re.split(r"`([^`\n]+)`", text)
    return Content.assemble(*((piece, _CODE if at % 2 else "") for at, piece in enumerate(pieces)))
