"""From a value that is silently wrong to its cause: suspects, experiments, and the words for the one that passed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from tutor.autograd import Observation, Program, Run
from tutor.explaining.changes import parsed
from tutor.explaining.experiments.evidence import Mismatch, mismatches, numbers_of
from tutor.explaining.experiments.registry import all_silent_kinds
from tutor.explaining.experiments.suspects import Suspect, Trial
from tutor.explaining.experiments.trying import Budget, Candidate, Found, candidates, first_passing
from tutor.explaining.experiments.watching import watch
from tutor.explaining.explanation import Explanation, Fix
from tutor.judging.verdict import Verdict
from tutor.words import _

_FIXES = 3
_FAR = 2.0
"""A change that passed by chance, being so much less probable than the one told, is not shown."""

Judge: TypeAlias = Callable[[str], Awaitable[Verdict]]


async def explain_silence(
    program: Program,
    observation: Observation,
    run: Run,
    *,
    verdict: Verdict | None = None,
    judge: Judge | None = None,
    budget: Budget | None = None,
) -> tuple[Explanation, ...]:
    """Why a program that ran to its end gives a wrong value, or what in it is almost certainly wrong.

    With ``verdict`` and ``judge`` a cause is told only when the program without it passes. Without them only what the
    run itself shows is told, and little of that.
    """
    source = parsed(program.source)
    if source is None or observation.outcome != "ok" or (verdict is not None and verdict.passed):
        return ()
    failed = mismatches(verdict) if verdict is not None else ()
    trial = Trial(program, observation, source, failed)
    if failed and judge is not None:
        return await _judged(trial, run, judge, budget or Budget())
    return await _alone(trial, run) if verdict is None else ()


def _suspects(trial: Trial) -> tuple[Suspect, ...]:
    found = [suspect for kind in all_silent_kinds() for suspect in kind.suspects(trial)]
    return tuple(sorted(found, key=lambda suspect: suspect.weight, reverse=True))


async def _judged(trial: Trial, run: Run, judge: Judge, budget: Budget) -> tuple[Explanation, ...]:
    watched = await watch(trial.program, run)
    trial = replace(trial, watched=watched)
    suspects = _suspects(trial)
    tried = candidates(trial.program.source, suspects, budget.runs)

    patience = max(5.0, 30 * trial.observation.elapsed_ms / 1_000)

    async def passes(code: str) -> bool:
        try:
            async with asyncio.timeout(patience):  # a changed loop may have no end
                return (await judge(code)).passed
        except TimeoutError:
            return False

    found = await first_passing(tried, passes, budget)
    if found is not None:
        return (_proven(trial, found),)
    stated = [suspect for suspect in suspects if suspect.stated]
    if stated:
        return (await _stated(trial, stated[0], run),)
    return (_unexplained(trial.main, suspects),) if trial.main.got is not None and trial.main.want is not None else ()


def _proven(trial: Trial, found: Found) -> Explanation:
    suspect = found.best.suspect
    near = [other for other in found.others if suspect.weight - other.suspect.weight <= _FAR]
    fixes = [_fix(candidate) for candidate in (found.best, *near)][:_FIXES]
    return Explanation(
        kind=suspect.kind,
        severity=suspect.severity,
        line=suspect.line,
        cause_line=suspect.cause_line or suspect.line,
        headline=suspect.headline,
        why=f"{suspect.why} {_proof(trial.main, suspect)}".strip(),
        fixes=tuple(fixes),
        lesson=suspect.lesson,
    )


def _fix(candidate: Candidate) -> Fix:
    return Fix(title=candidate.change.title, code=candidate.code, verified=True)


def _proof(main: Mismatch, suspect: Suspect) -> str:
    got, want = main.words
    words = _("{supposing}, `{label}` would be {want}, as expected; it is {got}.")
    return words.format(supposing=suspect.supposing, label=main.label, want=want, got=got) if suspect.supposing else ""


async def _stated(trial: Trial, suspect: Suspect, run: Run) -> Explanation:
    """A fact of the run that no change was found to set right: told, with the changes after which it is no more."""
    told = await _told(suspect, trial, run)
    if told.fixes:
        still = _("The change removes that, but `{label}` is then still not what is expected.")
        return replace(told, why=f"{told.why} {still.format(label=trial.main.label)}")
    source = trial.program.source
    untried = [Fix(title=change.title, code=code) for change in suspect.changes if (code := change.apply(source))]
    return replace(told, fixes=tuple(untried[:2]))


def _unexplained_elsewhere(main: Mismatch) -> Explanation:
    """Right on the step's own input and wrong on another: most often a value that was written down, not computed."""
    got, want = main.words
    if numbers_of(main.own) is not None and numbers_of(main.own) == numbers_of(main.got):
        headline = _("`{label}` is {got} whatever the input is: right for the lesson's own input, wrong for another.")
        advice = _("Compute it from the input; numbers that are written down cannot follow it.")
    else:
        headline = _("`{label}` is right for the lesson's own input, but for another it is {got}, expected {want}.")
        advice = _(
            "Look for something in your answer that fits the lesson's own input only: a number, a size, a position."
        )
    return Explanation(
        kind="unexplained-difference",
        severity="silent",
        headline=headline.format(label=main.label, got=got, want=want),
        why=_("The other input is `{setup}`, and there {want} is expected.").format(setup=main.elsewhere, want=want)
        + " "
        + advice,
    )


