"""``tutor explain``: a script is run as it is, and what went wrong is explained."""

from __future__ import annotations

from typing import Any, Final

import click

from tutor.words import _

_SCRIPT_ARGUMENTS: Final = "tutor.script_arguments"

_HELP = _("""Run each FILE as it is and explain what went wrong, or what may surprise.

    It runs in its own folder, with your files and your network, under a time limit. What stands after -- is handed to
    it as its arguments. FILE may be - for standard input.

    Exit: 0 nothing wrong, 1 something was explained, 2 a file could not be read.

    \b
    Examples:
      tutor explain train.py
      tutor explain train.py -- --epochs 3
      tutor explain *.py --json
      tutor explain --kind backward-twice         about one kind of mistake
      tutor explain --kind list                   all kinds""")


class _WithScriptArguments(click.Command):
    """Keeps what stands after ``--`` for the script."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_SCRIPT_ARGUMENTS] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


def _complete_kind(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from tutor.explaining.registry import every_kind  # noqa: PLC0415

    return [kind.slug for kind in every_kind() if kind.slug.startswith(incomplete)]


@click.command("explain", cls=_WithScriptArguments, help=_HELP, options_metavar="[OPTIONS]")
@click.argument("files", metavar="FILE... [-- ARGS]", nargs=-1, type=click.Path(path_type=str, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a file and a line, nothing else."))
@click.option("--kind", metavar="SLUG", shell_complete=_complete_kind, help=_("Say what a kind of mistake is instead."))
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1, max=86_400),
    default=60.0,
    show_default=True,
    metavar=_("SECONDS"),
    help=_("Stop a script that runs longer."),
)
@click.pass_context
def explain(ctx: click.Context, files: tuple[str, ...], as_json: bool, kind: str | None, time_limit: float) -> Any:
    """Run a script and say what went wrong, and why."""
    if kind is not None:
        from tutor.cli.kinds import print_kind  # noqa: PLC0415

        return print_kind(kind, as_json=as_json)
    if not files:
        raise click.UsageError(_("Name a script to explain, or a kind of mistake with --kind."))
    import asyncio  # noqa: PLC0415 - `--help` need not know how to explain

    from tutor.cli.scripts import explain_all  # noqa: PLC0415

    arguments: tuple[str, ...] = ctx.meta[_SCRIPT_ARGUMENTS]
    return asyncio.run(explain_all(files, arguments, as_json=as_json, seconds=time_limit))
