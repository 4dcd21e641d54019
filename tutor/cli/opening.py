"""``tutor [PACK[/LESSON[/STEP]]]``: opens the app."""

from __future__ import annotations

import gc
import sys

import click

from tutor.cli.places import BadPlace, find_place, near_command
from tutor.packs import PackError
from tutor.words import _


def open_app(place: str | None) -> None:
    """Open the app at ``place``, or where the learner left off. It is imported only here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        text = _("The app needs a terminal. Without one there are `tutor check`, `tutor explain` and `tutor list`.")
        raise BadPlace(text)
    gc.disable()  # nothing that starting makes is garbage; the app turns it on again after its first frame
    from tutor.ui.app import open_at  # noqa: PLC0415 - Textual is imported to open the app, and only then

    try:
        code = open_at(place)
    except PackError:
        find_place(place or "")  # says it in the words of the command line
        raise
    sys.exit(code)


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
    open_app(place)
