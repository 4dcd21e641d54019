"""Files that are no lessons at all: said in words, at once, whatever they are."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tutor.packs import PackError, open_pack
from tutor.packs.growing import MAX_NODES
from tutor.packs.source import MAX_FILE_BYTES

Problems = Callable[[str | bytes], list[str]]
WritePack = Callable[[Mapping[str, str | bytes]], Path]

GOOD = "id: {id}\ntitle: T\nsummary: S.\nsteps:\n  - {{id: a, kind: read, text: b}}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "more than 20,000 values, aliases written out"),
        (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 400)}]\n", "more than 20,000 values"),
        ("- a\n" * (MAX_NODES + 1), "more than 20,000 values"),
        ("a: &a [*a]\n", "found `*a` inside the value that it stands for"),
        ("[" * 100_000, "nested more than 32 deep"),
        ("{a: " * 50_000, "nested more than 32 deep"),
        ("- " * 50_000 + "a", "nested more than 32 deep"),
        ("x" * (MAX_FILE_BYTES + 1), "expected at most 524,288: split it into several lessons"),
        ("id: a\n".encode("utf-16"), "found text in UTF-16; expected UTF-8"),
        ("id: a\ntitle: b\n".encode("utf-16-le"), "found text in UTF-16; expected UTF-8"),
        ("id: a\n".encode("utf-32"), "found text in UTF-32; expected UTF-8"),
        ("id: a\ntitle: Gr\xfc\xdfe\n".encode("latin-1"), "2:10: found the byte 0xFC, which is `ü` in Latin-1"),
        (b"id: a\ntitle: b\x00c\n", "2:9: found the control character U+0000"),
        (b"id: a\x1b[31m\n", "1:6: found the control character U+001B"),
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01",
            "1:1: found bytes that are no text, as in a picture or a program",
        ),
        (bytes(range(256)) * 100, "1:1: found bytes that are no text"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_a_hostile_file_is_named_for_what_it_is(problems_of: Problems, content: str | bytes, words: str) -> None:
    found = problems_of(content)
    assert any(words in message for message in found), found[:3]


def test_a_byte_order_mark_and_windows_lines_are_no_problem(problems_of: Problems) -> None:
    text = GOOD.format(id="a").replace("\n", "\r\n")
    assert problems_of(b"\xef\xbb\xbf" + text.encode()) == []
    assert problems_of(b"\xef\xbb\xbf" + text.replace("kind: read", "kind: red").encode())[0].startswith("5:19: ")


def test_text_is_safe_to_show_once_it_is_loaded(write_pack: WritePack) -> None:
    text = GOOD.format(id="a").replace("text: b", 'text: "\\e]0;title\\a\\u202Eb"')
    (step,) = open_pack(write_pack({"a.yaml": text})).lesson("a").steps
    assert step.text == "␛]0;title␇<U+202E>b"


def test_a_broken_lesson_leaves_the_others_usable(write_pack: WritePack) -> None:
    broken: dict[str, str | bytes] = {"b.yaml": "id: b: c\n", "c.yaml": b"\x00\x00", "d.yaml": "[" * 9999}
    pack = open_pack(write_pack({"a.yaml": GOOD.format(id="a"), **broken, "e.yaml": GOOD.format(id="e")}))
    assert [heading.id for heading in pack.headings] == ["a", "b", "c", "d", "e"]
    assert [bool(heading.problems) for heading in pack.headings] == [False, True, True, True, False]
    assert pack.lesson("e").title == "T"
    with pytest.raises(PackError, match=r"b\.yaml:1:6: found `: ` inside text"):
        pack.lesson("b")


def _refused(folder: Path) -> str:
    pack = open_pack(folder)
    heading = pack.headings[0]
    assert heading.problems
    with pytest.raises(PackError) as caught:
        pack.lesson(heading.id)
    assert str(caught.value) == str(heading.problems[0])
    return str(caught.value)


def test_a_lesson_that_is_missing_is_said_where_pack_yaml_names_it(write_pack: WritePack) -> None:
    folder = write_pack({"first.yaml": GOOD.format(id="first")})
    (folder / "first.yaml").rename(folder / "fist.yaml")
    assert "pack.yaml:5:11: found no file `first.yaml`" in _refused(folder)
    assert "did you mean `fist.yaml`?" in _refused(folder)


def test_a_folder_a_pipe_or_a_socket_in_place_of_a_lesson_is_refused_without_waiting(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": ""})
    path = folder / "a.yaml"
    path.unlink()
    os.mkfifo(path)
    assert "found a named pipe" in _refused(folder)
    path.unlink()
    path.mkdir()
    assert "found a folder" in _refused(folder)
    path.rmdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert "found a socket" in _refused(folder)


def test_links_may_not_lead_out_of_the_pack_or_in_circles(write_pack: WritePack, tmp_path: Path) -> None:
    folder = write_pack({"a.yaml": ""})
    path = folder / "a.yaml"
    (tmp_path / "outside.yaml").write_text(GOOD.format(id="a"))
    for target, words in (
        ("../outside.yaml", "a link that leads out of the pack"),
        ("/dev/zero", "a link that leads out of the pack"),
        ("a.yaml", "a link that leads back to itself"),
    ):
        path.unlink()
        path.symlink_to(target)
        assert words in _refused(folder)


def test_a_link_within_the_pack_is_followed(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": "", "b.yaml": GOOD.format(id="a"), "pack.yaml": _PACK.format("a.yaml")})
    (folder / "a.yaml").unlink()
    (folder / "a.yaml").symlink_to("b.yaml")
    assert open_pack(folder).lesson("a").title == "T"


_PACK = 'format: 1\nid: p\ntitle: P\nversion: "1"\nlessons: ["{}"]\n'


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.yaml", "which points out of the pack"),
        ("/etc/a.yaml", "which points out of the pack"),
        ("x/../../a.yaml", "which points out of the pack"),
        ("..\\\\a.yaml", "which points out of the pack"),
        ("C:\\\\a.yaml", "which points out of the pack"),
        ("pack.yaml", "this file is the pack itself"),
        ("a.txt", "expected a name that ends in `.yaml`"),
        ("a.zh.yaml", "found the translation `a.zh.yaml` among the lessons"),
    ],
)
def test_lessons_are_files_inside_the_pack(write_pack: WritePack, name: str, words: str) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml:5:11: ") as caught:
        open_pack(write_pack({"pack.yaml": _PACK.format(name)}))
    assert words in str(caught.value)


def test_a_file_of_a_hundred_megabytes_is_refused_unread(write_pack: WritePack) -> None:
    folder = write_pack({"a.yaml": GOOD.format(id="a")})
    os.truncate(folder / "a.yaml", 100_000_000)
    with pytest.raises(PackError, match="found a file of 100,000,000 bytes"):
        open_pack(folder).lesson("a")
    os.truncate(folder / "pack.yaml", 100_000_000)
    with pytest.raises(PackError, match=r"pack\.yaml:1:1: found a file of 100,000,000 bytes"):
        open_pack(folder)


def test_a_file_that_may_not_be_read_is_said(write_pack: WritePack, is_root: bool) -> None:
    folder = write_pack({"a.yaml": GOOD.format(id="a")})
    (folder / "a.yaml").chmod(0)
    if is_root:
        assert open_pack(folder).lesson("a").id == "a"
    else:
        assert "a file that you may not read" in _refused(folder)


def test_odd_file_names_cannot_steer_the_terminal(write_pack: WritePack) -> None:
    with pytest.raises(PackError) as caught:
        open_pack(write_pack({"pack.yaml": "\x1b"}).rename(write_pack({}).parent / "p\x1b[2J\nq"))
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
