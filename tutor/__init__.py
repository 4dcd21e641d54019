"""An interactive tutor for PyTorch's autograd, in the terminal.

Also beside your own code: ``from tutor import explain`` around a part of a script, ``%load_ext tutor`` in a notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutor.cli.script import explain

__version__ = "0.1.0"
__all__ = ["__version__", "explain"]


def __getattr__(name: str) -> Any:
    if name == "explain":
        from tutor.cli.script import explain  # noqa: PLC0415 -- every part of the tutor imports this module

        return explain
    raise AttributeError(f"module 'tutor' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """For ``%load_ext tutor``."""
    from tutor.cli.notebook import load  # noqa: PLC0415

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """For ``%unload_ext tutor``."""
    from tutor.cli.notebook import unload  # noqa: PLC0415

    unload(shell)
