"""The lesson kept ready for the next start is the lesson of the pack, or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tutor.packs import PackError, open_pack
from tutor.packs.finding import built_in_folder
from tutor.ui.at_hand import FILE_NAME, AtHand, get, put
from tutor.ui.shelf import Shelf


def kept(pack_folder: Path, beside: Path) -> AtHand:
    hand = AtHand("demo", pack_folder, open_pack(pack_folder).lesson("first"))
    put(beside, hand, "first.yaml")
    return hand


@pytest.mark.parametrize(
    "folder", [path.parent for path in built_in_folder().glob("*/pack.yaml")], ids=lambda path: path.name
)
def test_every_built_in_lesson_comes_back_the_same(folder: Path, tmp_path: Path) -> None:
    pack = open_pack(folder)
    for heading in pack.headings:
        hand = AtHand(pack.pack.id, folder, pack.lesson(heading.id))
        put(tmp_path, hand, heading.file)
        assert get(tmp_path, str(folder), heading.id) == hand == get(tmp_path, pack.pack.id, heading.id)


def test_another_lesson_or_pack_is_not_at_hand(pack_folder: Path, tmp_path: Path) -> None:
    kept(pack_folder, tmp_path)
    assert get(tmp_path, "demo", "second") is None
    assert get(tmp_path, "other", "first") is None
    assert get(tmp_path / "elsewhere", "demo", "first") is None


@pytest.mark.parametrize("file", ["first.yaml", "pack.yaml", "first.zh.yaml"])
def test_a_changed_file_is_read_again(pack_folder: Path, tmp_path: Path, file: str) -> None:
    kept(pack_folder, tmp_path)
    with (pack_folder / file).open("a", encoding="utf-8") as opened:
        opened.write("\n")
    assert get(tmp_path, "demo", "first") is None


def test_packs_named_elsewhere_change_what_an_id_means(
    pack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(pack_folder, tmp_path)
    monkeypatch.setenv("TUTOR_PACKS", str(tmp_path))
    assert get(tmp_path, "demo", "first") is None


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "{}",
        "[]\n[]",
        "null\nnull",
        '{"pack": 3}',
        "\x00",
        "[" * 100_000,
        '{"pack":"demo","folder":"/","file":"x"}\n{}',
    ],
)
def test_rubbish_in_its_place_is_no_lesson(pack_folder: Path, tmp_path: Path, rubbish: str) -> None:
    (tmp_path / FILE_NAME).write_text(rubbish, encoding="utf-8")
    assert get(tmp_path, "demo", "first") is None
    assert Shelf(beside=tmp_path).checked_place(f"{pack_folder}/first/dot") == ("demo", "first", "dot")


@pytest.mark.parametrize("name", ["Part", "json", "Path", "LeftOut", "nothing"])
def test_only_parts_of_lessons_are_ever_made(pack_folder: Path, tmp_path: Path, name: str) -> None:
    kept(pack_folder, tmp_path)
    head, _newline, _lesson = (tmp_path / FILE_NAME).read_text(encoding="utf-8").partition("\n")
    (tmp_path / FILE_NAME).write_text(f"{head}\n{json.dumps({'=': name})}", encoding="utf-8")
    assert get(tmp_path, "demo", "first") is None


def test_the_shelf_opens_the_lesson_at_hand_and_the_pack_when_it_is_needed(pack_folder: Path, tmp_path: Path) -> None:
    first = Shelf(beside=tmp_path)
    place = first.checked_place(f"{pack_folder}/first/dot")
    first.keep_at_hand("demo", "first")
    opened: list[object] = []

    def counting(ref: str | Path) -> object:
        opened.append(ref)
        return open_pack(ref)

    second = Shelf(open_ref=counting, beside=tmp_path)  # type: ignore[arg-type]
    assert second.checked_place(f"{pack_folder}/first/dot") == place
    assert second.lesson("demo", "first") == first.lesson("demo", "first")
    assert opened == []
    assert second.next_lesson("demo", "first") == "broken"
    assert opened == [pack_folder]


def test_a_step_that_is_not_there_is_said_from_hand_too(pack_folder: Path, tmp_path: Path) -> None:
    kept(pack_folder, tmp_path)
    with pytest.raises(PackError, match="nowhere"):
        Shelf(beside=tmp_path).checked_place(f"{pack_folder}/first/nowhere")
