"""Walls that the learner demands before a pack from elsewhere runs."""

from __future__ import annotations

import os

import click

from tutor.autograd import Program, Run
from tutor.packs import OpenPack
from tutor.packs.finding import built_in_folder
from tutor.running.fence import BadDemand, demanded, refusal


class Refused(click.ClickException):
    """A pack was not run, because a wall that was demanded does not stand."""

    exit_code = 2


async def demand_walls(pack: OpenPack, run: Run) -> None:
    """Make sure that the walls that ``TUTOR_REQUIRE_WALLS`` demands stand around a run of this pack.

    Raises:
        Refused: one does not, or the setting names none that there is.
    """
    built_in = pack.folder.resolve().is_relative_to(built_in_folder().resolve())
    try:
        if built_in or not demanded(os.environ):
            return
        seen = await run(Program(source=""))
        why = refusal(pack.pack.id, built_in=built_in, walls=seen.walls, environment=os.environ)
    except BadDemand as problem:
        raise Refused(str(problem)) from problem
    if why is not None:
        raise Refused(why)
