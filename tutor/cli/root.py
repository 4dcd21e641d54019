"""The command ``tutor`` itself: which commands there are, and what a word that is none of them means."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from tutor import __version__
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, and its line in the list of commands."""

    module: str
    name: str
    line: str
    group: str


_LEARN: Final = _("Learn")
_UNDERSTAND: Final = _("Understand a script")
_AROUND: Final = _("Around it")

COMMANDS: Final = {
    "list": Entry("tutor.cli.listing", "list_", _("Packs, lessons and steps, and which are done."), _LEARN),
    "check": Entry("tutor.cli.checking", "check", _("Judge files as answers to a step."), _LEARN),
    "watch": Entry("tutor.cli.watching", "watch", _("Judge a file whenever you save it."), _LEARN),
    "progress": Entry("tutor.cli.progress", "progress", _("What is stored about you."), _LEARN),
    "explain": Entry(
        "tutor.cli.explaining", "explain", _("Run a script and say what went wrong, and why."), _UNDERSTAND
    ),
    "pack": Entry("tutor.cli.pack", "pack", _("Write, prove and install lesson packs."), _AROUND),
    "doctor": Entry("tutor.cli.doctor", "doctor", _("Is this machine fit to run the tutor?"), _AROUND),
    "completion": Entry(
        "tutor.cli.completion", "completion", _("Let your shell complete commands and steps."), _AROUND
    ),
}


class Commands(click.Group):
    """Loads a command when it is called. Any other first word names a pack, a lesson or a step to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        found: click.Command = getattr(importlib.import_module(entry.module), entry.name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in COMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from tutor.cli.opening import open_place  # noqa: PLC0415

        return "open", open_place, args

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for group in dict.fromkeys(entry.group for entry in COMMANDS.values()):
            with formatter.section(group):
                formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items() if entry.group == group])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=entry.line) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from tutor.cli.places import completions  # noqa: PLC0415

        return [*commands, *completions(incomplete)]


_EPILOG: Final = _("""\b
Examples:
  tutor                                       go on where you left off
  tutor autograd                              open the pack
  tutor check autograd/first-gradient/dot answer.py
  tutor explain train.py -- --epochs 3        explain a script, with its arguments

With --json, commands print one JSON object a line and nothing else.
`tutor COMMAND --help` has more examples.""")


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    options_metavar="",
    subcommand_metavar=_("[PACK[/LESSON[/STEP]] | COMMAND ...]"),
    epilog=_EPILOG,
)
@click.version_option(__version__, "-V", "--version", message="tutor %(version)s")
@click.pass_context
def tutor(ctx: click.Context, /, **_options: Any) -> None:
    """Learn PyTorch's autograd in the terminal: predict, write, run, and see why.

    Without a command, the tutor opens where you left off, or at the pack, lesson or step you name.
    """
    ctx.color = wants_colour()
    if ctx.invoked_subcommand is None:
        from tutor.cli.opening import open_app  # noqa: PLC0415

        open_app(None)


def wants_colour() -> bool:
    """Whether standard output is a terminal that shows colours, and nobody asked for none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
