"""A prediction against what the program really gives."""

from __future__ import annotations

from dataclasses import replace

from tutor.autograd import ExceptionSeen, Items, Observation, PlainValue, Program, Run, TensorValue, Value
from tutor.judging.closeness import is_close
from tutor.judging.elements import Nested, Number, elements, is_complete
from tutor.judging.literals import as_tensor, literal_value, number_of
from tutor.judging.outcomes import came_from_answer, exception_text, is_a
from tutor.judging.programs import LIMITS
from tutor.judging.showing import in_short, shape_text
from tutor.judging.tolerance import Asked, dtype_of_number
from tutor.judging.typed import (
    CannotRead,
    Typed,
    TypedError,
    TypedList,
    TypedNone,
    TypedNumber,
    TypedWord,
    read,
    shape_and_numbers,
)
from tutor.judging.verdict import PredictionVerdict
from tutor.packs.format import PredictStep
from tutor.words import _


async def assess_prediction(step: PredictStep, typed: str, run: Run) -> PredictionVerdict:
    """Run the step's program and say whether ``typed`` is the value of ``step.ask``.

    Numbers are compared within the tolerance of the dtype, or rounded as they were typed (``0.33`` for a third).
    Typed in a row without brackets they claim no shape.
    """
    try:
        said = read(typed)
    except CannotRead as problem:
        return _unreadable(problem)
    program = Program(source=step.code, filename="code.py", setup=step.setup, probes=(step.ask,), limits=LIMITS)
    seen = await run(program)
    return replace(_verdict(step.ask, said, seen), observation=seen)


def _verdict(name: str, said: Typed, seen: Observation) -> PredictionVerdict:
    probe = seen.probes[0] if seen.probes else None
    exception = seen.exception
    if seen.outcome == "exception" and exception is not None and came_from_answer(exception):
        return _error(said, exception)
    if seen.outcome == "ok" and probe is not None and probe.error is not None:
        return _error(said, probe.error)
    if seen.outcome != "ok" or probe is None or probe.value is None:
        why = exception_text(exception) if exception is not None else f"{seen.outcome} {seen.detail}".strip()
        text = _("The program of this step did not run as it should: {why}. This is not your fault.").format(why=why)
        return PredictionVerdict(passed=False, internal=text, text=text)
    return _value(name, said, probe.value)


def _error(said: Typed, exception: ExceptionSeen) -> PredictionVerdict:
    error = exception_text(exception)
    if not isinstance(said, TypedError):
        text = _("No value: the program stops with {error}").format(error=error)
        return PredictionVerdict(passed=False, exception=exception, text=text)
    if said.kind and not is_a(exception, said.kind):
        text = _("It does stop, but with {error}").format(error=error)
        return PredictionVerdict(passed=False, nearly=True, exception=exception, text=text)
    text = _("Right: it stops with {error}").format(error=error)
    return PredictionVerdict(passed=True, exception=exception, text=text)


def _value(name: str, said: Typed, actual: Value) -> PredictionVerdict:
    right = _("Right: `{name}` is {value}.").format(name=name, value=in_short(actual))
    wrong = _("`{name}` is {value}.").format(name=name, value=in_short(actual))
    if isinstance(said, TypedError):
        text = _("No error: {wrong}").format(wrong=wrong)
        return PredictionVerdict(passed=False, actual=actual, text=text)
    if isinstance(said, TypedNone):
        passed = isinstance(actual, PlainValue) and actual.python_type == "NoneType"
        none = PlainValue(python_type="NoneType", text="None")
        return PredictionVerdict(passed=passed, typed=none, actual=actual, text=right if passed else wrong)
    if isinstance(said, TypedWord):
        passed = isinstance(actual, PlainValue) and _is_called(said.text, actual)
        return PredictionVerdict(passed=passed, actual=actual, text=right if passed else wrong)
    return _numbers(name, said, actual, right, wrong)


