"""The pack format, version 1, as types. Field names are a promise to instructors.

Plain dataclasses, so that opening a lesson does not wait for a schema library (see ``docs/decisions/pack-types.md``).
What a field holds is said by its type below: :mod:`tutor.packs.shapes` reads these types, and loader, messages and
JSON Schema follow from them. The docstring under a field is its description in the schema.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeAlias


class Holds(Enum):
    """What a piece of text is for: which rules it must keep."""

    WORDS = "words"
    """Read by the learner, in a translation too."""
    CODE = "code"
    """Python statements."""
    EXPRESSION = "expression"
    """One Python expression."""
    PATTERN = "pattern"
    """A regular expression."""
    SLUG = "slug"
    """Lower-case letters, digits and single hyphens."""
    DOTTED = "dotted"
    """A Python name, with dots: ``torch.autograd.grad``."""
    USED = "used"
    """What code may use: a name, a name with arguments, a keyword, an operator."""
    FILE = "file"
    """A file inside the pack's folder."""
    PLAIN = "plain"
    """Any text."""
    LITERAL = "literal"
    """A number, true, false, null, lists of these, or text: an expression."""


Words: TypeAlias = Annotated[str, Holds.WORDS]
Code: TypeAlias = Annotated[str, Holds.CODE]
Expression: TypeAlias = Annotated[str, Holds.EXPRESSION]
Pattern: TypeAlias = Annotated[str, Holds.PATTERN]
Slug: TypeAlias = Annotated[str, Holds.SLUG]
Dotted: TypeAlias = Annotated[str, Holds.DOTTED]
Used: TypeAlias = Annotated[str, Holds.USED]
File: TypeAlias = Annotated[str, Holds.FILE]
Plain: TypeAlias = Annotated[str, Holds.PLAIN]


class LeftOut(Enum):
    """Stands where an author left a field out, as against writing ``null``."""

    LEFT_OUT = "left out"


LEFT_OUT: Final = LeftOut.LEFT_OUT


@dataclass(frozen=True, kw_only=True)
class ValueCheck:
    """The value of an expression, compared with what the solution gives or with ``equals``."""

    value: Expression
    """The expression that is looked at after the answer ran: `x.grad`."""
    equals: Annotated[Any, Holds.LITERAL] = LEFT_OUT
    """The value expected. Left out: what the solution gives. A number, true, false, null (None) or lists of these is
    taken as it stands; text is an expression evaluated where the solution ran: `4 * x`."""
    rtol: float | None = None
    """Relative tolerance. Left out: that of torch.testing for the dtype."""
    atol: float | None = None
    """Absolute tolerance. Left out: that of torch.testing for the dtype."""
    message: Words | None = None
    """Shown when this check fails."""

    @property
    def model_fields_set(self) -> frozenset[str]:
        """The optional fields that the author wrote; ``"equals" in`` it tells null from left out."""
        given = {"value"} if self.equals is LEFT_OUT else {"value", "equals"}
        return frozenset(given | {name for name in ("rtol", "atol", "message") if getattr(self, name) is not None})


@dataclass(frozen=True, kw_only=True)
class UsesCheck:
    """The answer's code uses each of these; found in the syntax tree, so a comment does not count."""

    uses: tuple[Used, ...]
    """What the answer must use: `backward`, `.data`, `torch.autograd.grad`, `retain_graph=True`, `with torch.no_grad`,
    `for`, `@`."""
    message: Words | None = None
    """Shown when this check fails."""


@dataclass(frozen=True, kw_only=True)
class AvoidsCheck:
    """The answer's code uses none of these."""

    avoids: tuple[Used, ...]
    """What the answer must do without, written as in `uses`."""
    message: Words | None = None
    """Shown when this check fails."""


@dataclass(frozen=True, kw_only=True)
class RaisesCheck:
    """The answer is meant to end in this error."""

    raises: Dotted
    """The exception's class, or one it derives from: `RuntimeError`."""
    match: Pattern | None = None
    """A regular expression found somewhere in the error's message."""
    message: Words | None = None
    """Shown when this check fails."""


