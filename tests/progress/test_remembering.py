"""What a learner did is there when they come back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tutor.progress import Answer, Attempt, StepRef, Store, data_folder

STEP = StepRef("autograd", "first-gradient", "dot")
OTHER = StepRef("autograd", "accumulation", "clear")
ELSEWHERE = StepRef("course", "first-gradient", "dot")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet" / "there" / "progress.sqlite3"


def test_a_draft_survives_closing_and_opening_exactly_as_typed(file: Path) -> None:
    for text in ("", "y = x[0]  # ∂y\n\n", "tab\there\x00null\r\n", "lone \ud800 surrogate", "x" * 1_000_000):
        with Store.open(file) as store:
            store.save_draft(STEP, text)
        with Store.open(file) as store:
            assert store.draft(STEP) == text
            assert store.trouble is None


def test_a_reset_draft_is_gone_and_can_be_brought_back(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "y = 2 * x")
        store.reset_draft(STEP)
        assert store.draft(STEP) is None
        assert [earlier.text for earlier in store.earlier_drafts(STEP)] == ["y = 2 * x"]
        store.save_draft(STEP, "y = 3 * x")
        store.restore_draft(STEP, "y = 2 * x")
    with Store.open(file) as store:
        assert store.draft(STEP) == "y = 2 * x"
        assert [earlier.text for earlier in store.earlier_drafts(STEP)] == ["y = 3 * x", "y = 2 * x"]


def test_the_draft_of_an_earlier_session_is_kept_when_a_new_session_overwrites_it(file: Path) -> None:
    for text in ("first evening", "second evening"):
        with Store.open(file) as store:
            store.save_draft(STEP, text)
            store.save_draft(STEP, text + ", continued")
    with Store.open(file) as store:
        assert [earlier.text for earlier in store.earlier_drafts(STEP)] == ["first evening, continued"]


def test_no_more_than_twenty_earlier_drafts_are_kept_the_newest_first(file: Path) -> None:
    with Store.open(file) as store:
        for number in range(30):
            store.save_draft(STEP, f"draft {number}")
            store.reset_draft(STEP)
        kept = [earlier.text for earlier in store.earlier_drafts(STEP)]
    assert kept == [f"draft {number}" for number in range(29, 9, -1)]


def test_attempts_come_back_whole_and_in_order(file: Path) -> None:
    made = [
        Attempt(
            ref=STEP,
            when=NOON + timedelta(seconds=number),
            passed=number == 2,
            outcome="ok" if number else "exception",
            elapsed_ms=1.5 + number,
            explanation="backward-twice" if number == 0 else None,
        )
        for number in range(3)
    ]
    with Store.open(file) as store:
        for attempt in made:
            store.record(attempt)
    with Store.open(file) as store:
        assert list(store.attempts(STEP)) == made
        assert store.attempts(OTHER) == ()


def test_a_step_stays_done_since_the_first_time(file: Path) -> None:
    with Store.open(file) as store:
        store.mark_done(STEP, NOON)
        store.mark_done(STEP, NOON + timedelta(days=1))
        store.mark_done(ELSEWHERE, NOON)
    with Store.open(file) as store:
        assert store.done() == {STEP: NOON, ELSEWHERE: NOON}
        assert store.done("autograd") == {STEP: NOON}


def test_hints_once_opened_stay_open(file: Path) -> None:
    with Store.open(file) as store:
        assert store.hints_opened(STEP) == 0
        store.open_hints(STEP, 2)
        store.open_hints(STEP, 1)
        store.mark_solution_seen(OTHER)
    with Store.open(file) as store:
        assert store.hints_opened(STEP) == 2
        assert not store.solution_seen(STEP)
        assert store.solution_seen(OTHER)


def test_predictions_and_choices_are_kept_with_their_result(file: Path) -> None:
    answers = [
        Answer(ref=STEP, when=NOON, given="[0, 2, 4, 6]", correct=False),
        Answer(ref=STEP, when=NOON, given="[0, 4, 8, 12]", correct=True),
    ]
    with Store.open(file) as store:
        for answer in answers:
            store.record_answer(answer)
    with Store.open(file) as store:
        assert list(store.answers(STEP)) == answers


def test_the_last_place_is_known_over_all_packs_and_in_each(file: Path) -> None:
    with Store.open(file) as store:
        assert store.place() is None
        for ref in (STEP, ELSEWHERE, OTHER):
            store.set_place(ref)
    with Store.open(file) as store:
        assert store.place() == OTHER
        assert store.place("course") == ELSEWHERE
        assert store.place("unknown") is None


def test_settings_are_kept(file: Path) -> None:
    with Store.open(file) as store:
        assert store.setting("theme", "dark") == "dark"
        store.set_setting("theme", "light")
    with Store.open(file) as store:
        assert store.setting("theme", "dark") == "light"


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ((), set()),
        (("course",), {STEP, OTHER}),
        (("autograd", "accumulation"), {STEP, ELSEWHERE}),
        (("autograd", "first-gradient", "dot"), {OTHER, ELSEWHERE}),
    ],
)
def test_a_reset_forgets_what_was_named_and_nothing_else(
    file: Path, named: tuple[str, ...], left: set[StepRef]
) -> None:
    with Store.open(file) as store:
        store.set_setting("theme", "light")
        for ref in (STEP, OTHER, ELSEWHERE):
            store.save_draft(ref, "y = x")
            store.mark_done(ref, NOON)
            store.open_hints(ref, 1)
        store.reset(*named)
    with Store.open(file) as store:
        assert set(store.done()) == left
        for ref in (STEP, OTHER, ELSEWHERE):
            assert store.draft(ref) == ("y = x" if ref in left else None)
            assert store.hints_opened(ref) == (1 if ref in left else 0)
            assert [earlier.text for earlier in store.earlier_drafts(ref)] == ([] if ref in left else ["y = x"])
        assert store.setting("theme") == "light"


def test_forgetting_leaves_no_draft_behind(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "secret")
        store.reset_draft(STEP)
        store.reset(forget=True)
        assert store.earlier_drafts(STEP) == ()
        assert "secret" not in json.dumps(store.export())


def test_a_reset_of_a_lesson_in_no_pack_is_refused(file: Path) -> None:
    with Store.open(file) as store, pytest.raises(ValueError, match="first-gradient"):
        store.reset(lesson="first-gradient")


def test_the_export_is_json_and_holds_all_that_was_done(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "lone \ud800")
        store.mark_done(STEP, NOON)
        store.record_answer(Answer(ref=STEP, when=NOON, given="None", correct=True))
        store.set_setting("theme", "light")
        exported = json.loads(json.dumps(store.export()))
    assert exported["drafts"][0]["text"] == "lone \ud800"
    assert exported["done"] == [
        {"pack": "autograd", "lesson": "first-gradient", "step": "dot", "done_at": "2026-11-23T12:00:00.000000+00:00"}
    ]
    assert exported["answers"][0]["correct"] is True
    assert exported["settings"] == {"theme": "light"}


def test_the_data_folder_follows_the_variable_and_else_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTOR_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    with Store.open() as store:
        store.set_setting("theme", "light")
    assert (tmp_path / "mine" / "progress.sqlite3").exists()
    monkeypatch.delenv("TUTOR_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert data_folder().name == "autograd-tutor"


def test_a_reference_reads_back_what_it_prints() -> None:
    assert StepRef.parse(str(STEP)) == STEP
    for wrong in ("autograd", "autograd/first-gradient", "a/b/c/d", "a//c"):
        with pytest.raises(ValueError, match=wrong):
            StepRef.parse(wrong)
