"""What is wrong with a record as a whole, though each of its fields may be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from tutor.packs.files import LESSON_ENDINGS, PACK_FILE, is_language, is_overlay, leaves_folder
from tutor.packs.format import ChoiceStep, CodeStep, Lesson, Mistake, Pack, PredictStep
from tutor.packs.problem import did_you_mean, quoted
from tutor.packs.python_text import defines, exception_names, is_exception
from tutor.packs.reading import Reading, Rule
from tutor.packs.tree import Items, Mapping, Node, Scalar
from tutor.words import _


def _items(node: Mapping, key: str) -> list[Node]:
    found = node.get(key)
    return found.items if isinstance(found, Items) else []


def _texts(nodes: list[Node], key: str) -> Iterator[Scalar]:
    for node in nodes:
        found = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(found, Scalar) and found.style != "unknown":
            yield found


def _some(node: Mapping, reading: Reading, key: str, message: str) -> None:
    found = node.get(key)
    if isinstance(found, Items) and not found.items:
        reading.say(found.start, message, "empty")


def unique(values: Iterator[Scalar], reading: Reading, what: str) -> None:
    """Say each of ``values`` that stands a second time."""
    first: dict[str, Scalar] = {}
    for value in values:
        if value.text in first:
            line = reading.source.place(first[value.text].start)[0]
            message = _("found the {what} {found} a second time; expected each once: line {line} has it already")
            reading.say(value.start, message.format(what=what, found=quoted(value.text), line=line), "duplicate-id")
        else:
            first[value.text] = value


def lesson(node: Mapping, reading: Reading) -> None:
    _some(node, reading, "steps", _("found no steps; expected at least one"))
    unique(_texts(_items(node, "steps"), "id"), reading, _("step id"))


def pack(node: Mapping, reading: Reading) -> None:
    _some(node, reading, "lessons", _("found no lessons; expected at least one file name"))
    files = (item for item in _items(node, "lessons") if isinstance(item, Scalar) and item.style != "unknown")
    unique(files, reading, _("lesson file"))
    for item in _items(node, "lessons"):
        if isinstance(item, Scalar) and isinstance(item.value, str) and item.style != "unknown":
            _lesson_file(item, reading)
    written = node.get("language")
    if isinstance(written, Scalar) and isinstance(written.value, str) and not is_language(written.text):
        message = _("found {found} for `language`; expected two letters such as `en` or `zh`")
        reading.say(written.start, message.format(found=quoted(written.text)), "language")


def _lesson_file(item: Scalar, reading: Reading) -> None:
    if leaves_folder(item.text):
        message = _("found {found}, which points out of the pack; expected a file inside its folder")
        reading.say(item.start, message.format(found=quoted(item.text)), "escaping-path")
    elif item.text.lower().endswith(PACK_FILE) and PurePath(item.text).name.lower() == PACK_FILE:
        message = _("found {found} among the lessons; expected lesson files: this file is the pack itself")
        reading.say(item.start, message.format(found=quoted(item.text)), "cyclic")
    elif not item.text.endswith(LESSON_ENDINGS):
        message = _("found the lesson file {found}; expected a name that ends in `.yaml`")
        reading.say(item.start, message.format(found=quoted(item.text)), "file-name")
    elif is_overlay(item.text):
        message = _("found the translation {found} among the lessons; expected the originals only")
        reading.say(item.start, message.format(found=quoted(item.text)), "file-name")


def choice(node: Mapping, reading: Reading) -> None:
    options = _items(node, "options")
    found = node.get("options")
    if isinstance(found, Items) and len(options) < 2:
        reading.say(found.start, _("found fewer than two options; expected at least two"), "options")
    values = [one.get("correct") for one in options if isinstance(one, Mapping)]
    if options and len(values) == len(options) and not any(map(_may_be_true, values)):
        message = _("found no correct option; expected `correct: true` on at least one")
        reading.say(options[0].start, message, "options")
    unique(_texts(options, "text"), reading, _("option"))


def _may_be_true(node: Node | None) -> bool:
    return node is not None and not (isinstance(node, Scalar) and node.value in {False, None})


def predict(node: Mapping, reading: Reading) -> None:
    _some(node, reading, "hints", _("found an empty list of hints; expected hints, or no `hints` at all"))


def code(node: Mapping, reading: Reading) -> None:
    _some(node, reading, "checks", _("found no checks; expected at least one, or every answer would pass"))
    _some(node, reading, "hints", _("found an empty list of hints; expected hints, or no `hints` at all"))
    checks = _items(node, "checks")
    raises = list(_texts(checks, "raises"))
    for name in raises:
        _exception(name, node, reading)
    if len(raises) > 1:
        message = _("found `raises` in two checks; expected one: an answer ends in one error at most")
        reading.say(raises[1].start, message, "raises")


def _exception(name: Scalar, node: Mapping, reading: Reading) -> None:
    if "." in name.text or is_exception(name.text) or not name.text.isidentifier():
        return
    own = [node.get("setup"), node.get("solution")]
    if any(isinstance(one, Scalar) and defines(one.text, name.text) for one in own):
        return
    message = _("found {found} for `raises`; expected the name of an exception, such as `RuntimeError`{near}")
    near = did_you_mean(name.text, exception_names())
    reading.say(name.start, message.format(found=quoted(name.text), near=near), "raises")


def mistake(node: Mapping, reading: Reading) -> None:
    if node.get("kind") is None and node.get("message") is None:
        message = _("found a mistake without `kind` and `message`; expected one of them, or both")
        reading.say(node.start, message, "missing-key")
    kind = node.get("kind")
    if reading.kinds is None or not isinstance(kind, Scalar) or kind.style == "unknown" or kind.text in reading.kinds:
        return
    message = _("found the kind {kind}; expected a kind of explanation that there is{near}")
    text = message.format(kind=quoted(kind.text), near=did_you_mean(kind.text, reading.kinds))
    reading.say(kind.start, text, "unknown-kind")


RULES: dict[type[Any], Rule] = {
    Lesson: lesson,
    Pack: pack,
    ChoiceStep: choice,
    PredictStep: predict,
    CodeStep: code,
    Mistake: mistake,
}
