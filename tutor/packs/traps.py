"""Where YAML itself stumbles: what the author probably meant, in words that say how to write it.

A value on one line that YAML cannot read is replaced by letters of the same length, so that the rest of the file can be
read and all problems be said at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tutor.packs.problem import Problem, quoted
from tutor.packs.source import Source
from tutor.words import _

_LINE: Final = re.compile(r"(?P<indent>\s*)(?P<dashes>(?:- +)*)(?P<key>[\w.-]+:[ \t]+)?(?P<value>\S.*?)[ \t]*$")
_CLOSES: Final = {"{": "}", "[": "]"}


def block_form(key: str) -> str:
    """Return advice on how to write any text without quotes."""
    name = key.rstrip(": \t") or "text"
    advice = _("expected quotes around it, or the block form: `{key}: |` with the text on the next line, indented")
    return advice.format(key=name)


@dataclass(frozen=True, slots=True)
class Trap:
    """``mended`` is the file's text with the value at ``at`` made readable, None where that cannot be done."""

    problem: Problem
    mended: str | None = None
    at: int = -1


@dataclass(frozen=True, slots=True)
class _Value:
    """The part of a line that stands after dashes and key."""

    start: int
    text: str
    key: str


def explain(source: Source, error: Any, columns: list[int]) -> Trap:
    """Return what ruamel's ``error`` means. ``columns`` are those of the lists and mappings open where it happened."""
    said = str(error.problem or "")
    at = error.problem_mark.index if error.problem_mark else len(source.text)
    begun = error.context_mark.index if error.context_mark else at
    value = _value_on(source, source.place(at)[0])
    if (tab := _tab(source, at, said)) is not None:
        return tab
    if "unexpected end of stream" in said or "unexpected document separator" in said:
        message = _("found a quote that is never closed; expected its partner after the text")
        return _said(source, begun, message, "quote")
    if "unknown escape" in said:
        return _backslash(source, at, value)
    if value and value.key and at == value.start - len(value.key) + len(value.key.rstrip(": \t")):
        return _glued(source, source.place(at)[0]) or _below_value(source, at, value.key.rstrip(": \t"))
    if value and at >= value.start and (trap := _value_trap(source, value, at, said)):
        return trap
    return _layout(source, at, begun, said, columns)


def _said(source: Source, at: int, message: str, code: str, value: _Value | None = None) -> Trap:
    problem = source.problem(at, message, code)
    if value is None:
        return Trap(problem)
    end = value.start + len(value.text)
    return Trap(problem, source.text[: value.start] + "x" * len(value.text) + source.text[end:], value.start)


def _value_on(source: Source, number: int) -> _Value | None:
    found = _LINE.match(source.line(number))
    if found is None:
        return None
    return _Value(source.offset(number, found.start("value") + 1), found["value"], found["key"] or "")


def _tab(source: Source, at: int, said: str) -> Trap | None:
    number, column = source.place(at)
    line = source.line(number)
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        message = _("found a tab in the indentation; expected spaces: YAML allows no tabs there")
        return _said(source, source.offset(number, indent.index("\t") + 1), message, "tab")
    if "cannot start" in said and line[column - 1 :].lstrip("\t ").startswith("#"):
        return _said(source, at, _("found a tab before a comment; expected spaces"), "tab")
    return None


def _backslash(source: Source, at: int, value: _Value | None) -> Trap:
    message = _("found the backslash {escape} in double quotes; expected single quotes, which leave backslashes alone")
    found = source.text[at - 1 : at + 1]
    return _said(source, at - 1, message.format(escape=quoted(found)), "escape", value)


def _value_trap(source: Source, value: _Value, at: int, said: str) -> Trap | None:
    first = value.text[0]
    if first in "`@%*&!":
        message = _("found text that begins with `{first}`, which means something else in YAML; {advice}")
        shown = "backtick" if first == "`" else first
        text = message.format(first=shown, advice=block_form(value.key))
        return _said(source, value.start, text.replace("`backtick`", _("a backtick")), "start", value)
    if first in "|>":
        message = _("found text after `{first}`; expected a line end, with the text on the next lines, indented")
        return _said(source, at, message.format(first=first), "block")
    if first in "'\"" and "expected" in said:
        message = _("found more text after the closing quote; {advice}")
        return _said(source, at, message.format(advice=block_form(value.key)), "quote", value)
    if first in _CLOSES:
        return _bracket(source, value, at, said)
    if first in "]},":
        message = _("found text that begins with `{first}`; {advice}")
        return _said(source, value.start, message.format(first=first, advice=block_form(value.key)), "start", value)
    if "mapping values" in said and at > value.start and value.text[at - value.start :].startswith(":"):
        return _colon(source, value, at)
    return None


