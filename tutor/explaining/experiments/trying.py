"""Making the experiments: few at a time, the most probable first, within a budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tutor.explaining.changes import Change
from tutor.explaining.experiments.suspects import Suspect

Passes: TypeAlias = Callable[[str], Awaitable[bool]]
"""Runs a candidate and says whether everything is as expected."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``runs`` at most, ``at_once`` side by side, and none is begun after ``seconds``.

    The runs are the budget: what is found must not depend on how busy the machine is. The seconds only keep a program
    that is slow itself from being tried for ever.
    """

    runs: int = 40
    at_once: int = 3
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    suspect: Suspect
    change: Change
    code: str


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate that passed, and the others that did."""

    best: Candidate
    others: tuple[Candidate, ...] = ()


def candidates(source: str, suspects: Sequence[Suspect], limit: int) -> tuple[Candidate, ...]:
    """What there is to try, the most probable first; each changed program once.

    A suspect's further changes come a little later than its first, so that the first change of another that is
    about as probable is tried before them.
    """
    ranked = [
        (suspect.weight - 0.05 * rank, suspect, change)
        for suspect in suspects
        for rank, change in enumerate(suspect.changes)
    ]
    ranked.sort(key=lambda entry: entry[0], reverse=True)
    unique: dict[str, Candidate] = {}
    for _weight, suspect, change in ranked:
        if len(unique) == limit:
            break
        code = change.apply(source)
        if code is not None and code != source:
            unique.setdefault(code, Candidate(suspect, change, code))
    return tuple(unique.values())


async def first_passing(tried: Sequence[Candidate], passes: Passes, budget: Budget) -> Found | None:
    """Try candidates in order; the first in that order that passes, with the others found to pass on the way."""
    results: dict[int, bool] = {}
    ends = time.monotonic() + budget.seconds
    waiting = iter(range(len(tried)))

    def settled() -> int | None:
        """The index of the winner, once all before it have failed."""
        for index in range(len(tried)):
            if results.get(index):
                return index
            if index not in results:
                return None
        return None

    async def work() -> None:
        for index in waiting:
            if settled() is not None or time.monotonic() > ends or any(results.values()):
                return
            results[index] = await passes(tried[index].code)

    async with asyncio.TaskGroup() as group:
        for _worker in range(min(budget.at_once, len(tried))):
            group.create_task(work())
    passing = [tried[index] for index in sorted(results) if results[index]]
    return Found(passing[0], tuple(passing[1:])) if passing else None