def _unexplained(main: Mismatch, suspects: Sequence[Suspect]) -> Explanation:
    if main.elsewhere is not None:
        return _unexplained_elsewhere(main)
    got, want = main.words
    hints = []
    if main.ratio is not None:
        hints.append(_("Each element is {ratio} times the expected one.").format(ratio=f"{main.ratio:g}"))
    elif main.pairs:
        hints.append(_("{wrong} of {all} elements differ.").format(wrong=len(main.differing), all=len(main.pairs)))
    if main.all_zero:
        hints.append(_("Everything is zero: no gradient came through."))
    tried = len({suspect.kind for suspect in suspects})
    if tried:
        hints.append(_("None of the usual causes explains it: changing each of them did not give the expected value."))
    return Explanation(
        kind="unexplained-difference",
        severity="silent",
        headline=_("`{label}` is {got}, expected {want}.").format(label=main.label, got=got, want=want),
        why=" ".join(hints),
    )


async def _alone(trial: Trial, run: Run) -> tuple[Explanation, ...]:
    """Without an expected value: only what is certain, one cause a kind and line."""
    watched = replace(trial, watched=await watch(trial.program, run)) if _worth_watching(trial) else trial
    certain = [suspect for suspect in _suspects(watched) if suspect.certain]
    told: dict[str, Suspect] = {}
    for suspect in certain:
        told.setdefault(suspect.kind, suspect)
    return tuple([await _told(suspect, trial, run) for suspect in told.values()])


def _worth_watching(trial: Trial) -> bool:
    return "backward" in trial.program.source or "grad" in trial.program.source


async def _told(suspect: Suspect, trial: Trial, run: Run) -> Explanation:
    """A certain suspect, with the changes after which the program runs and the fact is gone."""
    fixes: list[Fix] = []
    for change in suspect.changes:
        code = change.apply(trial.program.source)
        if code is None or code == trial.program.source or len(fixes) == 2 or code in {fix.code for fix in fixes}:
            continue
        if await _is_gone(suspect, replace(trial.program, source=code), run):
            fixes.append(Fix(title=change.title, code=code, verified=True))
    return Explanation(
        kind=suspect.kind,
        severity=suspect.severity,
        line=suspect.line,
        cause_line=suspect.cause_line or suspect.line,
        headline=suspect.headline,
        why=suspect.why,
        fixes=tuple(fixes),
        lesson=suspect.lesson,
    )


async def _is_gone(suspect: Suspect, program: Program, run: Run) -> bool:
    """Whether the changed program runs to its end and no longer shows what was suspected."""
    source = parsed(program.source)
    watched = await watch(program, run)
    observation = watched.observation
    if source is None or observation is None or observation.outcome != "ok":
        return False
    trial = Trial(program, observation, source, (), watched)
    return not any(other.certain and other.kind == suspect.kind for other in _suspects(trial))
