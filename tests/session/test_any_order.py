"""Whatever happens, in whatever order: the laws that hold of every session."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tutor.autograd import Observation
from tutor.judging import Assessment, PredictionVerdict, Verdict
from tutor.packs.format import ChoiceStep, CodeStep, Lesson, Option, PredictStep, ReadStep, ValueCheck
from tutor.session import Place, Session, advance, hints_of, open_lesson
from tutor.session import effects as fx
from tutor.session import events as ev

CHECKS = (ValueCheck(value="y"),)
LESSON = Lesson(
    id="demo",
    title="Demo",
    summary="",
    steps=(
        ReadStep(kind="read", id="read", text=""),
        PredictStep(kind="predict", id="predict", text="", code="x = 1", ask="x"),
        ChoiceStep(
            kind="choice",
            id="choice",
            text="",
            options=(Option(text="a", why=""), Option(text="b", why="", correct=True)),
        ),
        CodeStep(kind="code", id="code", text="", starter="start", solution="y = 1", checks=CHECKS, hints=("h",)),
        CodeStep(kind="code", id="more", text="", solution="y = 2", checks=CHECKS),
    ),
)
BARE = [each() for each in get_args(ev.Event) if not each.__struct_fields__]
OUTCOMES = st.sampled_from(["ok", "exception", "syntax-error", "timeout", "internal", "cancelled"])


class AnyOrder(RuleBasedStateMachine):
    """Drives a session and, beside it, the plainest possible model of what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session = open_lesson("p", LESSON)
        self.stored: dict[Place, str] = {}
        self.under_way: dict[int, tuple[Place, str]] = {}
        self.newest_judged: dict[Place, int] = {}
        self.done: set[Place] = set()

    @initialize(live=st.booleans())
    def begin(self, live: bool) -> None:
        self.session = open_lesson("p", LESSON, live=live)

    def happens(self, event: ev.Event) -> None:
        before = self.session
        self.session, effects = advance(before, event)
        for old, new in zip(before.works, self.session.works, strict=True):
            replaced = old.draft != new.draft and not isinstance(event, ev.Typed)
            assert (new.rewritten > old.rewritten) == replaced, "only a replaced draft goes back to the screen"
        for effect in effects:
            self.perform(effect)

    def perform(self, effect: fx.Effect) -> None:
        match effect:
            case fx.SaveDraft(place, text) | fx.ReplaceDraft(place, text):
                self.stored[place] = text
            case fx.ResetDraft(place):
                self.stored.pop(place, None)
            case fx.Cancel(number):
                self.under_way = {each: what for each, what in self.under_way.items() if each > number}
            case fx.Judge(number, step, text) | fx.Foretell(number, step, text):
                self.under_way[number] = (Place("p", "demo", step.id), text)
            case fx.MarkDone(place):
                assert place not in self.done, "a step is marked done once"
                self.done.add(place)

    @rule(text=st.text(alphabet="xy=1 \n", max_size=5))
    def types(self, text: str) -> None:
        self.happens(ev.Typed(text))

    @rule(event=st.sampled_from(BARE))
    def anything_bare(self, event: Any) -> None:
        self.happens(event)

    @rule(index=st.integers(-2, 7))
    def chooses_a_step(self, index: int) -> None:
        self.happens(ev.StepChosen(index))

    @rule(index=st.integers(-1, 3))
    def chooses_an_option(self, index: int) -> None:
        self.happens(ev.OptionChosen(index))

    @rule(code=st.text(alphabet="yz=2", max_size=4))
    def applies_a_fix(self, code: str) -> None:
        self.happens(ev.FixApplied(code))

    @rule(text=st.text(alphabet="yz=2", max_size=4))
    def edits_elsewhere(self, text: str) -> None:
        self.happens(ev.EditedElsewhere(text))

    @rule(number=st.integers(0, 12), passed=st.booleans(), outcome=OUTCOMES)
    def a_verdict_arrives(self, number: int, passed: bool, outcome: Any) -> None:
        verdict = Verdict(passed=passed, outcome=outcome, checks=())
        before = [work.result.number if work.result else 0 for work in self.session.works]
        self.happens(ev.Judged(number, Assessment(verdict=verdict, observation=Observation(outcome=outcome))))
        after = [work.result.number if work.result else 0 for work in self.session.works]
        assert all(old <= new for old, new in zip(before, after, strict=True)), "an older verdict overwrote a newer one"

    @rule(number=st.integers(0, 12), passed=st.booleans())
    def a_prediction_is_judged(self, number: int, passed: bool) -> None:
        self.happens(ev.Foretold(number, PredictionVerdict(passed=passed, text="")))

    @rule(number=st.integers(0, 12))
    def explanations_arrive(self, number: int) -> None:
        self.happens(ev.Explained(number, ()))

    @rule(number=st.integers(0, 12))
    def a_run_fails(self, number: int) -> None:
        self.happens(ev.RunFailed(number, "why"))

    @invariant()
    def what_is_stored_is_what_is_shown(self) -> None:
        for index, work in enumerate(self.session.works):
            step = LESSON.steps[index]
            starter = step.starter if isinstance(step, CodeStep) else ""
            assert self.stored.get(self.session.place_of(index), starter) == work.draft

    @invariant()
    def at_most_one_run_is_under_way_and_it_is_the_newest(self) -> None:
        under = self.session.underway
        assert len(self.under_way) <= 1 or under is not None
        if under is not None:
            assert under.number == self.session.runs
            assert self.under_way[under.number] == (self.session.place_of(under.index), under.text)

    @invariant()
    def done_on_the_screen_is_done_in_the_store(self) -> None:
        assert {self.session.place_of(i) for i, work in enumerate(self.session.works) if work.done} == self.done

    @invariant()
    def hints_and_choices_stay_within_the_step(self) -> None:
        for step, work in zip(LESSON.steps, self.session.works, strict=True):
            assert 0 <= work.hints <= len(hints_of(step))
            assert len(set(work.chosen)) == len(work.chosen)

    @invariant()
    def the_step_on_the_screen_exists(self) -> None:
        assert 0 <= self.session.at < len(LESSON.steps)


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase
