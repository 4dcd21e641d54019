"""Why a program was not judged to its end, in words for the learner."""

from __future__ import annotations

from typing import Final

from tutor.autograd import ExceptionSeen, Limits, Observation
from tutor.text import safe_line
from tutor.words import _

_LIMITED: Final = frozenset({"timeout", "memory-limit", "output-limit", "cancelled"})


def came_from_answer(exception: ExceptionSeen) -> bool:
    """Whether an exception was raised by the answer, not while its setup ran."""
    return not exception.frames or any(frame.where == "answer" for frame in exception.frames)


def is_a(exception: ExceptionSeen, wanted: str) -> bool:
    """Whether an exception is of the class ``wanted`` or of one derived from it; with or without its module's name."""
    names = {exception.type, *exception.bases}
    return wanted in names or wanted.rpartition(".")[2] in {name.rpartition(".")[2] for name in names}


def exception_text(exception: ExceptionSeen) -> str:
    """``RuntimeError: grad can be implicitly created only for scalar outputs``, on one line."""
    return f"{exception.type}: {safe_line(exception.message, 200)}" if exception.message else exception.type


def why_it_stopped(observation: Observation, limits: Limits) -> str:
    """Return one sentence on what ended the program, naming the limit where one did."""
    exception = observation.exception
    if observation.outcome == "syntax-error" and exception is not None:
        return _("Python could not read your program: line {line}: {message}.").format(
            line=exception.line or 1, message=safe_line(exception.message, 200).rstrip(".")
        )
    if observation.outcome == "exception" and exception is not None:
        if exception.line is None:
            return _("Your program stopped with {error}.").format(error=exception_text(exception).rstrip("."))
        return _("Your program stopped at line {line} with {error}.").format(
            line=exception.line, error=exception_text(exception).rstrip(".")
        )
    text = _limit_text(observation, limits) or _("Your program could not be run to its end.")
    if not observation.detail or observation.outcome in _LIMITED:
        return text
    return text.removesuffix(".") + f" ({safe_line(observation.detail, 200)})."


def _limit_text(observation: Observation, limits: Limits) -> str | None:
    texts = {
        "timeout": _("Your program was still running at its time limit of {seconds:g} seconds and was stopped."),
        "memory-limit": _("Your program asked for more than its {memory} MB of memory and was stopped."),
        "output-limit": _("Your program printed more than its limit of {output} KB and was stopped."),
        "crashed": _("Your program brought Python itself down."),
        "no-result": _("Your program ended Python before its last line was reached."),
        "forged-result": _(
            "Your program wrote into the channel that its result comes through, so nothing it said counts."
        ),
        "cancelled": _("The run was stopped."),
    }
    text = texts.get(observation.outcome)
    return text and text.format(
        seconds=limits.wall_seconds, memory=limits.memory_bytes >> 20, output=limits.output_bytes >> 10
    )
