"""One JSON object a line: what ``--json`` promises (see ``docs/json.md``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from tutor.autograd import ExceptionSeen, Items, Observation, PlainValue, TensorSeen, TensorValue, Value
from tutor.explaining.explanation import Explanation
from tutor.judging import CheckResult, Verdict, elements, is_complete, nested
from tutor.judging.elements import Nested, Number, element_count

MOST_ELEMENTS: Final = 10_000
"""Larger tensors are null, with a summary beside them."""


def unreadable_record(file: str, why: str) -> dict[str, Any]:
    return {"file": file, "outcome": None, "error": why}


def run_record(file: str, seen: Observation, explanations: Sequence[Explanation]) -> dict[str, Any]:
    """What a run gave, as ``explain --json`` says it."""
    return {
        "file": file,
        "outcome": seen.outcome,
        "elapsed_ms": round(seen.elapsed_ms, 3),
        "exception": None if seen.exception is None else exception_record(seen.exception),
        "explanations": [explanation_record(one) for one in explanations],
        "tensors": {tensor.name: tensor_record(tensor) for tensor in seen.tensors},
        "stdout": seen.stdout,
        "stderr": seen.stderr,
        "warnings": [
            {"category": warning.category, "message": warning.message, "line": warning.line}
            for warning in seen.warnings
        ],
        "detail": seen.detail,
    }


def check_record(file: str, seen: Observation, verdict: Verdict, explanations: Sequence[Explanation]) -> dict[str, Any]:
    """What ``check --json`` says: the run, and the verdict on it."""
    return run_record(file, seen, explanations) | {
        "passed": verdict.passed,
        "checks": [result_record(result) for result in verdict.checks],
        "other_inputs": verdict.other_inputs,
        "foreseen": verdict.foreseen,
        "internal": verdict.internal,
    }


def result_record(result: CheckResult) -> dict[str, Any]:
    """One check. ``message`` is the author's words where it failed and there are some, else the tutor's."""
    return {
        "kind": result.kind,
        "value": result.label,
        "passed": result.passed,
        "cause": result.cause,
        "got": value_record(result.got),
        "want": value_record(result.want),
        "message": result.message or result.text,
        "text": result.text,
        "variant": result.variant,
        "setup": result.variant_setup,
        "line": result.line,
        "difference": _difference(result),
    }


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    return {
        "kind": explanation.kind,
        "severity": explanation.severity,
        "line": explanation.line,
        "cause_line": explanation.cause_line,
        "headline": explanation.headline,
        "why": explanation.why,
        "fixes": [{"title": fix.title, "code": fix.code, "verified": fix.verified} for fix in explanation.fixes],
        "lesson": explanation.lesson,
    }


def exception_record(exception: ExceptionSeen) -> dict[str, Any]:
    return {"type": exception.type, "message": exception.message, "line": exception.line}


def tensor_record(seen: TensorSeen) -> dict[str, Any]:
    value = seen.value
    record = {
        "shape": list(value.shape),
        "dtype": value.dtype,
        "device": value.device,
        "requires_grad": value.requires_grad,
        "is_leaf": seen.is_leaf,
        "grad_fn": seen.grad_fn,
        "version": seen.version,
        "value": value_record(value),
        "grad": value_record(seen.grad),
        "same_as": seen.same_as,
    }
    return record | _summary(value)


def value_record(value: Value | None) -> Any:
    """A value as JSON: numbers, lists, mappings; null for None and for a tensor that is too large to be written out."""
    if value is None:
        return None
    if isinstance(value, TensorValue):
        if not is_complete(value) or element_count(value) > MOST_ELEMENTS:
            return None
        return _finite(nested(elements(value), value.shape))
    if isinstance(value, Items):
        items = [value_record(item) for item in value.items]
        return items if value.keys is None else dict(zip(value.keys, items, strict=False))
    return _plain(value)


def _plain(value: PlainValue) -> Any:
    if value.value is not None or value.python_type == "NoneType":
        return _finite(value.value) if isinstance(value.value, (int, float)) else value.value
    return value.text


def _finite(numbers: Nested) -> Any:
    if isinstance(numbers, list):
        return [_finite(number) for number in numbers]
    return _number(numbers)


def _number(number: Number) -> int | float | str:
    """JSON knows neither NaN, the infinities nor complex numbers: they are written as text."""
    if isinstance(number, complex):
        return str(number).strip("()")
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _summary(value: TensorValue) -> dict[str, Any]:
    if is_complete(value) and element_count(value) <= MOST_ELEMENTS:
        return {}
    summary = value.summary
    if summary is None:
        first = [_number(number) for number in elements(value, 10)] if is_complete(value) else []
        return {"note": value.note, "first": first}
    return {
        "note": value.note,
        "first": [number if isinstance(number, str) else _number(number) for number in summary.first],
        "summary": {
            "minimum": summary.minimum,
            "maximum": summary.maximum,
            "mean": summary.mean,
            "nan": summary.nan,
            "infinite": summary.infinite,
        },
    }


def _difference(result: CheckResult) -> dict[str, Any] | None:
    found = result.difference
    if found is None:
        return None
    return {
        "differing": found.differing,
        "total": found.total,
        "indices": [list(index) for index in found.indices],
        "largest_absolute": found.largest_absolute,
        "largest_relative": found.largest_relative,
        "rtol": found.rtol,
        "atol": found.atol,
    }
