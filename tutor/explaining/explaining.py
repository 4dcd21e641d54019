"""From a run to explanations: suspect kinds, look again under observation, find the cause, try the changes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from tutor.autograd import Observation, Program, Run
from tutor.explaining.changes import Together
from tutor.explaining.experiments import explain_silence
from tutor.explaining.explanation import Explanation, Fix
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Finding, Kind, Mending
from tutor.explaining.registry import all_kinds, lesson_of
from tutor.words import _

if TYPE_CHECKING:
    from tutor.judging.verdict import Verdict

Judge: TypeAlias = "Callable[[str], Awaitable[Verdict]]"
"""Assesses a changed program as an answer to the step."""

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)
_ORDER = {"error": 0, "silent": 1, "warning": 2, "note": 3}
_FIXES = 4
_SLOWER = 4
"""How many times as long a run under observation may take."""


async def explain(
    program: Program,
    observation: Observation,
    run: Run,
    *,
    verdict: Verdict | None = None,
    judge: Judge | None = None,
) -> tuple[Explanation, ...]:
    """What went wrong in ``program``, or may surprise; the most important first, nothing for a program without fault.

    ``observation`` is of a run of ``program``; ``run`` runs it again, observed, and tries the changes. With ``judge``
    only the changes that the step accepts are shown, if there are any; without, those that let the program run to its
    end.
    """
    facts = Facts(program, observation)
    suspected = [kind for kind in all_kinds() if _asked(kind, kind.suspects, facts)]
    if any(kind.needs_history for kind in suspected):
        facts = facts.with_history((await run(_observed(program))).history)
    found = _findings(suspected, facts)
    silent, told = await asyncio.gather(
        _silence(program, observation, run, verdict, judge),
        asyncio.gather(*(_explained(slug, finding, facts, run, judge) for slug, finding in found)),
    )
    known = {one.kind for one in silent}
    explanations = [*silent, *(one for one in told if one.kind not in known)]
    return tuple(sorted(explanations, key=lambda one: _ORDER[one.severity]))


async def _silence(
    program: Program, observation: Observation, run: Run, verdict: Verdict | None, judge: Judge | None
) -> tuple[Explanation, ...]:
    try:
        return await explain_silence(program, observation, run, verdict=verdict, judge=judge)
    except Exception:  # noqa: BLE001 -- as for a rule: what was raised is explained all the same
        _log.debug("the experiments failed", exc_info=True)
        return ()


def _observed(program: Program) -> Program:
    """The program under observation, with the time that takes."""
    limits = replace(
        program.limits,
        wall_seconds=_SLOWER * program.limits.wall_seconds,
        cpu_seconds=_SLOWER * program.limits.cpu_seconds,
    )
    return replace(program, collect=program.collect | {"history"}, probes=(), limits=limits)


def _findings(suspected: list[Kind], facts: Facts) -> list[tuple[str, Finding]]:
    """One error at most: what it leads to would only distract. Without an error, whatever else was found."""
    found: list[tuple[str, Finding]] = []
    for kind in suspected:
        finding = _asked(kind, kind.find, facts)
        if finding is None:
            continue
        slug = finding.kind or kind.slug
        if finding.severity == "error":
            return [(slug, finding)]
        if slug not in {known for known, _finding in found}:
            found.append((slug, finding))
    return found


def _asked(kind: Kind, question: Callable[[Facts], Answer], facts: Facts) -> Answer | None:
    """What a rule answers. One that fails has nothing to say, and the others are asked all the same."""
    try:
        return question(facts)
    except Exception:  # noqa: BLE001 -- any program may be asked about, and no rule foresees them all
        _log.debug("the rule of %s failed", kind.slug, exc_info=True)
        return None


async def _explained(kind: str, finding: Finding, facts: Facts, run: Run, judge: Judge | None) -> Explanation:
    tried = await asyncio.gather(*(_tried(mending, facts, run, judge) for mending in finding.mendings))
    fixes = [one for one in tried if one is not None]
    best = [fix for fix, accepted in fixes if accepted] or [fix for fix, _accepted in fixes if fix.verified]
    return Explanation(
        kind=kind,
        severity=finding.severity,
        line=finding.line,
        cause_line=finding.cause_line,
        headline=_placed(finding.headline, facts),
        why=_placed(finding.why + _located(finding) + _other_names(finding, facts), facts),
        fixes=tuple(_distinct(best or [fix for fix, _accepted in fixes])[:_FIXES]),
        lesson=finding.lesson or lesson_of(kind),
    )


def _other_names(finding: Finding, facts: Facts) -> str:
    return "".join(facts.other_names(number) for number in finding.about)


def _located(finding: Finding) -> str:
    """The lines of failure and cause, where the words have not named them: they say what the code frame shows."""
    said = f"{finding.headline} {finding.why}"
    words = ""
    if finding.cause_line not in {None, finding.line} and not _names(said, finding.cause_line):
        words += " " + _("It began in line {line}.").format(line=finding.cause_line)
    if finding.line is not None and not _names(said, finding.line):
        stopped = _("The program stopped in line {line}.")
        words += " " + (stopped if finding.severity == "error" else _("Look at line {line}.")).format(line=finding.line)
    return words


def _names(words: str, line: int | None) -> bool:
    return re.search(rf"\bline {line}\b", words) is not None


def _placed(words: str, facts: Facts) -> str:
    """Words about a line that is not in the learner's file: what happened in the step's setup, or in an earlier cell."""
    if facts.program.filename == "cell.py":
        return words.replace("line None", _("an earlier cell"))
    return words.replace("line None", _("the setup") if facts.program.setup else _("an earlier line"))


def _distinct(fixes: list[Fix]) -> list[Fix]:
    return list({fix.code: fix for fix in reversed(fixes)}.values())[::-1]


async def _tried(mending: Mending, facts: Facts, run: Run, judge: Judge | None) -> tuple[Fix, bool] | None:
    """The mended program, run, and whether the step accepts it.

    None when the change does not fit, or the program fails where it did before. A program that fails elsewhere is kept,
    unverified: it may have another fault.
    """
    code = _changed(mending, facts.program.source)
    if code is None or code == facts.program.source:
        return None
    title = _placed(mending.title, facts)
    observation = await run(replace(facts.program, source=code, collect=frozenset({"tensors"})))
    if observation.outcome != "ok":
        moved_on = observation.outcome == "exception" and not _same_failure(observation, facts.observation)
        return (Fix(title=title, code=code), False) if moved_on else None
    if mending.holds is not None and not mending.holds(observation):
        return None
    accepted = judge is not None and (await judge(code)).passed
    return Fix(title=title, code=code, verified=True), accepted


def _changed(mending: Mending, source: str) -> str | None:
    try:
        return Together(mending.changes).apply(source)
    except Exception:  # noqa: BLE001 -- a change that cannot be made is none
        _log.debug("the change %r failed", mending.title, exc_info=True)
        return None


def _same_failure(one: Observation, other: Observation) -> bool:
    if one.exception is None or other.exception is None:
        return True
    return one.exception.message.split(":")[0] == other.exception.message.split(":")[0]
