"""``from tutor import explain``: around a part of a script, as a context manager or a decorator."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar, overload

P = ParamSpec("P")
R = TypeVar("R")


class Explaining:
    """Explains an exception that leaves the block or the function, on standard error, and lets it pass on.

    ``with explain:``, ``with explain():``, ``@explain`` and ``@explain()`` all do the same. To find the cause, the whole
    script is run again in a process of its own, with the same arguments; there, ``explain`` does nothing.
    """

    @overload
    def __call__(self) -> Self: ...

    @overload
    def __call__(self, function: Callable[P, R]) -> Callable[P, R]: ...

    def __call__(self, function: Callable[P, R] | None = None) -> Self | Callable[P, R]:
        if function is None:
            return self

        @functools.wraps(function)
        def explained(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return explained

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(raised, Exception) and not _is_inside_a_run():
            from tutor.cli.script_failure import say  # noqa: PLC0415 -- a script that does not fail waits for nothing

            say(raised)


def _is_inside_a_run() -> bool:
    """Whether this process is itself one in which the tutor runs a program."""
    return "tutor.running.execution" in sys.modules


explain: Final = Explaining()
