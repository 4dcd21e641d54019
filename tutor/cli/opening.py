"""``tutor [PACK[/LESSON[/STEP]]]``: opens the app."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

import click

from tutor.packs.problem import PackError
from tutor.words import _


def open_app(place: str | None) -> None:
    """Open the app at ``place``, or where the learner left off. It is imported only here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if place is not None:
            _look_for(place)
        _refuse(_("The app needs a terminal. Without one there are `tutor check`, `tutor explain` and `tutor list`."))
    gc.disable()  # nothing that starting makes is garbage; the app turns it on again after its first frame
    from tutor.ui.app import open_at  # noqa: PLC0415 - Textual is imported to open the app, and only then

    try:
        code = open_at(place)
    except PackError:
        _look_for(place or "")
        raise
    sys.exit(code)


@click.command("open", hidden=True)
@click.argument("place")
@click.argument("rest", nargs=-1)
def open_place(place: str, rest: tuple[str, ...]) -> None:
    """Open the app at a pack, a lesson or a step."""
    if "/" not in place:
        from tutor.cli.places import near_command  # noqa: PLC0415 - a place with a slash is no command

        near = near_command(place)
        if near is not None:
            _refuse(near)
    if rest:
        _refuse(_("`tutor {place}` takes nothing more; found `{rest}`.").format(place=place, rest=rest[0]))
    open_app(place)


def _look_for(place: str) -> None:
    """Say what is wrong with a place, and what is near it."""
    from tutor.cli.places import find_place  # noqa: PLC0415 - the app opens without it

    find_place(place)


def _refuse(why: str) -> NoReturn:
    from tutor.cli.places import BadPlace  # noqa: PLC0415 - it is not needed when all is well

    raise BadPlace(why)
