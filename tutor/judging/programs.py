"""The programs that judging a step takes. What is expected never enters the answer's."""

from __future__ import annotations

from tutor.autograd import Limits, Program
from tutor.judging.literals import expression_of
from tutor.packs.format import LEFT_OUT, CodeStep, RaisesCheck, ValueCheck

LIMITS = Limits()


def value_checks(step: CodeStep) -> tuple[ValueCheck, ...]:
    return tuple(check for check in step.checks if isinstance(check, ValueCheck))


def is_meant_to_raise(step: CodeStep) -> bool:
    return any(isinstance(check, RaisesCheck) for check in step.checks)


def expected_expression(check: ValueCheck) -> str | None:
    """Return the expression whose value in the solution's run is expected, None where a literal is."""
    if check.equals is LEFT_OUT:
        return check.value
    return expression_of(check.equals)


def setups(step: CodeStep) -> tuple[str, ...]:
    """Return the step's own setup and those of its variants, in order."""
    return (step.setup, *(variant.setup for variant in step.variants))


def answer_program(step: CodeStep, answer: str, setup: str, filename: str) -> Program:
    probes = dict.fromkeys(check.value for check in value_checks(step))
    return Program(source=answer, filename=filename, setup=setup, probes=tuple(probes), limits=LIMITS)


def reference_program(step: CodeStep, setup: str) -> Program:
    """The solution, with every value and expression that a check names as a probe."""
    values = [check.value for check in value_checks(step)]
    expressions = [expected_expression(check) for check in value_checks(step)]
    probes = dict.fromkeys([*values, *(text for text in expressions if text is not None)])
    return Program(
        source=step.solution,
        filename="solution.py",
        setup=setup,
        probes=tuple(probes),
        collect=frozenset(),
        limits=LIMITS,
    )
