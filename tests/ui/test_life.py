"""Life with the app: moving about, asking for help, leaving and coming back, and what must not hurt it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.events import Key, Paste, Resize
from textual.geometry import Size
from textual.widgets import Input, OptionList

from tests.ui.conftest import Opener, Transcript
from tutor.autograd import Chunk, ExceptionSeen, Observation, PlainValue, Program, TensorSeen, TensorValue, WarningSeen
from tutor.progress import StepRef, Store
from tutor.ui.own_editor import EditorError, edit, editor_command
from tutor.ui.screens.home import HomeScreen
from tutor.ui.screens.lesson import LessonScreen
from tutor.ui.screens.solution import SolutionScreen
from tutor.ui.values import show

HOSTILE = "y[idx] [/b] [@click=app.quit]out[/] $error \\[x] 🙂 中文"
SIZES = [(40, 10), (80, 24), (120, 40), (200, 60)]


def _stored(store: Store) -> str | None:
    store.refresh()
    return store.draft(StepRef("demo", "first", "dot"))


class TestHome:
    async def test_a_first_start_shows_the_lessons(self, opened: Opener) -> None:
        async with opened(Transcript(), size=(80, 24)) as desk:
            assert isinstance(desk.app.screen, HomeScreen)
            shown = desk.text()
            assert "Demo [b]pack[/b] y[idx]" in shown
            assert "First [/b] steps" in shown
            assert "What list[int] is." in shown
            assert "0/5" in shown

    async def test_one_broken_lesson_leaves_the_others_usable(self, opened: Opener) -> None:
        async with opened(Transcript(), size=(120, 40)) as desk:
            assert "cannot be opened" in desk.text()
            await desk.press("down", "enter")
            assert "This lesson cannot be opened" in desk.text()
            assert "broken.yaml:4" in desk.text()
            await desk.press("escape", "down", "enter")
            assert desk.session.lesson.id == "second"

    async def test_it_offers_to_continue_where_one_left_off(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.press("escape", "q")
            assert "Continue where you left off" in desk.text()
            await desk.press("home", "enter")
            assert desk.session.step.id == "dot"


class TestMoving:
    async def test_next_back_skip_and_jump(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/intro") as desk:
            await desk.press("f8")
            assert desk.session.step.id == "guess"
            await desk.press("ctrl+n", "ctrl+n")
            assert desk.session.step.id == "dot"
            await desk.press("f7")
            assert desk.session.step.id == "pick"
            await desk.press("f9")
            await desk.press("up", "up", "enter")
            assert desk.session.step.id == "intro"

    async def test_enter_goes_on_from_a_text(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/intro") as desk:
            await desk.press("enter")
            assert desk.session.step.id == "guess"
            assert desk.session.works[0].done

    async def test_the_end_of_a_lesson_offers_the_next(self, opened: Opener) -> None:
        async with opened(Transcript(), "second/only") as desk:
            await desk.press("f8")
            assert "This was the last lesson of the pack." in desk.text()
            await desk.press("enter")
            assert isinstance(desk.app.screen, HomeScreen)

    async def test_search_finds_steps_lessons_and_commands(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/intro") as desk:
            await desk.press("ctrl+p")
            for words in ("Write it", "Lesson: Second", "Dark or light"):
                desk.app.screen.query_one(Input).value = words
                await desk.until(lambda: desk.app.screen.query_one(OptionList).option_count > 0)
                assert words in desk.text()
            desk.app.screen.query_one(Input).value = "Write it"
            await desk.settle()
            await desk.press("enter")
            await desk.until(lambda: desk.session.step.id == "dot")

    async def test_panes_take_the_focus_in_turn(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            seen = []
            for _ in range(4):
                await desk.press("f6")
                seen.append(desk.app.screen.focused.id)
            assert seen == ["result-body", "reading", "editor", "result-body"]

    async def test_a_click_on_a_dot_opens_that_step(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/intro", size=(80, 24)) as desk:
            await desk.pilot.click("StepBar", offset=(80 - 1 - 4 - 2, 0))
            await desk.settle()
            assert desk.session.step.id == "dot"

    async def test_a_click_on_a_key_presses_it(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/intro", size=(80, 24)) as desk:
            await desk.pilot.click("KeyBar", offset=(3, 0))
            await desk.settle()
            assert desk.session.step.id == "guess"


class TestAskingForHelp:
    async def test_hints_open_one_by_one_and_stay(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.press("f2")
            assert "Hint 1 of 2" in desk.text()
            assert "Hint 2 of 2" not in desk.text()
            await desk.press("f2", "f2")
            assert "Hint 1 of 2" in desk.text()
            assert "Hint 2 of 2" in desk.text()

    async def test_the_solution_opens_when_asked_twice_beside_ones_own(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.write("mine = 1\n")
            await desk.press("f3")
            assert not isinstance(desk.app.screen, SolutionScreen)
            await desk.press("f3")
            assert isinstance(desk.app.screen, SolutionScreen)
            assert "mine = 1" in desk.text()
            assert "y = 2 * torch.dot(x, x)" in desk.text()
            await desk.press("escape")
            assert isinstance(desk.app.screen, LessonScreen)
            assert desk.editor.text == "mine = 1\n"

    async def test_starting_over_asks_first_and_can_be_taken_back(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.write("mine = 1\n")
            await desk.press("escape", "x")
            assert "Start this step over?" in desk.text()
            await desk.press("escape")
            assert desk.editor.text == "mine = 1\n"
            await desk.press("escape", "x")
            await desk.press("right", "enter")
            assert desk.editor.text == "y = ...\n"
            await desk.press("escape", "z")
            assert desk.editor.text == "mine = 1\n"

    async def test_a_wrong_choice_says_why_and_lets_one_try_again(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/pick") as desk:
            await desk.press("1")
            assert "No [/b]." in desk.text()
            assert not desk.session.work.done
            await desk.press("down", "enter")
            assert "Yes." in desk.text()
            assert desk.session.work.done


class TestRemembering:
    async def test_everything_is_there_again(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.write("half an ans")
            await desk.press("f2", "ctrl+q")
        async with opened(Transcript()) as desk:
            assert isinstance(desk.app.screen, HomeScreen) is False
            assert desk.session.step.id == "dot"
            assert desk.editor.text == "half an ans"
            assert "Hint 1 of 2" in desk.text()

    async def test_a_draft_is_in_the_store_as_soon_as_it_is_typed(self, opened: Opener, tmp_path: Path) -> None:
        database = tmp_path / "mine.sqlite3"
        async with opened(Transcript(), "first/dot", database=database) as desk:
            await desk.press("1", "2")
            with Store.open(database) as other:
                await desk.until(lambda: _stored(other) == "12y = ...\n")

    async def test_a_home_that_cannot_be_written_is_said_and_stops_nothing(
        self, opened: Opener, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        async with opened(Transcript(), "first/dot", database=tmp_path / "file" / "p.sqlite3") as desk:
            await desk.write("kept in memory")
            await desk.until(lambda: "cannot be saved" in desk.text())
            await desk.press("f7", "f8")
            assert desk.editor.text == "kept in memory"


class TestRuns:
    async def test_an_older_run_never_overwrites_a_newer_one(self, opened: Opener) -> None:
        error = Observation(outcome="exception", exception=ExceptionSeen(type="OldError", message="", line=1))
        transcript = Transcript(answers={"old": error}, held={"old": asyncio.Event()})
        async with opened(transcript, "first/free") as desk:
            await desk.write("old")
            await desk.pilot.press("f5")
            await desk.pilot.pause()
            await desk.until_asked(transcript, "old")
            await desk.write("new")
            await desk.press("f5")
            transcript.held["old"].set()
            await desk.settle()
            assert "old" in transcript.cancelled
            assert "OldError" not in desk.result()
            assert desk.session.work.result.text == "new"

    async def test_ctrl_c_stops_a_run_and_otherwise_says_how_to_leave(self, opened: Opener) -> None:
        transcript = Transcript(held={"forever": asyncio.Event()})
        async with opened(transcript, "first/dot") as desk:
            await desk.write("forever")
            await desk.pilot.press("f5")
            await desk.until_asked(transcript, "forever")
            assert "running" in desk.text()
            await desk.press("ctrl+c")
            assert desk.session.underway is None
            assert "forever" in transcript.cancelled
            await desk.press("ctrl+c")
            assert "Ctrl+Q quits" in desk.text()

    async def test_a_runner_that_breaks_is_not_the_learners_fault(self, opened: Opener) -> None:
        class Broken(Transcript):
            async def run(self, program: Program) -> Observation:
                raise OSError(f"no [/b] pipe for {len(program.source)} characters")

        async with opened(Broken(), "first/dot") as desk:
            await desk.answer("y = 1")
            assert "the fault is ours" in desk.result()
            assert "no [/b] pipe" in desk.result()
            assert not desk.session.work.done

    async def test_limits_are_named(self, opened: Opener) -> None:
        outcomes = {"timeout": "time limit", "memory-limit": "memory limit", "output-limit": "printed more"}
        answers = {name: Observation(outcome=name, detail=f"detail of {name}") for name in outcomes}  # type: ignore[arg-type]
        async with opened(Transcript(answers=answers), "first/dot") as desk:
            for name, words in outcomes.items():
                await desk.answer(name)
                assert words in desk.result()
                assert f"detail of {name}" in desk.result()


class TestHostileText:
    @pytest.mark.parametrize("size", SIZES)
    async def test_nothing_from_outside_is_read_as_markup(self, opened: Opener, size: tuple[int, int]) -> None:
        tensor = TensorValue(shape=(1,), dtype="float32", data=b"\0\0\0\0", python_type=HOSTILE)
        seen = Observation(
            outcome="exception",
            exception=ExceptionSeen(type="ValueError", message=HOSTILE, line=1),
            output=(Chunk("stdout", HOSTILE + "\n"), Chunk("stderr", HOSTILE)),
            warnings=(WarningSeen(category=HOSTILE, message=HOSTILE, line=1),),
            tensors=(TensorSeen(name=HOSTILE, value=tensor, grad_fn=HOSTILE, is_leaf=False),),
            detail=HOSTILE,
        )
        async with opened(Transcript(answers={HOSTILE: seen}), "first/free", size=size) as desk:
            await desk.answer(HOSTILE)
            assert HOSTILE in desk.result()
            await desk.press("escape", "2")
            assert HOSTILE in desk.result()
            await desk.press("3")
            assert HOSTILE in desk.result()
            assert desk.app.is_running

    def test_a_repr_is_shown_as_it_is(self) -> None:
        assert show(PlainValue(python_type="str", text=HOSTILE)).plain == HOSTILE

    async def test_pasted_controls_become_visible(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("")
            desk.app.post_message(Paste("a\x1b]0;x\x07b\u202ec\rd\x0ce"))
            await desk.settle()
            assert desk.editor.text == "a␛]0;x␇b<U+202E>c␍d␌e"


class TestStorms:
    @pytest.mark.parametrize("place", ["first/intro", "first/guess", "first/pick", "first/dot"])
    async def test_any_size_shows_something_usable(self, opened: Opener, place: str) -> None:
        async with opened(Transcript(), place) as desk:
            for width, height in [*SIZES, (20, 5), (1, 1), (80, 24)]:
                await desk.pilot.resize_terminal(width, height)
                await desk.pilot.pause()
            assert "First [/b] steps" in desk.text()

    async def test_ten_thousand_pasted_keys_arrive(self, opened: Opener) -> None:
        text = "y = y + 1  # 中文\n" * 600
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("")
            desk.app.post_message(Paste(text))
            await desk.settle()
            assert desk.editor.text == text == desk.session.work.draft

    async def test_a_megabyte_of_draft_is_kept_and_can_be_edited(self, opened: Opener) -> None:
        text = "x = 1  # a line of forty characters....\n" * 25_000
        async with opened(Transcript(), "first/dot") as desk:
            await desk.write(text)
            desk.editor.move_cursor((0, 0))
            await desk.press("z")
            assert desk.editor.text == "z" + text == desk.session.work.draft

    async def test_wide_characters_keep_the_cursor_where_it_belongs(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("名 = '梯度'")
            desk.editor.move_cursor((0, 5))
            await desk.press("!")
            assert desk.editor.text == "名 = '!梯度'"
            assert "名 = '!梯度'" in desk.text()

    async def test_typing_ahead_of_the_session_loses_nothing(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            behind = desk.session
            desk.editor.load("")
            desk.editor.insert("typed meanwhile")
            screen = desk.app.screen
            assert isinstance(screen, LessonScreen)
            screen.session = behind.with_work(behind.at, hints=1)
            await desk.settle()
            assert desk.editor.text == "typed meanwhile" == desk.session.work.draft

    async def test_a_hundred_resizes_leave_the_text_and_the_result_in_place(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/free", size=(80, 24)) as desk:
            await desk.answer("print(1)")
            for turn in range(100):
                desk.app.post_message(Resize(Size(40 + turn * 2, 10 + turn % 40), Size(40 + turn * 2, 10 + turn % 40)))
            await desk.pilot.resize_terminal(80, 24)
            await desk.settle()
            assert desk.editor.text == "print(1)"
            assert "✓ Right." in desk.text()

    async def test_keys_faster_than_the_screen_arrive_in_order(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("")
            typed = ("y = x * 123  # gradients" + "\n") * 80
            for character in typed:
                desk.editor.post_message(Key("enter" if character == "\n" else character, character))
            await desk.until(lambda: desk.session.work.draft == typed)
            assert desk.editor.text == typed

    async def test_a_pack_of_a_thousand_lessons_opens_and_scrolls(self, opened: Opener, tmp_path: Path) -> None:
        folder = tmp_path / "many"
        folder.mkdir()
        names = [f"lesson-{number}" for number in range(1000)]
        listed = ", ".join(f"{name}.yaml" for name in names)
        (folder / "pack.yaml").write_text(f"format: 1\nid: many\ntitle: Many\nversion: 1.0.0\nlessons: [{listed}]\n")
        for name in names:
            text = f"id: {name}\ntitle: The {name}\nsummary: One.\nsteps:\n  - {{id: a, kind: read, text: Hello.}}\n"
            (folder / f"{name}.yaml").write_text(text)
        async with opened(Transcript(), size=(80, 24), folder=folder) as desk:
            assert "The lesson-0" in desk.text()
            await desk.press("end", "enter")
            assert desk.session.lesson.id == "lesson-999"

    async def test_a_pane_takes_the_whole_window_and_gives_it_back(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot", size=(80, 24)) as desk:
            await desk.press("f12")
            assert desk.editor.size.height > 15
            await desk.press("f12")
            assert desk.editor.size.height < 10
            assert "Compute y" in desk.text()


class TestOwnEditor:
    def test_neither_variable_set_says_how_to_choose_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.delenv("EDITOR", raising=False)
        with pytest.raises(EditorError, match="export EDITOR=vim"):
            editor_command()

    @pytest.mark.parametrize(
        ("value", "words"), [("no-such-editor -w", "no-such-editor"), ("vim 'x", "cannot be read")]
    )
    def test_an_editor_that_is_not_there_is_named(
        self, monkeypatch: pytest.MonkeyPatch, value: str, words: str
    ) -> None:
        monkeypatch.setenv("VISUAL", value)
        with pytest.raises(EditorError, match=words):
            editor_command()

    def test_a_failing_editor_changes_nothing(self) -> None:
        with pytest.raises(EditorError, match="your text is as it was"):
            edit("mine", ["false"])

    def test_what_is_saved_comes_back(self) -> None:
        assert edit("mine\n", ["sed", "-i", "s/mine/yours/"]) == "yours\n"

    def test_what_is_no_text_is_refused(self) -> None:
        with pytest.raises(EditorError, match="cannot be read"):
            edit("mine", ["sh", "-c", "printf '\\377\\376' > \"$0\""])


class TestEditing:
    @pytest.mark.parametrize("key", ["enter", "ctrl+j"])
    async def test_a_new_line_keeps_the_indentation_and_adds_to_it_after_a_colon(
        self, opened: Opener, key: str
    ) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("for i in x:  # [:]")
            desk.editor.move_cursor((0, 11))
            await desk.press(key, "a", key, "b")
            assert desk.editor.text == "for i in x:\n    a\n    b  # [:]"

    async def test_lines_are_indented_outdented_and_commented_together(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("a\nb\n")
            desk.editor.select_all()
            await desk.press("tab")
            assert desk.editor.text == "    a\n    b\n"
            await desk.press("shift+tab")
            assert desk.editor.text == "a\nb\n"
            await desk.press("ctrl+underscore")
            assert desk.editor.text == "# a\n# b\n"
            await desk.press("ctrl+underscore")
            assert desk.editor.text == "a\nb\n"

    async def test_one_backspace_takes_back_one_tab(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            desk.editor.load("")
            await desk.press("tab", "tab", "backspace")
            assert desk.editor.text == "    "

    async def test_escape_leaves_the_editor_and_letters_become_commands(self, opened: Opener) -> None:
        async with opened(Transcript(), "first/dot") as desk:
            await desk.press("escape", "h")
            assert "Hint 1 of 2" in desk.text()
            assert desk.editor.text == "y = ...\n"
