"""Completion of ``PACK/LESSON/STEP``, without loading anything before a shell asks for it."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def complete_step(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from tutor.cli.places import completions  # noqa: PLC0415

    return completions(incomplete)