def _bracket(source: Source, value: _Value, at: int, said: str) -> Trap:
    first = value.text[0]
    kind = _("mapping") if first == "{" else _("list")
    whole = value if value.text.endswith(_CLOSES[first]) else None
    if "cannot start" in said:
        return _said(source, at, _no_start(source.text[at]), "start", whole)
    if "flow" in said or "',' or" in said:
        message = _(
            "found {found} inside the {kind} that begins with `{first}`; expected `,` or `{last}`: "
            "text with `: `, commas or brackets needs quotes"
        )
        found = quoted(source.text[at : at + 12].split("\n")[0]) if source.text[at:].strip() else _("the end")
        text = message.format(found=found, kind=kind, first=first, last=_CLOSES[first])
        return _said(source, at, text, "flow", whole)
    message = _("found text that begins with `{first}`, which begins a {kind} in YAML; {advice}")
    return _said(
        source, value.start, message.format(first=first, kind=kind, advice=block_form(value.key)), "start", value
    )


def _colon(source: Source, value: _Value, at: int) -> Trap:
    if not value.key and " " not in value.text.split(":")[0]:
        return _below_value(source, at, value.text.split(":")[0])
    message = _("found `: ` inside text without quotes, which begins a new key in YAML; {advice}")
    return _said(source, at, message.format(advice=block_form(value.key)), "colon", value)


def _below_value(source: Source, colon: int, key: str) -> Trap:
    message = _(
        "found the key {key} below a value that stands on the line above already; "
        "expected it in line with the keys above, or that text in the block form (`text: |`)"
    )
    return _said(source, colon - len(key), message.format(key=quoted(key)), "indentation")


def _layout(source: Source, at: int, begun: int, said: str, columns: list[int]) -> Trap:
    line = source.place(at)[0]
    if "could not find expected ':'" in said or "mapping values" in said:
        return _no_key(source, begun if "could not" in said else at)
    if "<block end>" in said or "entries are not allowed" in said:
        column = len(source.line(line)) - len(source.line(line).lstrip()) + 1
        message = _("found a line that begins in column {column}; expected it in line with one above{columns}")
        above = ", ".join(str(one) for one in columns)
        known = _(": column {columns}").format(columns=above) if above else ""
        if column in columns:
            message = _("found {found} here; expected a line of the same sort as those above it in column {column}")
            text = message.format(found=quoted(source.line(line).strip()[:20]), column=column)
            return _said(source, at, text, "indentation")
        return _said(source, at, message.format(column=column, columns=known), "indentation")
    return _said(source, at, _otherwise(source, at, begun, said), "syntax")


def _no_start(character: str) -> str:
    shown = _("a backtick") if character == "`" else quoted(character)
    return _("found text that begins with {character}; expected quotes around it").format(character=shown)


def _otherwise(source: Source, at: int, begun: int, said: str) -> str:
    """Return words for what no author has a name for."""
    found = quoted(source.text[at : at + 20].split("\n")[0]) if source.text[at:].strip() else _("the end of the file")
    if "cannot start" in said:
        return _no_start(source.text[at])
    if "',' or" in said:
        message = _("found {found} in a list or mapping in brackets that began on line {line}; expected `,` or its end")
        return message.format(found=found, line=source.place(begun)[0])
    if "<document start>" in said:
        return _("found {found} after the end of the file's keys; expected it in line with them").format(found=found)
    if "node content" in said:
        return _("found {found} where a value stands; expected text, in quotes if it begins so").format(found=found)
    message = _("found {found}, which is not YAML ({said}); expected `key: value` lines")
    return message.format(found=found, said=" ".join(said.split()) or "?")


def _glued(source: Source, line: int) -> Trap | None:
    """Return what to say of a colon without a space after it, on ``line`` or on the one before."""
    for number in (line, line - 1):
        found = re.match(r"\s*(?:- +)*([\w-]+):([^\s:/].*)", source.line(number))
        if found:
            message = _("found {found}; expected a space after the colon: `{key}: {value}`")
            text = message.format(found=quoted(found[0].strip()), key=found[1], value=found[2].strip()[:30])
            return _said(source, source.offset(number, found.start(1) + 1), text, "colon")
    return None


def _no_key(source: Source, at: int) -> Trap:
    line = source.place(at)[0]
    if (glued := _glued(source, line)) is not None:
        return glued
    message = _("found {found} where a key stands; expected `key: value`, or the line indented like the text above it")
    return _said(source, at, message.format(found=quoted(source.line(line).strip())), "syntax")
