"""``tutor explain --kind``: a page on one kind of mistake."""

from __future__ import annotations

from difflib import get_close_matches

import click

from tutor.cli.lines import write_line
from tutor.cli.report import indented, say, wrapped
from tutor.explaining.registry import every_kind, find_kind
from tutor.text import safe_line
from tutor.words import _


class NoSuchKind(click.ClickException):
    exit_code = 2


def print_kind(slug: str, *, as_json: bool) -> int:
    """Print what a kind of mistake is, an example and how to mend it; ``list`` prints all slugs."""
    if slug == "list":
        for known in every_kind():
            click.echo(f"{known.slug:<32} {known.page.title}")
        return 0
    kind = find_kind(slug)
    if kind is None:
        near = get_close_matches(slug, [known.slug for known in every_kind()], n=3)
        text = _("There is no kind of mistake called `{slug}`.").format(slug=safe_line(slug))
        more = _("Did you mean {names}?").format(names=_(" or ").join(f"`{name}`" for name in near))
        raise NoSuchKind(f"{text} {more if near else _('`tutor explain --kind list` shows them all.')}")
    page = kind.page
    example = kind.cases[0].code if kind.cases else ""
    if as_json:
        record = {"kind": kind.slug, "title": page.title, "what": page.what, "mend": page.mend}
        write_line(record | {"example": example, "lesson": page.lesson})
        return 0
    say([click.style(page.title, bold=True), "", *wrapped(page.what, 0)])
    if example:
        say(["", *indented(example.rstrip("\n").split("\n"))])
    say(["", *wrapped(page.mend, 0)])
    if page.lesson is not None:
        say(["", _("Read on: {command}").format(command=f"tutor {page.lesson}")])
    return 0
