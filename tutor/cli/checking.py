"""``tutor check``: files judged as answers to a step."""

from __future__ import annotations

import click

from tutor.cli.completing import complete_step
from tutor.words import _

_HELP = _("""Judge each FILE as the answer to a step.

    PLACE is PACK/LESSON/STEP; PACK is a pack's id or its folder. FILE may be - for standard input. To a predict step
    the file holds the value; to a code step, the program.

    Exit: 0 all pass, 1 some fail, 2 a file or the step could not be judged.

    \b
    Examples:
      tutor check autograd/first-gradient/dot answer.py
      tutor check ./my-pack/loops/mend-it submissions/*.py --json""")


@click.command("check", help=_HELP)
@click.argument("place", metavar="PLACE", shell_complete=complete_step)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=str, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a file and a line, nothing else."))
@click.option("--explain/--no-explain", default=True, help=_("Look for the cause of a failure (the default)."))
def check(place: str, files: tuple[str, ...], as_json: bool, explain: bool) -> int:
    """Judge files as answers to a step."""
    import asyncio  # noqa: PLC0415 - `--help` need not know how to judge

    from tutor.cli.judging import judge_all  # noqa: PLC0415
    from tutor.cli.places import find_judged_step  # noqa: PLC0415

    found, step = find_judged_step(place)
    return asyncio.run(judge_all(found.pack, step, files, as_json=as_json, with_causes=explain))
