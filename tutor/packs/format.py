"""The pack format, version 1, as types. Field names are a promise to instructors."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class Part(BaseModel):
    """Any part of a pack: immutable, and nothing it does not know is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ValueCheck(Part):
    """The value of an expression. Left out, ``equals`` is what the solution gives; null is None; text is an expression
    evaluated where the solution ran. Use ``"equals" in check.model_fields_set`` to tell left out from null."""

    value: str
    equals: Any = None
    rtol: float | None = None
    atol: float | None = None
    message: str | None = None


class UsesCheck(Part):
    uses: tuple[str, ...]
    message: str | None = None


class AvoidsCheck(Part):
    avoids: tuple[str, ...]
    message: str | None = None


class RaisesCheck(Part):
    raises: str
    match: str | None = None
    message: str | None = None


Check: TypeAlias = ValueCheck | UsesCheck | AvoidsCheck | RaisesCheck


class Variant(Part):
    setup: str


class Mistake(Part):
    """A wrong answer the author foresaw: the explanation of that ``kind`` must appear, or ``message`` is shown."""

    code: str
    kind: Slug | None = None
    message: str | None = None


class Option(Part):
    text: str
    why: str
    correct: bool = False


class ReadStep(Part):
    id: Slug
    kind: Literal["read"]
    title: str | None = None
    text: str


class PredictStep(Part):
    """The learner types the value of ``ask`` before seeing it: a tensor, None, or ``error``."""

    id: Slug
    kind: Literal["predict"]
    title: str | None = None
    text: str
    setup: str = ""
    code: str
    ask: str
    hints: tuple[str, ...] = ()
    why: str | None = None
    """Shown with the result."""


class ChoiceStep(Part):
    id: Slug
    kind: Literal["choice"]
    title: str | None = None
    text: str
    options: tuple[Option, ...]


class CodeStep(Part):
    id: Slug
    kind: Literal["code"]
    title: str | None = None
    text: str
    setup: str = ""
    starter: str = ""
    solution: str
    checks: tuple[Check, ...]
    variants: tuple[Variant, ...] = ()
    hints: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


Step: TypeAlias = Annotated[ReadStep | PredictStep | ChoiceStep | CodeStep, Field(discriminator="kind")]


class Lesson(Part):
    id: Slug
    title: str
    summary: str
    steps: tuple[Step, ...]


class Pack(Part):
    """``pack.yaml``. ``lessons`` are file names beside it, in order."""

    format: Literal[1]
    id: Slug
    title: str
    version: str
    language: str = "en"
    authors: tuple[str, ...] = ()
    license: str | None = None
    summary: str | None = None
    lessons: tuple[str, ...]
