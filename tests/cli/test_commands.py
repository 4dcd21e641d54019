"""What the commands say: help one reads, near misses, progress, completion, the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tutor
from tutor.progress import StepRef, Store


@pytest.mark.parametrize("command", ["check", "explain", "list", "watch", "doctor", "completion", "progress"])
def test_every_command_has_help_with_its_purpose_and_examples(tutor: Tutor, command: str) -> None:
    done = tutor(command, "--help")
    assert done.code == 0
    assert f"Usage: tutor {command}" in done.out
    if command not in {"doctor", "progress"}:
        assert "Example" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_the_first_help_shows_every_command_in_its_group(tutor: Tutor) -> None:
    done = tutor("--help")
    assert done.code == 0
    for word in ("Learn:", "check", "explain", "doctor", "pack", "Examples:", "[PACK[/LESSON[/STEP]]"):
        assert word in done.out
    assert tutor("-h").out == done.out


def test_the_version_is_said(tutor: Tutor) -> None:
    assert tutor("--version").out.startswith("tutor 0.")


@pytest.mark.parametrize(
    ("word", "near"), [("chekc", "`check`"), ("explian", "`explain`"), ("autogard", "`autograd`"), ("lst", "`list`")]
)
def test_a_misspelt_command_or_pack_is_met_with_the_nearest(tutor: Tutor, word: str, near: str) -> None:
    done = tutor(word)
    assert done.code == 2
    assert f"`{word}` is neither a command nor a pack. Did you mean {near}" in done.err


def test_without_a_terminal_the_app_does_not_open_and_says_what_does(tutor: Tutor) -> None:
    done = tutor()
    assert done.code == 2
    assert "needs a terminal" in done.err
    assert tutor("autograd/no-such").err.startswith("Error: There is no lesson `no-such`")


def test_packs_lessons_and_steps_are_listed(tutor: Tutor, pack: Path) -> None:
    assert any(record["pack"] == "autograd" for record in tutor("list", "--json").records)
    [lesson] = tutor("list", pack, "--json").records
    assert (lesson["pack"], lesson["lesson"], lesson["title"]) == ("tiny", "slopes", "Slopes")
    steps = tutor("list", f"{pack}/slopes", "--json").records
    assert [(step["step"], step["kind"]) for step in steps] == [
        ("hello", "read"),
        ("guess", "predict"),
        ("double", "code"),
    ]
    assert "tiny/slopes/guess" in tutor("list", f"{pack}/slopes").out


def test_one_broken_pack_does_not_hide_the_others(tutor: Tutor, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pack.yaml").write_text("format: 1\nid: [")
    done = tutor("list", "--json", TUTOR_PACKS=str(tmp_path))
    assert done.code == 0
    assert [record["pack"] for record in done.records] == ["autograd"]
    assert "pack.yaml:" in done.err


def test_progress_is_shown_exported_and_reset(tutor: Tutor, pack: Path, tmp_path: Path) -> None:
    ref = StepRef("tiny", "slopes", "double")
    with Store.open(tmp_path / "progress.sqlite3") as store:
        store.mark_done(ref)
        store.save_draft(ref, "y = 1")
        store.set_place(ref)
    own = {"TUTOR_DATA": str(tmp_path)}
    [shown] = tutor("progress", "show", "--json", **own).records
    assert shown["place"] == "tiny/slopes/double"
    assert [step["step"] for step in shown["done"]] == ["tiny/slopes/double"]
    assert "1 step done" in tutor("progress", **own).out
    assert "✓" in tutor("list", f"{pack}/slopes", **own).out
    exported = json.loads(tutor("progress", "export", **own).out)
    assert exported["drafts"][0]["text"] == "y = 1"
    assert tutor("progress", "reset", "tiny", "--json", **own).code == 2
    refused = tutor("progress", "reset", "tiny", stdin="n\n", **own)
    assert refused.code == 130
    assert tutor("progress", "reset", "tiny/slopes/double", "--yes", "--json", **own).code == 0
    assert tutor("progress", "show", "--json", **own).records[0]["done"] == []


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tutor ch", {"check"}),
        ("tutor autog", {"autograd"}),
        ("tutor check auto", {"autograd"}),
        ("tutor check tiny/", {"tiny/slopes"}),
        ("tutor check tiny/slopes/", {"tiny/slopes/hello", "tiny/slopes/guess", "tiny/slopes/double"}),
        ("tutor check nothing/", set()),
        ("tutor explain --kind non-scalar", {"non-scalar-backward"}),
    ],
)
def test_the_shell_completes_commands_packs_lessons_steps_and_kinds(
    tutor: Tutor, pack: Path, words: str, offered: set[str]
) -> None:
    parts = words.split(" ")
    asked = {"_TUTOR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(parts) - 1)}
    done = tutor(**asked, TUTOR_PACKS=str(pack))
    found = {line.partition(",")[2] for line in done.out.split()}
    assert offered <= found
    assert offered or not found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_how_to_install_it(tutor: Tutor, shell: str) -> None:
    done = tutor("completion", shell)
    assert done.code == 0
    assert "_TUTOR_COMPLETE" in done.out
    assert f"tutor completion {shell}" in done.out


def test_the_doctor_tries_everything_and_says_what_is_wrong(tutor: Tutor, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    done = tutor("doctor", "--json", TUTOR_DATA=str(blocked / "below"))
    found = {record["about"]: record for record in done.records}
    assert {"Python", "torch", "Running", "Walls", "Terminal", "Characters"} <= found.keys()
    assert {"Colours", "Storage", "Packs"} <= found.keys()
    assert found["Running"]["state"] == "fine"
    assert found["Packs"]["state"] == "fine"
    assert found["Storage"]["state"] == "wrong"
    assert "TUTOR_DATA" in found["Storage"]["advice"]
    assert done.code == 1