def _numbers(name: str, said: TypedNumber | TypedList, actual: Value, right: str, wrong: str) -> PredictionVerdict:
    expected = _rectangle(actual)
    one_by_one = isinstance(actual, Items) and _each_agrees(name, said, actual)
    if one_by_one or expected is None:
        return PredictionVerdict(passed=one_by_one, actual=actual, text=right if one_by_one else wrong)
    try:
        mine, given = shape_and_numbers(said)
    except CannotRead as problem:
        return _unreadable(problem)
    typed = _typed_value(said, actual)
    shape, numbers, dtype = expected
    if len(given) != len(numbers):
        text = _("{wrong} That is {count} numbers; you typed {typed}.")
        text = text.format(wrong=wrong, count=len(numbers), typed=len(given)) if len(numbers) > 1 else wrong
        return PredictionVerdict(passed=False, typed=typed, actual=actual, text=text)
    if not all(_agrees(one, other, dtype) for one, other in zip(given, numbers, strict=True)):
        return PredictionVerdict(passed=False, typed=typed, actual=actual, text=wrong)
    if mine == shape:
        return PredictionVerdict(passed=True, typed=typed, actual=actual, text=right)
    claimed_no_shape = isinstance(said, TypedNumber) or said.bare
    text = _("Right numbers; the shape of `{name}` is {shape}.").format(name=name, shape=shape_text(shape))
    if claimed_no_shape:
        return PredictionVerdict(passed=True, typed=typed, actual=actual, text=text)
    text = _("{text} You typed one of shape {typed}.").format(text=text, typed=shape_text(mine))
    return PredictionVerdict(passed=False, nearly=True, typed=typed, actual=actual, text=text)


def _unreadable(problem: CannotRead) -> PredictionVerdict:
    return PredictionVerdict(passed=False, unreadable=str(problem), text=str(problem))


def _each_agrees(name: str, said: TypedNumber | TypedList, actual: Items) -> bool:
    """Whether each of several tensors is what was typed in its place."""
    if isinstance(said, TypedNumber) or len(said.items) != len(actual.items) or actual.more:
        return False
    return all(_value(name, one, other).passed for one, other in zip(said.items, actual.items, strict=True))


def _rectangle(actual: Value) -> tuple[tuple[int, ...], tuple[Number, ...], str] | None:
    """The shape, elements and dtype of what is a tensor, a number, or a list of numbers (a shape, say)."""
    if isinstance(actual, TensorValue):
        return (actual.shape, elements(actual), actual.dtype) if is_complete(actual) else None
    number = number_of(actual)
    if number is not None:
        return (), (number,), dtype_of_number(number)
    if isinstance(actual, Items) and len(actual.items) == 1 and isinstance(actual.items[0], TensorValue):
        return _rectangle(actual.items[0])  # what torch.autograd.grad returns
    as_numbers = as_tensor(actual, TensorValue(shape=(), dtype="float64"))
    if as_numbers is None:
        return None
    dtype = "float64" if as_numbers.storage == "float64" else "int64"
    return as_numbers.shape, elements(as_numbers), dtype


def _agrees(typed: TypedNumber, number: Number, dtype: str) -> bool:
    if isinstance(typed.value, bool) and not isinstance(number, bool):
        return False
    tolerance = Asked().of(dtype)
    return is_close(typed.value, number, replace(tolerance, atol=max(tolerance.atol, typed.slack)))


def _is_called(word: str, actual: PlainValue) -> bool:
    if isinstance(actual.value, str):
        return word == actual.value
    names = {actual.text, actual.text.strip("<>").partition(" ")[0], actual.python_type}
    return word.removeprefix("torch.").lower() in {name.removeprefix("torch.").lower() for name in names}


def _typed_value(said: TypedNumber | TypedList, actual: Value) -> Value:
    literal = literal_value(_plain(said))
    as_typed = as_tensor(literal, actual) if isinstance(actual, TensorValue) else None
    return literal if as_typed is None else as_typed


def _plain(said: TypedNumber | TypedList) -> Nested:
    if isinstance(said, TypedNumber):
        return said.value
    return [_plain(item) for item in said.items]
