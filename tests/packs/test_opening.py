"""Packs are found, opened, and their lessons read when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.packs import PackError, find_packs, open_pack
from tutor.packs.format import Lesson
from tutor.packs.headings import heading
from tutor.packs.loading import load
from tutor.text import safe_line

WritePack = Callable[[Mapping[str, str | bytes]], Path]

LESSON = "id: {id}\ntitle: {title}\nsummary: {summary}\nsteps:\n  - {{id: a, kind: read, text: b}}\n"


def lesson(name: str, title: str = "T", summary: str = "S.") -> str:
    return LESSON.format(id=name, title=title, summary=summary)


def test_a_pack_opens_by_folder_by_file_and_by_id(write_pack: WritePack, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pack({"a.yaml": lesson("a")})
    monkeypatch.setenv("TUTOR_PACKS", str(folder))
    for ref in (folder, str(folder), f"{folder}/", folder / "pack.yaml", "sample"):
        assert open_pack(ref).pack.title == "A sample"


def test_the_folders_of_tutor_packs_may_hold_packs_or_be_packs(
    write_pack: WritePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_pack({"a.yaml": lesson("a")})
    for named in (folder, folder.parent):
        monkeypatch.setenv("TUTOR_PACKS", str(named))
        assert [one.origin for one in find_packs().packs if one.id == "sample"] == ["TUTOR_PACKS"]
    monkeypatch.setenv("TUTOR_PACKS", str(folder / "nowhere"))
    assert any("found no pack here" in str(problem) for problem in find_packs().problems)


def test_the_built_in_pack_is_found() -> None:
    assert "autograd" in {one.id for one in find_packs().packs if one.origin == "built-in"}


def test_of_two_packs_with_one_id_the_first_is_used_and_the_other_said(
    write_pack: WritePack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = write_pack({"a.yaml": lesson("a")}).rename(tmp_path / "first")
    second = write_pack({"a.yaml": lesson("a")}).rename(tmp_path / "second")
    monkeypatch.setenv("TUTOR_PACKS", f"{first}:{second}")
    found = find_packs()
    assert [one.folder for one in found.packs if one.id == "sample"] == [first]
    (problem,) = (problem for problem in found.problems if problem.code == "duplicate-id")
    assert str(problem).startswith(f"{second}/pack.yaml:2:5: found the pack id `sample` a second time")


def test_a_broken_pack_leaves_the_others_to_be_found(write_pack: WritePack, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pack({"pack.yaml": "format: 2\n"})
    monkeypatch.setenv("TUTOR_PACKS", str(folder))
    found = find_packs()
    assert "autograd" in {one.id for one in found.packs}
    assert any("pack.yaml:1:9: found the number `2` for `format`; expected 1" in str(one) for one in found.problems)


def test_an_unknown_pack_or_lesson_is_said_with_what_is_near_it(write_pack: WritePack) -> None:
    with pytest.raises(PackError, match="did you mean `autograd`"):
        open_pack("autogard")
    pack = open_pack(write_pack({"slopes.yaml": lesson("slopes")}))
    with pytest.raises(PackError, match="did you mean `slopes`"):
        pack.lesson("slope")


def test_a_lesson_is_known_by_its_id_whatever_its_file_is_called(write_pack: WritePack) -> None:
    pack = open_pack(write_pack({"a.yaml": lesson("b"), "b.yaml": lesson("c"), "c.yaml": lesson("a")}))
    assert [pack.heading(name).file for name in ("a", "b", "c")] == ["c.yaml", "a.yaml", "b.yaml"]
    assert pack.lesson("a").id == "a"


def test_of_two_lessons_with_one_id_the_second_carries_the_problem(write_pack: WritePack) -> None:
    first, second = open_pack(write_pack({"a.yaml": lesson("a"), "b.yaml": lesson("a")})).headings
    assert not first.problems
    assert "found the lesson id `a` a second time" in str(second.problems[0])


_titles = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30),
    st.text(alphabet="ab :#'\"|>[]{}&*!%@`,?-\\~<.01", min_size=1, max_size=12),
    st.sampled_from(["'it''s'", '"a \\" b"', ">\n  two\n  lines", "|-\n  two\n\n  lines", "a\n  b", "yes", "1.0", "~"]),
)


@given(_titles, _titles)
def test_a_heading_says_what_the_whole_lesson_says(
    tmp_path_factory: pytest.TempPathFactory, title: str, summary: str
) -> None:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "a.yaml").write_text(lesson("a", title, summary), encoding="utf-8")
    found = heading(folder, "a.yaml")
    try:
        whole = load(folder / "a.yaml", Lesson).value
    except PackError:
        return
    assert not found.problems
    assert (found.title, found.summary) == (safe_line(whole.title), safe_line(whole.summary))


def test_steps_may_stand_before_the_title(write_pack: WritePack) -> None:
    text = "steps:\n  - {id: a, kind: read, text: b}\nid: a\ntitle: Late\nsummary: S.\n"
    pack = open_pack(write_pack({"a.yaml": text}))
    assert pack.headings[0].title == "Late"
    assert pack.lesson("a").title == "Late"


def test_listing_reads_no_lesson_and_loads_neither_yaml_schemas_nor_torch(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": lesson("a")})
    code = (
        "import sys\nfrom tutor.packs import open_pack\n"
        f"pack = open_pack({str(folder)!r})\npack.headings\n"
        "print([name for name in ('pydantic', 'torch', 'numpy', 'textual', 'click') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
