"""What was seen of one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tutor.autograd.graph import Graph
from tutor.autograd.history import History
from tutor.autograd.values import TensorValue, Value

Outcome: TypeAlias = Literal[
    "ok",
    "exception",
    "syntax-error",
    "timeout",
    "memory-limit",
    "output-limit",
    "crashed",
    "no-result",
    "forged-result",
    "cancelled",
    "internal",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSeen:
    """A tensor that a name (or attribute: ``net.weight``) of the program's namespace refers to."""

    name: str
    value: TensorValue
    is_leaf: bool = True
    grad_fn: str | None = None
    version: int | None = None
    """None for inference tensors, which have no version counter."""
    grad: TensorValue | None = None
    retains_grad: bool = False
    is_view: bool = False
    is_inference: bool = False
    same_as: str | None = None
    """An earlier name of the same tensor object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A variable of a frame: a tensor as it was when the exception passed, or another value's description."""

    name: str
    value: Value
    tensor: TensorSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSeen:
    """One frame of a traceback.

    ``line`` and ``end_line`` count from 1; ``column`` and ``end_column`` from 0, in characters, half open.
    """

    where: Literal["answer", "setup", "probe", "neighbour", "library"]
    """``neighbour``: another file of the learner's, imported from beside an open script."""
    filename: str
    function: str
    line: int
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None
    source: str = ""
    """The line's text, without its indentation removed."""
    expression: str = ""
    """The failing expression, where Python knows it."""
    locals: tuple[Local, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionSeen:
    """An exception that ended the program, or a probe. ``frames`` run from the outermost to the one that raised."""

    type: str
    """The class's name: ``RuntimeError``; with its module unless built in: ``torch.OutOfMemoryError``."""
    bases: tuple[str, ...] = ()
    """Names of its base classes, so that ``raises: ArithmeticError`` can be checked."""
    message: str
    line: int | None = None
    """The line in the learner's own file: of the innermost frame in it, or of the syntax error."""
    column: int | None = None
    frames: tuple[FrameSeen, ...] = ()
    notes: tuple[str, ...] = ()
    cause: ExceptionSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningSeen:
    category: str
    message: str
    line: int | None
    """In the learner's own file, the line that led to it, or None."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of output, in the order it was written."""

    stream: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an expression gave in the namespace that the program left: a value, or the error it raised."""

    expression: str
    value: Value | None = None
    error: ExceptionSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of one run. All text in it has passed through :func:`tutor.text.safe`."""

    outcome: Outcome
    elapsed_ms: float = 0.0
    tensors: tuple[TensorSeen, ...] = ()
    probes: tuple[Probe, ...] = ()
    output: tuple[Chunk, ...] = ()
    output_dropped: int = 0
    """Bytes of output left out between head and tail."""
    warnings: tuple[WarningSeen, ...] = ()
    exception: ExceptionSeen | None = None
    history: History | None = None
    """What happened, when the program asked for it."""
    graphs: tuple[Graph, ...] = ()
    """The graph of each tensor that the program left and that has one, when the program asked for it."""
    detail: str = ""
    """What is known beyond the outcome: ``SIGSEGV``, ``os._exit(3)``, ``10 s of wall time``."""
    walls: tuple[str, ...] = field(default=())
    """Which walls stood around this run: ``landlock-7``, ``seccomp``, ``rlimits``."""

    @property
    def stdout(self) -> str:
        return "".join(chunk.text for chunk in self.output if chunk.stream == "stdout")

    @property
    def stderr(self) -> str:
        return "".join(chunk.text for chunk in self.output if chunk.stream == "stderr")
