"""``tutor watch``: a file judged at each save, for those who use their own editor."""

from __future__ import annotations

from pathlib import Path

import click

from tutor.cli.completing import complete_step
from tutor.words import _

_HELP = _("""Judge FILE as the answer to a step, now and whenever you save it. Ctrl-C ends it.

    What you pass is remembered as done. FILE is begun with the step's starter where it does not exist.

    \b
    Example:
      tutor watch autograd/first-gradient/dot answer.py""")


@click.command("watch", help=_HELP)
@click.argument("place", metavar="PLACE", shell_complete=complete_step)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a save and a line, nothing else."))
def watch(place: str, file: Path, as_json: bool) -> int:
    """Judge a file whenever you save it."""
    import asyncio  # noqa: PLC0415 - `--help` need not know how to judge

    from tutor.cli.following import follow  # noqa: PLC0415
    from tutor.cli.places import find_judged_step  # noqa: PLC0415
    from tutor.cli.sources import Unreadable, read_source  # noqa: PLC0415

    found, step = find_judged_step(place)
    if not file.parent.is_dir():
        raise click.UsageError(_("The folder {folder} does not exist.").format(folder=file.parent))
    if not file.exists():
        starter = getattr(step, "starter", "")
        file.write_text(starter, encoding="utf-8")
    first = read_source(str(file))
    if isinstance(first, Unreadable):
        raise click.UsageError(first.why)
    if not as_json:
        click.echo(_("Watching {file} as the answer to {place}. Ctrl-C ends it.").format(file=file, place=found))
    asyncio.run(follow(found, file, as_json=as_json))
    return 0
