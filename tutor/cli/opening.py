"""``tutor [PACK[/LESSON[/STEP]]]``: opens the app."""

from __future__ import annotations

import sys

import click

from tutor.cli.places import BadPlace, find_place, near_command
from tutor.words import _


def open_app(place: str | None) -> None:
    """Open the app at ``place``, or where the learner left off. It is imported only here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        text = _("The app needs a terminal. Without one there are `tutor check`, `tutor explain` and `tutor list`.")
        raise BadPlace(text)
    from tutor.ui.app import run_app  # noqa: PLC0415 - Textual is imported to open the app, and only then

    run_app(place)


@click.command("open", hidden=True)
@click.argument("place")
@click.argument("rest", nargs=-1)
def open_place(place: str, rest: tuple[str, ...]) -> None:
    """Open the app at a pack, a lesson or a step."""
    near = near_command(place)
    if near is not None:
        raise BadPlace(near)
    if rest:
        raise BadPlace(_("`tutor {place}` takes nothing more; found `{rest}`.").format(place=place, rest=rest[0]))
    find_place(place)
    open_app(place)
