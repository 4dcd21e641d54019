"""`tutor explain`: a script is run as it is, and what went wrong is explained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Done, Tutor

FILES = ["script.py", "fine.py", "exits.py", "latin.py", "endless.py", "no-coding.py", "utf16.py", "missing.py"]


@pytest.fixture(scope="module")
def explained(tutor: Tutor) -> Done:
    return tutor("explain", *FILES, "--json", "--time-limit", "4", "--", "--json", "two words")


@pytest.fixture(scope="module")
def records(explained: Done) -> dict[str, Any]:
    return {record["file"]: record for record in explained.records}


def test_each_file_has_one_object_in_order_and_a_missing_one_is_exit_2(explained: Done) -> None:
    assert [record["file"] for record in explained.records] == FILES
    assert explained.code == 2


def test_the_failing_line_and_its_cause_are_lines_of_the_file(records: dict[str, Any]) -> None:
    [explanation] = records["script.py"]["explanations"]
    assert explanation["kind"] == "non-scalar-backward"
    assert (explanation["line"], explanation["cause_line"]) == (5, 3)
    assert "`y`" in explanation["headline"]
    fix = explanation["fixes"][0]
    assert fix["verified"] is True
    assert fix["code"].count("\n") == 5
    assert "passed" not in records["script.py"]


def test_a_script_runs_in_its_folder_with_the_arguments_after_the_dashes(records: dict[str, Any]) -> None:
    assert records["fine.py"]["stdout"] == "['--json', 'two words'] True\n"
    assert records["fine.py"]["explanations"] == []


def test_a_script_that_ends_itself_well_is_fine(records: dict[str, Any]) -> None:
    assert records["exits.py"]["outcome"] == "ok"


def test_a_coding_cookie_is_kept_and_what_cannot_be_decoded_is_said(records: dict[str, Any]) -> None:
    assert records["latin.py"]["stdout"] == "1\n"
    assert "not in UTF-8" in records["no-coding.py"]["error"]
    assert "UTF-16" in records["utf16.py"]["error"]


def test_for_people_there_is_a_headline_a_code_frame_a_reason_and_a_diff(tutor: Tutor) -> None:
    done = tutor("explain", "script.py", "fine.py")
    assert done.code == 1
    assert "> 5 │ y.backward()" in done.out
    assert "• 3 │ y = w * 2" in done.out
    assert "- y.backward()" in done.out
    assert "+ y.sum().backward()" in done.out
    assert "tried: it works" in done.out
    assert "Nothing to explain" in done.out
    assert "\x1b" not in done.out


def test_nothing_wrong_is_exit_0(tutor: Tutor) -> None:
    done = tutor("explain", "-", stdin="import torch\nprint(torch.ones(2).sum())\n")
    assert done.code == 0
    assert "tensor(2.)" in done.out


def test_a_time_limit_is_an_outcome_of_its_own_and_the_output_so_far_is_kept(records: dict[str, Any]) -> None:
    assert records["endless.py"]["outcome"] == "timeout"
    assert records["endless.py"]["stdout"] == "begun\n"


def test_a_kind_has_a_page(tutor: Tutor) -> None:
    done = tutor("explain", "--kind", "non-scalar-backward")
    assert done.code == 0
    assert "backward()" in done.out
    [record] = tutor("explain", "--kind", "non-scalar-backward", "--json").records
    assert {"kind", "title", "what", "mend", "example", "lesson"} <= record.keys()
    assert "non-scalar-backward" in tutor("explain", "--kind", "list").out


def test_an_unknown_kind_is_a_wrong_call_with_a_near_miss(tutor: Tutor) -> None:
    done = tutor("explain", "--kind", "non-scalar-backwards")
    assert done.code == 2
    assert "Did you mean `non-scalar-backward`" in done.err
    assert tutor("explain").code == 2
