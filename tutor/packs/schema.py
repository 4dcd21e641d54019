"""JSON Schema of the pack's files, for editors: completion, descriptions and red underlines while one writes."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from tutor import __version__
from tutor.packs.format import Holds, Lesson, Pack
from tutor.packs.shapes import (
    ChoiceShape,
    ConstantShape,
    FieldShape,
    FlagShape,
    ListShape,
    NumberShape,
    RecordShape,
    Shape,
    record_shape,
)
from tutor.packs.translation import LessonWords, PackWords

Schema: TypeAlias = dict[str, Any]
FileKind: TypeAlias = Literal["pack", "lesson", "pack-translation", "lesson-translation"]

_TYPES: Final[dict[FileKind, type[Any]]] = {
    "pack": Pack,
    "lesson": Lesson,
    "pack-translation": PackWords,
    "lesson-translation": LessonWords,
}
FILE_KINDS: Final[tuple[FileKind, ...]] = tuple(_TYPES)

_SLUG: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64}
_TEXT: Final[dict[Holds, Schema]] = {
    Holds.SLUG: _SLUG,
    Holds.CODE: {"type": "string"},
    Holds.DOTTED: {"type": "string", "pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"},
    Holds.FILE: {"type": "string", "pattern": r"\.ya?ml$"},
    Holds.PATTERN: {"type": "string", "format": "regex"},
    Holds.LITERAL: {"type": ["number", "boolean", "string", "null", "array"]},
}
_SOME: Final = frozenset({"steps", "options", "checks", "hints", "lessons"})
"""Lists that hold at least one thing where they stand."""


def schema(kind: FileKind) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a sort of file, such as ``lesson``."""
    of = _TYPES[kind]
    definitions: dict[str, Schema] = {}
    root = _record(record_shape(of), definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"autograd-tutor {__version__}: {kind}",
        **root,
        "$defs": definitions,
    }


def _record(shape: RecordShape, definitions: dict[str, Schema]) -> Schema:
    about = descriptions(shape.type)
    properties = {one.name: _field(one, about, definitions) for one in shape.fields}
    return {
        "description": _plain(inspect.getdoc(shape.type) or ""),
        "type": "object",
        "properties": properties,
        "required": [one.name for one in shape.fields if one.required],
        "additionalProperties": False,
    }


def _field(one: FieldShape, about: dict[str, str], definitions: dict[str, Schema]) -> Schema:
    found = _of(one.shape, definitions)
    if one.name in _SOME and one.required:
        found = {**found, "minItems": 2 if one.name == "options" else 1}
    if not one.required and one.default is None and isinstance(found.get("type"), str):
        found = {**found, "type": [found["type"], "null"]}
    default = {"default": one.default} if isinstance(one.default, (str, bool)) and not one.required else {}
    return {"description": about[one.name], **found, **default}


def _of(shape: Shape, definitions: dict[str, Schema]) -> Schema:
    if isinstance(shape, ListShape):
        return {"type": "array", "items": _of(shape.of, definitions)}
    if isinstance(shape, RecordShape):
        return _reference(shape, definitions)
    if isinstance(shape, ChoiceShape):
        return {"oneOf": [_reference(record, definitions) for record in shape.records]}
    if isinstance(shape, ConstantShape):
        return {"const": shape.value}
    if isinstance(shape, NumberShape):
        return {"type": "number", "minimum": 0}
    if isinstance(shape, FlagShape):
        return {"type": "boolean"}
    return _TEXT.get(shape.holds, {"type": "string", "minLength": 1})


def _reference(shape: RecordShape, definitions: dict[str, Schema]) -> Schema:
    name = shape.type.__name__
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _record(shape, definitions)
    return {"$ref": f"#/$defs/{name}"}


def descriptions(of: type[Any]) -> dict[str, str]:
    """Return the description of each field of a type of the format: the docstring below it."""
    module = ast.parse(inspect.getsource(sys.modules[of.__module__]))
    body = next(node.body for node in module.body if isinstance(node, ast.ClassDef) and node.name == of.__name__)
    found: dict[str, str] = {}
    for one, following in pairwise(body):
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found[one.target.id] = _plain(inspect.cleandoc(str(following.value.value)))
    return found


def _plain(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))