Check: TypeAlias = ValueCheck | UsesCheck | AvoidsCheck | RaisesCheck


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Other inputs on which the same answer must hold."""

    setup: Code
    """Run instead of the step's setup."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong answer the author foresaw: the explanation of that ``kind`` must appear, or ``message`` is shown."""

    code: Code
    """The wrong answer."""
    kind: Slug | None = None
    """The kind of explanation that must appear for it: `non-scalar-backward`."""
    message: Words | None = None
    """The author's own words, shown when an answer gives the same wrong result."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of the answers to choose from."""

    text: Words
    """The answer."""
    why: Words
    """Shown once this option was chosen."""
    correct: bool = False
    """Whether this is a right answer. At least one option is."""


@dataclass(frozen=True, kw_only=True)
class ReadStep:
    """Something to read."""

    id: Slug
    """Unique in the lesson."""
    kind: Literal["read"]
    """read, predict, choice or code."""
    title: Words | None = None
    """A heading. Left out: the step has none."""
    text: Words
    """Markdown. Mathematics between dollar signs is shown as Unicode."""


@dataclass(frozen=True, kw_only=True)
class PredictStep:
    """The learner types the value of ``ask`` before seeing it: a tensor, None, or ``error``."""

    id: Slug
    """Unique in the lesson."""
    kind: Literal["predict"]
    """read, predict, choice or code."""
    title: Words | None = None
    """A heading. Left out: the step has none."""
    text: Words
    """The question, in Markdown."""
    setup: Code = ""
    """Shown, and run before the code. `import torch` is implied."""
    code: Code
    """The program whose result is predicted."""
    ask: Expression
    """The expression whose value is asked for: `x.grad`."""
    hints: tuple[Words, ...] = ()
    """Opened one at a time."""
    why: Words | None = None
    """Shown with the result."""


@dataclass(frozen=True, kw_only=True)
class ChoiceStep:
    """A question with answers to choose from."""

    id: Slug
    """Unique in the lesson."""
    kind: Literal["choice"]
    """read, predict, choice or code."""
    title: Words | None = None
    """A heading. Left out: the step has none."""
    text: Words
    """The question, in Markdown."""
    options: tuple[Option, ...]
    """Two or more answers, at least one of them correct."""


@dataclass(frozen=True, kw_only=True)
class CodeStep:
    """The learner writes a program; the checks decide whether it is right."""

    id: Slug
    """Unique in the lesson."""
    kind: Literal["code"]
    """read, predict, choice or code."""
    title: Words | None = None
    """A heading. Left out: the step has none."""
    text: Words
    """The task, in Markdown."""
    setup: Code = ""
    """Shown, read-only, and run before the answer. `import torch` is implied."""
    starter: Code = ""
    """What stands in the editor at first."""
    solution: Code
    """A right answer. It passes every check on every variant."""
    checks: tuple[Check, ...]
    """What makes an answer right. All must hold."""
    variants: tuple[Variant, ...] = ()
    """Other inputs on which the answer must hold, so that no gradient can be hard-coded."""
    hints: tuple[Words, ...] = ()
    """Opened one at a time."""
    mistakes: tuple[Mistake, ...] = ()
    """Wrong answers you foresee, with the explanation each must get. Each is tested."""


Step: TypeAlias = ReadStep | PredictStep | ChoiceStep | CodeStep


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A lesson file."""

    id: Slug
    """Unique in the pack."""
    title: Words
    """Shown in the table of contents."""
    summary: Words
    """One line for the table of contents."""
    steps: tuple[Step, ...]
    """In order."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """``pack.yaml``."""

    format: Literal[1]
    """The version of this format: 1."""
    id: Slug
    """How the pack is called on the command line."""
    title: Words
    """Shown on the home screen."""
    version: Plain
    """The pack's own version, in quotes where it looks like a number: "1.0"."""
    language: Plain = "en"
    """The language it is written in: two letters."""
    authors: tuple[Plain, ...] = ()
    """Who wrote it."""
    license: Plain | None = None
    """Under which licence, for instance CC-BY-4.0."""
    summary: Words | None = None
    """One line for the home screen."""
    lessons: tuple[File, ...]
    """The lesson files beside pack.yaml, in order."""
