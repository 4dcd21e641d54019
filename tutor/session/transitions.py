"""Event in, state and effects out: pure, total, and the only place that decides what an event means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from tutor.packs.format import ChoiceStep, CodeStep, Lesson, PredictStep, ReadStep
from tutor.session import effects as fx
from tutor.session import events as ev
from tutor.session.state import (
    AnyStep,
    Foreseen,
    Remembered,
    Result,
    Session,
    Solution,
    Underway,
    Work,
    hints_of,
    starter_of,
)

if TYPE_CHECKING:
    from tutor.judging import Assessment

Turn = tuple[Session, tuple[fx.Effect, ...]]

KEPT_DRAFTS: Final = 20
_AFTER_ASKING: Final[Mapping[Solution, Solution]] = {
    "closed": "asked",
    "asked": "open",
    "open": "hidden",
    "hidden": "open",
}


def open_lesson(
    pack: str,
    lesson: Lesson,
    *,
    step: str | None = None,
    remembered: Mapping[str, Remembered] | None = None,
    live: bool = True,
) -> Session:
    """The session at ``step`` of ``lesson``, or at its start; what is ``remembered`` is keyed by the ids of steps."""
    known = remembered or {}
    works = tuple(_work(each, known.get(each.id, Remembered())) for each in lesson.steps)
    ids = [each.id for each in lesson.steps]
    return Session(pack=pack, lesson=lesson, works=works, at=ids.index(step) if step in ids else 0, live=live)


def _work(step: AnyStep, known: Remembered) -> Work:
    options = len(step.options) if isinstance(step, ChoiceStep) else 0
    return Work(
        draft=starter_of(step) if known.draft is None else known.draft,
        kept=known.kept[-KEPT_DRAFTS:],
        hints=min(known.hints, len(hints_of(step))),
        solution="hidden" if known.solution_seen else "closed",
        chosen=tuple(dict.fromkeys(index for index in known.chosen if 0 <= index < options)),
        done=known.done,
    )


def advance(session: Session, event: ev.Event) -> Turn:
    """What ``event`` makes of ``session``, and what is to be done in the world. Never raises."""
    return _ON[type(event)](session, event)


def _still(session: Session) -> Turn:
    return session, ()


def _typed(session: Session, event: ev.Typed) -> Turn:
    if event.text == session.work.draft or isinstance(session.step, ReadStep | ChoiceStep):
        return _still(session)
    saved = fx.SaveDraft(session.place, event.text)
    after = session.with_work(session.at, draft=event.text)
    if session.live and isinstance(session.step, CodeStep):
        return after, (saved, fx.AwaitRest())
    return after, (saved,)


def _rested(session: Session, _event: ev.Rested) -> Turn:
    judged = session.work.result.text if session.work.result else None
    text = session.work.draft
    waiting = session.underway is not None and session.underway.index == session.at and session.underway.text == text
    blank = not text.strip()
    if not session.live or not isinstance(session.step, CodeStep) or text == judged or waiting or blank:
        return _still(session)
    return _run(session, asked=False)


def _run_asked(session: Session, _event: ev.RunAsked) -> Turn:
    return _run(session, asked=True)


def _run(session: Session, *, asked: bool) -> Turn:
    step, text = session.step, session.work.draft
    if isinstance(step, ReadStep | ChoiceStep):
        return _still(session)
    number = session.runs + 1
    superseded = (fx.Cancel(session.runs),) if session.runs else ()
    underway = Underway(number, session.at, text, asked)
    after = replace(session, runs=number, underway=underway, trouble=None)
    if isinstance(step, PredictStep):
        return after, (*superseded, fx.Foretell(number, step, text))
    return after, (*superseded, fx.Judge(number, step, text))


def _cancel_asked(session: Session, _event: ev.CancelAsked) -> Turn:
    if session.underway is None:
        return _still(session)
    return replace(session, underway=None), (fx.Cancel(session.underway.number),)


def _judged(session: Session, event: ev.Judged) -> Turn:
    under = session.underway
    if under is None or event.number != under.number:
        return _still(session)
    step = session.lesson.steps[under.index]
    if not isinstance(step, CodeStep):
        return _still(session)
    result = Result(
        number=event.number, text=under.text, asked=under.asked, assessment=event.assessment, explaining=True
    )
    passed = event.assessment.verdict.passed
    after = replace(session, underway=None).with_work(
        under.index, result=result, done=session.works[under.index].done or passed
    )
    explain = fx.Explain(event.number, step, under.text, event.assessment)
    return after, (*_to_remember(session, under, event.assessment), explain)


def _to_remember(session: Session, under: Underway, assessment: Assessment) -> tuple[fx.Effect, ...]:
    """A half-typed line that does not parse yet is no attempt, nor is what failed by our fault."""
    verdict, place = assessment.verdict, session.place_of(under.index)
    if verdict.internal or verdict.outcome == "internal":
        return ()
    if not under.asked and verdict.outcome == "syntax-error":
        return ()
    attempt = fx.RecordAttempt(place, verdict.passed, verdict.outcome, assessment.observation.elapsed_ms)
    newly = verdict.passed and not session.works[under.index].done
    return (attempt, fx.MarkDone(place)) if newly else (attempt,)


def _explained(session: Session, event: ev.Explained) -> Turn:
    for index, work in enumerate(session.works):
        if work.result is not None and work.result.number == event.number:
            assessment = event.assessment or work.result.assessment
            result = replace(work.result, explanations=event.explanations, assessment=assessment, explaining=False)
            return session.with_work(index, result=result), ()
    return _still(session)


def _foretold(session: Session, event: ev.Foretold) -> Turn:
    under = session.underway
    if under is None or event.number != under.number:
        return _still(session)
    foreseen = Foreseen(number=event.number, typed=under.text, verdict=event.verdict)
    after = replace(session, underway=None)
    if event.verdict.internal is not None:
        return replace(after, trouble=event.verdict.internal), ()
    if event.verdict.unreadable is not None:
        return after.with_work(under.index, foreseen=foreseen), ()
    place = session.place_of(under.index)
    answer = fx.RecordAnswer(place, under.text, event.verdict.passed)
    newly = () if session.works[under.index].done else (fx.MarkDone(place),)
    return after.with_work(under.index, foreseen=foreseen, done=True), (answer, *newly)


def _run_failed(session: Session, event: ev.RunFailed) -> Turn:
    if session.underway is None or event.number != session.underway.number:
        return _still(session)
    return replace(session, underway=None, trouble=event.why), ()


def _option_chosen(session: Session, event: ev.OptionChosen) -> Turn:
    step, work = session.step, session.work
    if not isinstance(step, ChoiceStep) or not 0 <= event.index < len(step.options):
        return _still(session)
    chosen = (*(index for index in work.chosen if index != event.index), event.index)
    right = {index for index, option in enumerate(step.options) if option.correct}
    found = right <= set(chosen)
    after = session.with_work(session.at, chosen=chosen, done=work.done or found)
    answer = fx.RecordAnswer(session.place, str(event.index + 1), step.options[event.index].correct)
    newly = (fx.MarkDone(session.place),) if found and not work.done else ()
    return after, (answer, *newly)


def _hint_asked(session: Session, _event: ev.HintAsked) -> Turn:
    opened = session.work.hints + 1
    if opened > len(hints_of(session.step)):
        return _still(session)
    return session.with_work(session.at, hints=opened), (fx.KeepHints(session.place, opened),)


def _solution_asked(session: Session, _event: ev.SolutionAsked) -> Turn:
    if not isinstance(session.step, CodeStep):
        return _still(session)
    asked = session.work.solution
    shown: Solution = "open" if session.work.done and asked == "closed" else _AFTER_ASKING[asked]
    seen = (fx.KeepSolutionSeen(session.place),) if shown == "open" and asked != "hidden" else ()
    return session.with_work(session.at, solution=shown), seen


def _reset_asked(session: Session, _event: ev.ResetAsked) -> Turn:
    if not isinstance(session.step, CodeStep) or session.work.draft == session.step.starter:
        return _still(session)
    return session.with_work(session.at, resetting=True), (fx.ConfirmReset(),)


def _reset_dismissed(session: Session, _event: ev.ResetDismissed) -> Turn:
    return session.with_work(session.at, resetting=False), ()


def _reset_confirmed(session: Session, _event: ev.ResetConfirmed) -> Turn:
    if not session.work.resetting:
        return _still(session)
    fresh = _put_aside(session, starter_of(session.step))
    stopped, cancelled = _cancel_asked(fresh, ev.CancelAsked())
    after = stopped.with_work(stopped.at, resetting=False, result=None)
    return after, (fx.ResetDraft(session.place), *cancelled)


def _restore_asked(session: Session, _event: ev.RestoreAsked) -> Turn:
    if not session.work.kept or not isinstance(session.step, CodeStep):
        return _still(session)
    *older, latest = session.work.kept
    after = _put_aside(session.with_work(session.at, kept=tuple(older)), latest)
    return after, (fx.ReplaceDraft(session.place, latest),)


def _fix_applied(session: Session, event: ev.FixApplied) -> Turn:
    if not isinstance(session.step, CodeStep) or event.code == session.work.draft:
        return _still(session)
    ran, effects = _run(_put_aside(session, event.code), asked=True)
    return ran, (fx.ReplaceDraft(session.place, event.code), *effects)


def _put_aside(session: Session, text: str) -> Session:
    """The draft becomes ``text``; what stood there joins the kept ones."""
    old = session.work.draft
    kept = (*session.work.kept, old)[-KEPT_DRAFTS:] if old.strip() and old != text else session.work.kept
    return session.with_work(session.at, draft=text, kept=kept, rewritten=session.work.rewritten + 1)


def _edited_elsewhere(session: Session, event: ev.EditedElsewhere) -> Turn:
    if not isinstance(session.step, CodeStep) or event.text == session.work.draft:
        return _still(session)
    after = _put_aside(session, event.text)
    return after, (fx.ReplaceDraft(session.place, event.text), *((fx.AwaitRest(),) if session.live else ()))


def _editor_asked(session: Session, _event: ev.EditorAsked) -> Turn:
    if not isinstance(session.step, CodeStep):
        return _still(session)
    return session, (fx.OpenEditor(session.work.draft),)


def _step_chosen(session: Session, event: ev.StepChosen) -> Turn:
    if not 0 <= event.index < len(session.works) or event.index == session.at:
        return _still(session)
    after = replace(session, at=event.index, trouble=None)
    return after, (fx.KeepPlace(after.place),)


def _next_asked(session: Session, _event: ev.NextAsked) -> Turn:
    read: tuple[fx.Effect, ...] = ()
    if isinstance(session.step, ReadStep) and not session.work.done:
        read = (fx.MarkDone(session.place),)
        session = session.with_work(session.at, done=True)
    if session.at + 1 == len(session.works):
        return session, (*read, fx.EndLesson())
    after, moved = _step_chosen(session, ev.StepChosen(session.at + 1))
    return after, (*read, *moved)


def _back_asked(session: Session, _event: ev.BackAsked) -> Turn:
    return _step_chosen(session, ev.StepChosen(session.at - 1))


def _live_toggled(session: Session, _event: ev.LiveToggled) -> Turn:
    return replace(session, live=not session.live), ()


_ON: Final[Mapping[type, Callable[[Session, Any], Turn]]] = {
    ev.Typed: _typed,
    ev.Rested: _rested,
    ev.RunAsked: _run_asked,
    ev.CancelAsked: _cancel_asked,
    ev.Judged: _judged,
    ev.Explained: _explained,
    ev.Foretold: _foretold,
    ev.RunFailed: _run_failed,
    ev.OptionChosen: _option_chosen,
    ev.HintAsked: _hint_asked,
    ev.SolutionAsked: _solution_asked,
    ev.ResetAsked: _reset_asked,
    ev.ResetConfirmed: _reset_confirmed,
    ev.ResetDismissed: _reset_dismissed,
    ev.RestoreAsked: _restore_asked,
    ev.FixApplied: _fix_applied,
    ev.EditorAsked: _editor_asked,
    ev.EditedElsewhere: _edited_elsewhere,
    ev.StepChosen: _step_chosen,
    ev.NextAsked: _next_asked,
    ev.BackAsked: _back_asked,
    ev.LiveToggled: _live_toggled,
}
