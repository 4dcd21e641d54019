"""What each event makes of a session."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tutor.autograd import Observation
from tutor.explaining.explanation import Explanation
from tutor.judging import Assessment, PredictionVerdict, Verdict
from tutor.packs.format import CodeStep, Lesson
from tutor.session import Place, Remembered, Session, advance, open_lesson
from tutor.session import effects as fx
from tutor.session import events as ev

READ, PREDICT, CHOICE, CODE, LAST = range(5)


def at(lesson: Lesson, index: int, **remembered: Remembered) -> Session:
    return open_lesson("pack", lesson, step=lesson.steps[index].id, remembered=remembered)


def after(session: Session, *events: ev.Event) -> Session:
    for event in events:
        session, _effects = advance(session, event)
    return session


def effects_of(session: Session, *events: ev.Event) -> list[fx.Effect]:
    found: list[fx.Effect] = []
    for event in events:
        session, effects = advance(session, event)
        found += effects
    return found


def assessed(*, passed: bool = False, outcome: str = "ok", internal: str | None = None) -> Assessment:
    verdict = Verdict(passed=passed, outcome=outcome, checks=(), internal=internal)  # type: ignore[arg-type]
    return Assessment(verdict=verdict, observation=Observation(outcome=outcome, elapsed_ms=3.0))  # type: ignore[arg-type]


def kinds(effects: list[fx.Effect]) -> list[type]:
    return [type(effect) for effect in effects]


class TestTyping:
    def test_every_change_is_saved_under_its_own_step(self, lesson: Lesson) -> None:
        assert effects_of(at(lesson, CODE), ev.Typed("y = 1")) == [
            fx.SaveDraft(Place("pack", "demo", "dot"), "y = 1"),
            fx.AwaitRest(),
        ]

    def test_an_unchanged_text_does_nothing(self, lesson: Lesson) -> None:
        session = at(lesson, CODE)
        assert advance(session, ev.Typed(session.work.draft)) == (session, ())

    def test_a_prediction_is_saved_and_never_runs_by_itself(self, lesson: Lesson) -> None:
        assert kinds(effects_of(at(lesson, PREDICT), ev.Typed("2"), ev.Rested())) == [fx.SaveDraft]

    def test_resting_runs_what_was_typed(self, lesson: Lesson) -> None:
        effects = effects_of(at(lesson, CODE), ev.Typed("y = 1"), ev.Rested())
        step = lesson.steps[CODE]
        assert isinstance(step, CodeStep)
        assert effects[-1] == fx.Judge(1, step, "y = 1")

    def test_resting_does_not_run_the_same_text_again(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("y = 1"), ev.Rested())
        assert effects_of(session, ev.Rested()) == []
        assert effects_of(after(session, ev.Judged(1, assessed())), ev.Rested()) == []

    def test_nothing_runs_by_itself_when_that_is_off_or_the_answer_is_blank(self, lesson: Lesson) -> None:
        assert effects_of(after(at(lesson, CODE), ev.LiveToggled(), ev.Typed("y = 1")), ev.Rested()) == []
        assert effects_of(after(at(lesson, CODE), ev.Typed(" \n")), ev.Rested()) == []

    def test_reading_has_no_draft(self, lesson: Lesson) -> None:
        assert effects_of(at(lesson, READ), ev.Typed("x"), ev.Rested(), ev.RunAsked()) == []


class TestRuns:
    def test_a_newer_run_cancels_the_older_one(self, lesson: Lesson) -> None:
        effects = effects_of(at(lesson, CODE), ev.RunAsked(), ev.Typed("y = 2"), ev.RunAsked())
        assert fx.Cancel(1) in effects
        assert isinstance(effects[-1], fx.Judge)
        assert effects[-1].number == 2

    def test_the_verdict_of_an_older_run_is_dropped(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.Typed("y = 2"), ev.RunAsked())
        assert advance(session, ev.Judged(1, assessed(passed=True))) == (session, ())
        newer = after(session, ev.Judged(2, assessed()))
        assert after(newer, ev.Judged(1, assessed(passed=True))) == newer

    def test_a_pass_marks_the_step_done_once_and_stays_where_it_is(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked())
        session, effects = advance(session, ev.Judged(1, assessed(passed=True)))
        assert session.at == CODE
        assert session.work.done
        assert kinds(list(effects)) == [fx.RecordAttempt, fx.MarkDone, fx.Explain]
        again = effects_of(session, ev.RunAsked(), ev.Judged(2, assessed(passed=True)))
        assert fx.MarkDone(session.place) not in again

    def test_done_stays_done_when_a_later_run_fails(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.Judged(1, assessed(passed=True)), ev.RunAsked())
        assert after(session, ev.Judged(2, assessed())).work.done

    def test_a_verdict_belongs_to_the_step_that_ran(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.NextAsked(), ev.Judged(1, assessed(passed=True)))
        assert session.at == LAST
        assert [work.done for work in session.works] == [False, False, False, True, False]

    def test_a_result_is_stale_once_the_text_changed(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.Judged(1, assessed()))
        assert not session.work.stale
        assert after(session, ev.Typed("y = 3")).work.stale

    def test_our_faults_are_no_attempts(self, lesson: Lesson) -> None:
        for fault in (assessed(outcome="internal"), assessed(internal="the reference fails")):
            assert kinds(effects_of(at(lesson, CODE), ev.RunAsked(), ev.Judged(1, fault))) == [fx.Judge, fx.Explain]

    def test_a_half_typed_line_is_no_attempt_unless_it_was_run_on_purpose(self, lesson: Lesson) -> None:
        broken = ev.Judged(1, assessed(outcome="syntax-error"))
        typed = effects_of(at(lesson, CODE), ev.Typed("y = ("), ev.Rested(), broken)
        assert fx.RecordAttempt not in kinds(typed)
        assert fx.RecordAttempt in kinds(effects_of(at(lesson, CODE), ev.RunAsked(), broken))

    def test_cancelling_stops_what_is_under_way_and_nothing_else(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked())
        cancelled, effects = advance(session, ev.CancelAsked())
        assert (cancelled.underway, effects) == (None, (fx.Cancel(1),))
        assert advance(cancelled, ev.CancelAsked()) == (cancelled, ())
        assert after(cancelled, ev.Judged(1, assessed(passed=True))) == cancelled

    def test_a_run_that_could_not_be_judged_says_why_until_the_next(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.RunFailed(1, "no runner"))
        assert (session.trouble, session.underway) == ("no runner", None)
        assert after(session, ev.RunAsked()).trouble is None
        assert after(session, ev.RunFailed(7, "old")) == session

    def test_explanations_join_the_result_they_belong_to(self, lesson: Lesson) -> None:
        told = Explanation(kind="k", severity="error", headline="h", why="w")
        session = after(at(lesson, CODE), ev.RunAsked(), ev.Judged(1, assessed()), ev.RunAsked())
        session = after(session, ev.Judged(2, assessed()))
        assert after(session, ev.Explained(1, (told,))) == session
        explained = after(session, ev.Explained(2, (told,)))
        assert explained.work.result is not None
        assert explained.work.result.explanations == (told,)
        assert not explained.work.result.explaining


class TestPredictions:
    def test_a_prediction_once_seen_is_done_right_or_wrong(self, lesson: Lesson) -> None:
        session = after(at(lesson, PREDICT), ev.Typed("2"), ev.RunAsked())
        wrong = PredictionVerdict(passed=False, text="It is 1.")
        session, effects = advance(session, ev.Foretold(1, wrong))
        assert session.work.done
        assert effects == (fx.RecordAnswer(session.place, "2", correct=False), fx.MarkDone(session.place))

    def test_what_cannot_be_read_reveals_nothing(self, lesson: Lesson) -> None:
        session = after(at(lesson, PREDICT), ev.Typed("??"), ev.RunAsked())
        unreadable = PredictionVerdict(passed=False, unreadable="Type a value.", text="")
        session, effects = advance(session, ev.Foretold(1, unreadable))
        assert effects == ()
        assert not session.work.done

    def test_a_fault_of_the_lesson_is_said_and_not_counted(self, lesson: Lesson) -> None:
        session = after(at(lesson, PREDICT), ev.Typed("2"), ev.RunAsked())
        session, effects = advance(session, ev.Foretold(1, PredictionVerdict(passed=False, text="", internal="broken")))
        assert (session.trouble, session.work.done, effects) == ("broken", False, ())


class TestChoices:
    def test_all_right_options_have_to_be_found(self, lesson: Lesson) -> None:
        session = after(at(lesson, CHOICE), ev.OptionChosen(0), ev.OptionChosen(1))
        assert not session.work.done
        session, effects = advance(session, ev.OptionChosen(2))
        assert session.work.done
        assert session.work.chosen == (0, 1, 2)
        assert effects == (fx.RecordAnswer(session.place, "3", correct=True), fx.MarkDone(session.place))

    @pytest.mark.parametrize("index", [-1, 3, 99])
    def test_an_option_that_is_not_there_does_nothing(self, lesson: Lesson, index: int) -> None:
        assert effects_of(at(lesson, CHOICE), ev.OptionChosen(index)) == []


class TestHelp:
    def test_hints_open_one_at_a_time_and_stay_open(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.HintAsked())
        assert session.work.hints == 1
        assert after(session, ev.HintAsked(), ev.HintAsked()).work.hints == 2
        assert after(session, ev.NextAsked(), ev.BackAsked()).work.hints == 1

    def test_the_solution_opens_when_asked_twice(self, lesson: Lesson) -> None:
        session, effects = advance(at(lesson, CODE), ev.SolutionAsked())
        assert (session.work.solution, effects) == ("asked", ())
        session, effects = advance(session, ev.SolutionAsked())
        assert (session.work.solution, effects) == ("open", (fx.KeepSolutionSeen(session.place),))
        assert after(session, ev.SolutionAsked(), ev.SolutionAsked()).work.solution == "open"

    def test_after_a_pass_the_solution_opens_at_once(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.RunAsked(), ev.Judged(1, assessed(passed=True)), ev.SolutionAsked())
        assert session.work.solution == "open"

    def test_only_code_has_a_solution_and_an_editor(self, lesson: Lesson) -> None:
        for index in (READ, PREDICT, CHOICE):
            assert effects_of(at(lesson, index), ev.SolutionAsked(), ev.SolutionAsked(), ev.EditorAsked()) == []
        assert effects_of(at(lesson, CODE), ev.EditorAsked()) == [fx.OpenEditor("y = ...\n")]


class TestStartingOver:
    def test_a_reset_is_confirmed_first_and_can_be_taken_back(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("mine"))
        asked, effects = advance(session, ev.ResetAsked())
        assert effects == (fx.ConfirmReset(),)
        assert after(asked, ev.ResetDismissed()).work.draft == "mine"
        fresh, effects = advance(asked, ev.ResetConfirmed())
        assert fresh.work.draft == "y = ...\n"
        assert effects == (fx.ResetDraft(session.place),)
        back, effects = advance(fresh, ev.RestoreAsked())
        assert back.work.draft == "mine"
        assert effects == (fx.ReplaceDraft(session.place, "mine"),)

    def test_confirming_without_having_asked_does_nothing(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("mine"))
        assert advance(session, ev.ResetConfirmed()) == (session, ())

    def test_an_untouched_starter_needs_no_reset(self, lesson: Lesson) -> None:
        assert effects_of(at(lesson, CODE), ev.ResetAsked()) == []

    def test_a_reset_stops_the_run_under_way(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("while True: pass"), ev.RunAsked(), ev.ResetAsked())
        fresh, effects = advance(session, ev.ResetConfirmed())
        assert fx.Cancel(1) in effects
        assert fresh.underway is None

    def test_a_fix_replaces_the_text_runs_and_keeps_the_old_one(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("mine"))
        fixed, effects = advance(session, ev.FixApplied("mended"))
        assert fixed.work.draft == "mended"
        assert fixed.work.kept == ("mine",)
        assert kinds(list(effects)) == [fx.ReplaceDraft, fx.Judge]

    def test_what_comes_back_from_another_editor_replaces_the_text(self, lesson: Lesson) -> None:
        session = after(at(lesson, CODE), ev.Typed("mine"))
        back, effects = advance(session, ev.EditedElsewhere("theirs"))
        assert (back.work.draft, back.work.kept) == ("theirs", ("mine",))
        assert effects == (fx.ReplaceDraft(session.place, "theirs"), fx.AwaitRest())
        assert advance(back, ev.EditedElsewhere("theirs")) == (back, ())


class TestMoving:
    def test_going_on_from_reading_marks_it_done(self, lesson: Lesson) -> None:
        session, effects = advance(at(lesson, READ), ev.NextAsked())
        assert session.at == PREDICT
        assert effects == (fx.MarkDone(Place("pack", "demo", "intro")), fx.KeepPlace(Place("pack", "demo", "guess")))

    def test_any_step_may_be_skipped_and_none_is_done_by_it(self, lesson: Lesson) -> None:
        session = after(at(lesson, PREDICT), ev.NextAsked(), ev.NextAsked(), ev.NextAsked())
        assert (session.at, session.done) == (LAST, 0)

    def test_the_last_step_leads_out_of_the_lesson(self, lesson: Lesson) -> None:
        session = at(lesson, LAST)
        assert advance(session, ev.NextAsked()) == (session, (fx.EndLesson(),))

    def test_there_is_nothing_before_the_first_step(self, lesson: Lesson) -> None:
        session = at(lesson, READ)
        assert advance(session, ev.BackAsked()) == (session, ())

    @pytest.mark.parametrize("index", [-1, 5, 1000])
    def test_a_step_that_is_not_there_is_not_chosen(self, lesson: Lesson, index: int) -> None:
        session = at(lesson, CODE)
        assert advance(session, ev.StepChosen(index)) == (session, ())


class TestOpening:
    def test_what_is_remembered_comes_back(self, lesson: Lesson) -> None:
        known = Remembered(draft="mine", kept=("older",), hints=9, solution_seen=True, done=True)
        work = at(lesson, CODE, dot=known).work
        assert (work.draft, work.kept, work.hints, work.solution, work.done) == ("mine", ("older",), 2, "hidden", True)

    def test_an_emptied_answer_stays_empty(self, lesson: Lesson) -> None:
        assert at(lesson, CODE, dot=Remembered(draft="")).work.draft == ""

    def test_choices_of_an_older_edition_of_the_lesson_are_left_out(self, lesson: Lesson) -> None:
        assert at(lesson, CHOICE, pick=Remembered(chosen=(1, 7, 1, 0))).work.chosen == (1, 0)

    def test_an_unknown_step_opens_the_first(self, lesson: Lesson) -> None:
        assert open_lesson("pack", lesson, step="gone").at == 0

    def test_a_session_is_not_changed_by_what_follows(self, lesson: Lesson) -> None:
        session = at(lesson, CODE)
        copy = replace(session)
        after(session, ev.Typed("a"), ev.RunAsked(), ev.HintAsked())
        assert session == copy
