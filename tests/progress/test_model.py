"""Two tutors on one file behave like one dictionary, whatever is done in whichever order."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tutor.progress import Attempt, StepRef, Store

REFS = st.builds(StepRef, st.sampled_from(["p", "q"]), st.sampled_from(["l", "m"]), st.sampled_from(["s", "t"]))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Known:
    drafts: dict[StepRef, tuple[str, int]] = field(default_factory=dict)
    earlier: dict[StepRef, list[str]] = field(default_factory=dict)
    attempts: dict[StepRef, int] = field(default_factory=dict)
    done: set[StepRef] = field(default_factory=set)
    hints: dict[StepRef, int] = field(default_factory=dict)
    places: list[StepRef] = field(default_factory=list)

    def keep(self, ref: StepRef) -> None:
        if ref in self.drafts and self.drafts[ref][0]:
            text = self.drafts[ref][0]
            kept = [other for other in self.earlier.get(ref, []) if other != text]
            self.earlier[ref] = [text, *kept]


class TwoTutors(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "progress.sqlite3"
        self.known = Known()
        self.sessions = 2
        self.stores = [(Store.open(self.file), 0), (Store.open(self.file), 1)]

    def turn(self, which: int) -> tuple[Store, int]:
        store, session = self.stores[which]
        store.refresh(30)
        return store, session

    @rule(which=st.integers(0, 1), ref=REFS, text=st.sampled_from(["", "a", "b", "c\ud800"]))
    def save_draft(self, which: int, ref: StepRef, text: str) -> None:
        store, session = self.turn(which)
        store.save_draft(ref, text)
        before = self.known.drafts.get(ref)
        if before and before[1] != session and before[0] != text:
            self.known.keep(ref)
        self.known.drafts[ref] = (text, session)
        assert store.flush()

    @rule(which=st.integers(0, 1), ref=REFS)
    def reset_draft(self, which: int, ref: StepRef) -> None:
        store, _ = self.turn(which)
        store.reset_draft(ref)
        self.known.keep(ref)
        self.known.drafts.pop(ref, None)
        assert store.flush()

    @rule(which=st.integers(0, 1), ref=REFS, hint=st.integers(1, 4))
    def work(self, which: int, ref: StepRef, hint: int) -> None:
        store, _ = self.turn(which)
        store.set_place(ref)
        store.open_hints(ref, hint)
        store.record(Attempt(ref=ref, when=NOON, passed=True, outcome="ok", elapsed_ms=1.0))
        store.mark_done(ref, NOON)
        self.known.places.append(ref)
        self.known.hints[ref] = max(hint, self.known.hints.get(ref, 0))
        self.known.attempts[ref] = self.known.attempts.get(ref, 0) + 1
        self.known.done.add(ref)
        assert store.flush()

    @rule(which=st.integers(0, 1), ref=REFS, depth=st.integers(1, 3))
    def reset(self, which: int, ref: StepRef, depth: int) -> None:
        store, _ = self.turn(which)
        named = (ref.pack, ref.lesson, ref.step)[:depth]
        store.reset(*named)
        known = self.known
        for gone in [r for r in (*known.drafts, *known.done) if (r.pack, r.lesson, r.step)[:depth] == named]:
            known.keep(gone)
            known.drafts.pop(gone, None)
            known.hints.pop(gone, None)
            known.attempts.pop(gone, None)
            known.done.discard(gone)
        left = {place.pack: place for place in known.places}
        known.places = [
            place
            for place in known.places
            if left[place.pack] == place and (place.pack, place.lesson, place.step)[:depth] != named
        ]
        assert store.flush()

    @rule(which=st.integers(0, 1))
    def leave_and_return(self, which: int) -> None:
        self.stores[which][0].close()
        self.stores[which] = (Store.open(self.file), self.sessions)
        self.sessions += 1

    @invariant()
    def both_know_the_same(self) -> None:
        for which in (0, 1):
            store, _ = self.turn(which)
            assert store.trouble is None
            assert set(store.done()) == self.known.done
            assert store.place() == (self.known.places[-1] if self.known.places else None)
            for ref in self.known.done | self.known.drafts.keys() | self.known.earlier.keys():
                assert store.draft(ref) == self.known.drafts.get(ref, (None, 0))[0]
                assert [e.text for e in store.earlier_drafts(ref)] == self.known.earlier.get(ref, [])[:20]
                assert store.hints_opened(ref) == self.known.hints.get(ref, 0)
                assert len(store.attempts(ref)) == self.known.attempts.get(ref, 0)

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store, _ in self.stores:
                store.close()
            self.folder.cleanup()


TestTwoTutors = TwoTutors.TestCase
TestTwoTutors.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
