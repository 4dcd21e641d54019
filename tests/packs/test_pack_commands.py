"""``tutor pack``, as an instructor calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tutor.cli.pack import pack

WritePack = Callable[[Mapping[str, str | bytes]], Path]

READ = "id: a\ntitle: T\nsummary: S.\nsteps:\n  - {id: one, kind: read, text: Some $x^2$ words.}\n"
WRONG = """\
id: b
title: T
summary: S.
steps:
  - id: two
    kind: code
    text: Do it.
    setup: x = torch.ones(2)
    solution: y = x + 1
    checks: [{value: y, equals: [1.0, 1.0]}]
"""


def call(*arguments: str | Path) -> tuple[Result, int]:
    result = CliRunner().invoke(pack, [str(one) for one in arguments], standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    code: int = result.return_value if isinstance(result.return_value, int) else result.exit_code
    return result, code


def test_a_new_pack_passes_its_check_in_all_its_parts(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    result, code = call("new", folder)
    assert code == 0
    assert f"{folder}/slopes.yaml" in result.output
    result, code = call("check", folder, "--verbose")
    assert (code, result.stderr) == (0, "")
    assert "slopes/sum-of-squares  solution, starter, variants, mistake 1, mistake 2" in result.output
    assert "mine is proven: 1 lesson, 4 steps." in result.output
    assert call("new", folder)[1] == 2


def test_a_check_says_what_it_reads_and_what_it_runs_in_one_report_an_object_a_line(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": READ.replace("read", "raed"), "b.yaml": WRONG})
    result, code = call("check", folder, "--json")
    assert code == 1
    read, ran, step, last = [json.loads(line) for line in result.output.splitlines()]
    assert read["problem"].startswith("found the kind `raed`")
    assert (read["file"], read["line"], read["column"], read["severity"]) == (f"{folder}/a.yaml", 5, 21, "error")
    assert ran["problem"].startswith("found a solution that fails this")
    assert (ran["file"], ran["line"], ran["column"]) == (f"{folder}/b.yaml", 10, 14)
    assert (step["step"], step["proven"]) == ("b/two", False)
    assert last == {"pack": "sample", "proven": False, "errors": 2, "notes": 0, "lessons": 1, "steps": 1}


def test_reading_alone_runs_nothing(write_pack: WritePack) -> None:
    folder = write_pack({"b.yaml": WRONG})
    result, code = call("check", folder, "--only-read")
    assert code == 0
    assert "nothing was run" in result.output
    (folder / "b.yaml").write_text(WRONG.replace("kind: code", "kind: cod"))
    result, code = call("check", folder, "--only-read")
    assert code == 1
    assert result.output.splitlines()[-1] == "✗ sample has 1 problem."


def test_an_unknown_folder_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="There is no pack in") as caught:
        call("check", tmp_path / "nowhere")
    assert getattr(caught.value, "exit_code", None) == 2


def test_a_preview_shows_what_the_learner_reads_and_keeps_the_answers(tmp_path: Path) -> None:
    call("new", tmp_path / "mine")
    result, code = call("preview", tmp_path / "mine" / "slopes")
    assert code == 0
    assert "For y = x² the slope is ∂y / ∂x = 2x." in result.output
    assert "Hint 1/2: The square of each element is `x * x`." in result.output
    assert "y = (x * x).sum()" not in result.output
    result, code = call("preview", tmp_path / "mine" / "slopes" / "sum-of-squares", "--answers")
    assert "y = (x * x).sum()" in result.output
    assert "the slope is ∂y" not in result.output


def test_a_preview_of_nothing_is_said_with_what_is_near_it(tmp_path: Path) -> None:
    call("new", tmp_path / "mine")
    result, code = call("preview", tmp_path / "mine" / "slope")
    assert code == 2
    assert "did you mean `slopes`?" in result.stderr


def test_a_schema_is_json(tmp_path: Path) -> None:
    result, code = call("schema", "lesson")
    assert code == 0
    assert "CodeStep" in json.loads(result.output)["$defs"]
    assert call("schema", "--into", tmp_path)[1] == 0
    assert json.loads((tmp_path / "pack.schema.json").read_text())["required"][0] == "format"


def test_only_a_pack_without_problems_is_installed_and_then_listed(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": READ.replace("read", "raed")})
    result, code = call("install", folder)
    assert code == 1
    assert "a.yaml:5:21" in result.stderr
    (folder / "a.yaml").write_text(READ)
    assert call("install", folder)[1] == 0
    assert call("install", folder)[1] == 1
    assert call("install", folder, "--replace")[1] == 0
    listed = [json.loads(line) for line in call("list", "--json")[0].output.splitlines()]
    assert [one["origin"] for one in listed if one["id"] == "sample"] == ["installed"]
