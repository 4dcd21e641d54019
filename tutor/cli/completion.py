"""``tutor completion``: what a shell needs to complete commands, packs, lessons and steps."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from tutor.words import _

_INSTALL = {
    "bash": _("""# Put this line into ~/.bashrc:
#   eval "$(tutor completion bash)\""""),
    "zsh": _("""# Put this line into ~/.zshrc, after compinit:
#   eval "$(tutor completion zsh)\""""),
    "fish": _("""# Once:
#   tutor completion fish > ~/.config/fish/completions/tutor.fish"""),
}

_HELP = _("""Print what your shell needs to complete commands, packs, lessons and steps.

    \b
    Examples:
      eval "$(tutor completion bash)"       in ~/.bashrc
      eval "$(tutor completion zsh)"        in ~/.zshrc
      tutor completion fish > ~/.config/fish/completions/tutor.fish""")


@click.command("completion", help=_HELP)
@click.argument("shell", type=click.Choice(sorted(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print what your shell needs to complete commands, packs, lessons and steps."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(_("There is no completion for {shell}.").format(shell=shell))
    click.echo(_INSTALL[shell])
    click.echo(kind(ctx.find_root().command, {}, "tutor", "_TUTOR_COMPLETE").source())
    return 0
