"""`tutor check`: files in, verdicts out, for people and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Tutor

FILES = ["right.py", "crlf.py", "wrong.py", "foreseen.py", "hardcoded.py", "raising.py", "unfinished.py", "nan.py"]
FILES += ["escape.py", "nul.py", "missing.py", "picture.py", "."]


@pytest.fixture(scope="module")
def judged(tutor: Tutor, pack: Path) -> Done:
    return tutor("check", f"{pack}/slopes/double", *FILES, "--json")


@pytest.fixture(scope="module")
def records(judged: Done) -> dict[str, Any]:
    return {record["file"]: record for record in judged.records}


def test_each_file_has_one_object_and_they_come_in_the_order_of_the_files(judged: Done) -> None:
    assert [record["file"] for record in judged.records] == FILES


def test_a_right_answer_passes_whatever_its_line_ends_and_byte_order_mark(records: dict[str, Any]) -> None:
    for file in ("right.py", "crlf.py"):
        assert records[file]["passed"] is True
        assert records[file]["outcome"] == "ok"
        assert records[file]["explanations"] == []


def test_the_promised_keys_are_there(records: dict[str, Any]) -> None:
    record = records["wrong.py"]
    assert {"file", "outcome", "elapsed_ms", "exception", "passed", "checks", "explanations"} <= record.keys()
    assert {"tensors", "stdout", "warnings"} <= record.keys()
    first = record["checks"][0]
    assert (first["value"], first["passed"]) == ("x.grad", False)
    assert (first["got"], first["want"]) == ([0.0, 6.0, 12.0, 18.0], [0.0, 4.0, 8.0, 12.0])
    assert "3 of 4 elements differ" in first["message"]
    x = record["tensors"]["x"]
    assert (x["shape"], x["dtype"], x["requires_grad"], x["is_leaf"]) == ([4], "float32", True, True)
    assert (x["value"], x["grad"]) == ([0.0, 1.0, 2.0, 3.0], [0.0, 6.0, 12.0, 18.0])
    assert record["tensors"]["y"]["grad_fn"] == "MulBackward0"


def test_a_foreseen_mistake_gets_the_authors_words(records: dict[str, Any]) -> None:
    assert records["foreseen.py"]["foreseen"] == "The factor two is missing."
    assert records["wrong.py"]["foreseen"] is None


def test_a_hard_coded_gradient_is_told_on_which_input_it_failed(records: dict[str, Any]) -> None:
    failed = [check for check in records["hardcoded.py"]["checks"] if not check["passed"]]
    assert [check["value"] for check in failed if check["variant"] is None] == ["backward"]
    [other] = [check for check in failed if check["value"] == "x.grad"]
    assert other["variant"] == 1
    assert "On another input, `x = torch.linspace(-1, 1, 7, requires_grad=True)`" in other["message"]


def test_an_error_has_its_line_in_the_file_and_an_explanation_with_a_tried_fix(records: dict[str, Any]) -> None:
    record = records["raising.py"]
    assert record["outcome"] == "exception"
    assert (record["exception"]["type"], record["exception"]["line"]) == ("RuntimeError", 2)
    [explanation] = record["explanations"]
    assert (explanation["kind"], explanation["line"]) == ("non-scalar-backward", 2)
    assert any(fix["verified"] for fix in explanation["fixes"]) or explanation["fixes"]
    assert records["unfinished.py"]["outcome"] == "syntax-error"
    assert records["nul.py"]["outcome"] == "syntax-error"


def test_what_json_cannot_write_as_a_number_is_text(records: dict[str, Any]) -> None:
    tensors = records["nan.py"]["tensors"]
    assert tensors["x"]["grad"] == ["NaN"] * 4
    assert tensors["z"]["value"] == ["Infinity", "-Infinity"]


def test_nothing_that_steers_a_terminal_comes_through(judged: Done, records: dict[str, Any]) -> None:
    assert records["escape.py"]["exception"]["type"] == "ValueError"
    for sign in ("\x1b", "\\u001b", "\u202e", "\x07"):
        assert sign not in judged.out


def test_files_that_cannot_be_read_are_said_and_the_others_judged(judged: Done, records: dict[str, Any]) -> None:
    assert judged.code == 2
    assert records["missing.py"]["outcome"] is None
    assert records["missing.py"]["error"] == "missing.py does not exist."
    assert "not a text file" in records["picture.py"]["error"]
    assert "is a folder" in records["."]["error"]
    assert "missing.py does not exist." in judged.err


def test_all_right_is_exit_0_and_is_said_with_each_check(tutor: Tutor, pack: Path) -> None:
    done = tutor("check", f"{pack}/slopes/double", "-", stdin="y = 2 * torch.dot(x, x)\ny.backward()\n")
    assert done.code == 0
    assert "✓ passed" in done.out
    assert "`x.grad` is [0., 4., 8., 12.], as expected." in done.out
    assert "holds on 1 other input too" in done.out
    assert "\x1b" not in done.out
    assert done.err == ""


def test_a_wrong_answer_is_exit_1_with_both_values_side_by_side(tutor: Tutor, pack: Path) -> None:
    done = tutor("check", f"{pack}/slopes/double", "wrong.py", "--no-explain")
    assert done.code == 1
    assert "✗ not yet" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["yours", "0.", "6.", "12.", "18."] in lines
    assert ["expected", "0.", "4.", "8.", "12."] in lines
    assert ["^^", "^^^", "^^^"] in lines


def test_a_prediction_can_be_checked_too(tutor: Tutor, pack: Path) -> None:
    done = tutor("check", f"{pack}/slopes/guess", "guess", "right.py", "--json")
    assert [record["passed"] for record in done.records] == [True, False]
    assert done.code == 1


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("{pack}/slopes/dobule", "There is no step `dobule` in the lesson `tiny/slopes`. Did you mean `double`?"),
        ("{pack}/slpes/double", "There is no lesson `slpes` in the pack `tiny`. Did you mean `slopes`?"),
        ("autogard/first-gradient/dot", "There is no pack `autogard`. Did you mean `autograd`?"),
        ("{pack}/slopes/hello", "is a read step"),
        ("{pack}", "write PACK/LESSON/STEP"),
        ("double", "write PACK/LESSON/STEP"),
        ("\x1b[31m/a/b", "There is no pack `␛[31m`."),
    ],
)
def test_a_step_that_is_not_there_is_a_wrong_call_with_a_near_miss(
    tutor: Tutor, pack: Path, place: str, words: str
) -> None:
    done = tutor("check", place.format(pack=pack), "right.py", "--json")
    assert (done.code, done.out) == (2, "")
    assert words in done.err.replace(f"{pack}/", "").replace("\n", " ")


def test_a_pack_may_be_named_by_any_path_to_its_folder(tutor: Tutor, pack: Path) -> None:
    for place in (f"{pack}/", f"{pack.parent}/./{pack.name}/slopes"):
        assert tutor("list", place, "--json").code == 0
    assert tutor("list", "a.tiny.pack/slopes", "--json", TUTOR_PACKS=str(pack.parent)).code == 2
    assert tutor("list", "tiny/slopes", "--json", TUTOR_PACKS=str(pack.parent)).code == 0


def test_a_broken_lesson_says_where_and_exits_2(tutor: Tutor, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text((pack / "pack.yaml").read_text())
    (tmp_path / "slopes.yaml").write_text((pack / "slopes.yaml").read_text().replace("starter:", "startre:"))
    done = tutor("check", f"{tmp_path}/slopes/double", "right.py")
    assert done.code == 2
    assert "slopes.yaml:" in done.err
    assert "starter" in done.err
