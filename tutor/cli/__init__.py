"""The command line. Each command is a module of its own, imported when it is called: ``tutor`` starts at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 2 after a wrong call, 130 after Ctrl-C, else with what the command says."""
    import click  # noqa: PLC0415 - `import tutor.cli` stays free of it

    from tutor.cli.root import tutor  # noqa: PLC0415

    try:
        code = tutor.main(arguments, prog_name="tutor", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)
