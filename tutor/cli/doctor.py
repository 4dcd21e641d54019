"""``tutor doctor``: is this machine fit to run the tutor?"""

from __future__ import annotations

import click

from tutor.words import _

_HELP = _("""Is this machine fit to run the tutor? Python, torch, the terminal, storage, the walls around what you run,
    and the packs; each is tried, not guessed.

    Exit: 0 fit, 1 something is wrong.""")


@click.command("doctor", help=_HELP)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a finding and a line, nothing else."))
def doctor(as_json: bool) -> int:
    """Is this machine fit to run the tutor?"""
    import asyncio  # noqa: PLC0415

    from tutor.cli.findings import examine  # noqa: PLC0415 - `--help` need not examine anything
    from tutor.cli.lines import write_line  # noqa: PLC0415

    worst = 0
    for finding in asyncio.run(examine()):
        worst = max(worst, 1 if finding.state == "wrong" else 0)
        if as_json:
            write_line(
                {"about": finding.about, "state": finding.state, "found": finding.found, "advice": finding.advice}
            )
            continue
        mark, colour = {"fine": ("✓", "green"), "worth knowing": ("!", "yellow"), "wrong": ("✗", "red")}[finding.state]
        click.echo(f"{click.style(mark, fg=colour)} {click.style(finding.about, bold=True)}  {finding.found}")
        if finding.advice:
            click.secho(f"    {finding.advice}", dim=True)
    if not as_json:
        click.echo()
        click.echo(_("This machine is fit for the tutor.") if not worst else _("Something needs mending."))
    return worst
