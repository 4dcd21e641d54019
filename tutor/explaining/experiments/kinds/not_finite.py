"""NaN and infinite gradients: the node that produced the first, and why ``torch.where`` does not keep it out."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.experiments.bad_values import (
    arrived_text,
    expression_of,
    first_bad_value,
    first_text,
    forward_is_bad,
    hiding_text,
    infinite_text,
    kind_text,
)
from tutor.explaining.experiments.evidence import numbers_of
from tutor.explaining.experiments.reading import column_of, is_module, names_in, text
from tutor.explaining.experiments.safer import operand_of, safer_inputs, value_text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.watching import NodeSeen, OperationSeen
from tutor.explaining.kind import Page
from tutor.judging.showing import number_text
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    first = next((node for node in trial.watched.nodes if node.kind in {"nan", "inf"}), None)
    if first is None:
        return
    spot = expression_of(trial, first)
    if spot is None:
        return
    cause = first_bad_value(trial, first)
    if cause is not None:
        trap = _where_around(trial, cause[1])
        if trap is not None:
            yield _trapped(
                trial, replace(first, op=cause[0].op, line=cause[0].line, column=cause[0].column), cause[1], trap
            )
        else:
            yield _from_forward(trial, first, *cause)
        return
    trap = _where_around(trial, spot)
    if trap is not None:
        yield _trapped(trial, first, spot, trap)
    if trap is None or not forward_is_bad(trial, first):
        yield _plain(trial, first, spot, trap)


def _from_forward(trial: Trial, first: NodeSeen, bad: OperationSeen, spot: ast.expr) -> Suspect:
    value, *operands = bad.bad
    other = operands[0] if operands else 0.0
    names = ", ".join(f"`{name}`" for name in names_in(spot))
    seen = replace(first, values=(other,), op=bad.op)
    return Suspect(
        kind="nan-gradient",
        line=spot.lineno,
        weight=9.2,
        changes=tuple(safer_inputs(trial, seen, spot)),
        headline=_(
            "`{expression}` in line {line} is {value} where {names} is {other}, and the gradient becomes {what}."
        ).format(
            expression=text(spot),
            line=spot.lineno,
            value=number_text(value),
            names=names,
            other=value_text(seen),
            what=kind_text(first),
        ),
        why=first_text(first)
        + " "
        + _("It multiplies with {value}, and {gradient} times that is not a number.").format(
            value=number_text(value), gradient=arrived_text(first)
        )
        + hiding_text(trial, spot),
        supposing=_("If `{operation}` in line {line} never saw that value").format(operation=bad.op, line=spot.lineno),
        certain=True,
        stated=True,
    )


def _where_around(trial: Trial, spot: ast.expr) -> ast.Call | None:
    """The ``torch.where`` whose branch the expression is, directly or through a name."""
    node: ast.AST | None = trial.source.parents.get(spot)
    while node is not None and not isinstance(node, ast.stmt):
        if isinstance(node, ast.Call) and text(node.func).endswith("where"):
            return node
        node = trial.source.parents.get(node)
    statement = trial.source.statement_of(spot)
    name = text(statement.targets[0]) if isinstance(statement, ast.Assign) else None
    for other in trial.source.nodes:
        if (
            isinstance(other, ast.Call)
            and text(other.func).endswith("where")
            and name in {text(part) for part in other.args}
        ):
            return other
    return None


def _trapped(trial: Trial, first: NodeSeen, spot: ast.expr, trap: ast.Call) -> Suspect:
    inner = operand_of(trial.source, spot)
    name = ", ".join(f"`{one}`" for one in names_in(spot))
    line = trap.lineno
    changes: list[Change] = []
    if inner is not None and trap.args:
        condition = text(trap.args[0])
        taken = any(part is spot for part in ast.walk(_first_branch(trial, trap))) or not _inside(trap, spot)
        one = f"torch.ones_like({text(inner)})"
        parts = (text(inner), one) if taken else (one, text(inner))
        safe = f"torch.where({condition}, {parts[0]}, {parts[1]})"
        title = _("Make the input safe first: `torch.where` inside `{operation}` in line {line}").format(
            operation=first.op, line=spot.lineno
        )
        changes.append(titled(title, _inside_of(trial, inner, safe)))
        changes.extend(islice(safer_inputs(trial, first, spot), 4))
    return Suspect(
        kind="where-nan-trap" if forward_is_bad(trial, first) else "nan-gradient",
        line=line,
        cause_line=spot.lineno if spot.lineno != line else None,
        weight=9.5,
        changes=tuple(changes),
        headline=_(
            "`torch.where` does not protect the gradient from the branch it does not take: `{expression}` in line {line} gives {what}."
        ).format(expression=text(spot), line=spot.lineno, what=kind_text(first)),
        why=_(
            "`torch.where` computes both branches. The branch that is not taken receives the gradient 0, but the derivative of "
            "`{operation}` at {value} is not finite, and 0 * {infinite} is nan. {first} Make the input safe inside, before `{operation}`: "
            "a mask (`torch.where(..., {name}, 1)`) or a clamp."
        ).format(
            operation=first.op,
            value=value_text(first),
            infinite=infinite_text(first),
            first=first_text(first),
            name=name.replace("`", ""),
        ),
        supposing=_("If `{operation}` in line {line} only saw safe values").format(
            operation=first.op, line=spot.lineno
        ),
        certain=True,
        stated=True,
    )


def _first_branch(trial: Trial, trap: ast.Call) -> ast.expr:
    """What is taken where the condition holds: the second argument, or ``value`` of ``value.where(condition, other)``."""
    method = isinstance(trap.func, ast.Attribute) and not is_module(trial.source, trap.func.value)
    if method and isinstance(trap.func, ast.Attribute):
        return trap.func.value
    return trap.args[min(1, len(trap.args) - 1)]


def _inside(trap: ast.Call, spot: ast.expr) -> bool:
    return any(part is spot for part in ast.walk(trap))


def _inside_of(trial: Trial, inner: ast.expr, new: str) -> Change:
    return ReplaceExpression(inner.lineno, text(inner), new, column_of(trial.source, inner))


def _plain(trial: Trial, first: NodeSeen, spot: ast.expr, trap: ast.Call | None) -> Suspect:
    names = names_in(spot)
    shown = ", ".join(f"`{name}`" for name in names)
    return Suspect(
        kind="nan-gradient",
        line=first.line,
        weight=9.0 if trap is None else 8.0,
        changes=tuple(safer_inputs(trial, first, spot))
        if trap is None
        else tuple(_trapped(trial, first, spot, trap).changes),
        headline=_("`{expression}` in line {line} gives {what}: {names} is {value} there.").format(
            expression=text(spot), line=first.line, what=kind_text(first), names=shown, value=value_text(first)
        ),
        why=first_text(first)
        + " "
        + _("The derivative of `{operation}` is not finite there{arrived}.").format(
            operation=first.op,
            arrived=_(", and {gradient} times infinity is nan").format(gradient=arrived_text(first))
            if first.kind == "nan"
            else "",
        )
        + _later_nan(trial, first)
        + hiding_text(trial, spot),
        supposing=_("If `{operation}` in line {line} never saw that value").format(operation=first.op, line=first.line),
        certain=True,
        stated=True,
    )


def _later_nan(trial: Trial, first: NodeSeen) -> str:
    """Whether an infinity has become NaN on its way to a leaf."""
    for seen in trial.observation.tensors:
        gradient = numbers_of(seen.grad)
        if first.kind == "inf" and gradient and any(math.isnan(number) for number in gradient):
            return " " + _("Further back infinity meets 0, and 0 * inf is nan: so `{name}.grad` is nan.").format(
                name=seen.name
            )
    return ""


NAN = SilentKind(
    slug="nan-gradient",
    suspects=suspects,
    page=Page(
        title=_("A NaN or infinite gradient"),
        what=_(
            "`sqrt` and `log` have an infinite derivative at 0, and 0 times infinity is NaN. One such element spoils everything behind it."
        ),
        mend=_(
            "Keep the input away from the bad value: add a small number, clamp, or choose safe values before the operation."
        ),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def length(step):\n"
                "    return torch.sqrt((step ** 2).sum())\n"
                "\n"
                "step = torch.zeros(2, requires_grad=True)\n"
                "length(step).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def length(step):\n"
                "    return torch.sqrt((step ** 2).sum() + 1e-12)\n"
                "\n"
                "step = torch.zeros(2, requires_grad=True)\n"
                "length(step).backward()\n"
            ),
            watch="step.grad",
            line=4,
            facts=(r"sqrt", r"nan|NaN", r"\b0\b", r"line 4", r"step"),
            alone=True,
        ),
    ),
)


WHERE = SilentKind(
    slug="where-nan-trap",
    suspects=lambda _trial: (),
    page=Page(
        title=_("torch.where computes both branches"),
        what=_("The branch that is not taken receives a gradient of 0, and 0 times an infinite derivative is NaN."),
        mend=_("Choose safe inputs first: `torch.sqrt(torch.where(x > 0, x, torch.ones_like(x)))`."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "a = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)\n"
                "logs = torch.log(a)\n"
                "kept = torch.where(a > 0, logs, torch.zeros_like(a))\n"
                "kept.sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "a = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)\n"
                "logs = torch.log(torch.where(a > 0, a, torch.ones_like(a)))\n"
                "kept = torch.where(a > 0, logs, torch.zeros_like(a))\n"
                "kept.sum().backward()\n"
            ),
            watch="a.grad",
            line=4,
            cause_line=3,
            facts=(r"torch\.where",),
        ),
        Wrong(
            code=(
                "import torch\n"
                "x = torch.tensor([-1.0, 2.0], requires_grad=True)\n"
                "y = torch.where(x > 0, x.sqrt(), torch.zeros(2))\n"
                "y.sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "x = torch.tensor([-1.0, 2.0], requires_grad=True)\n"
                "y = torch.where(x > 0, torch.where(x > 0, x, torch.ones_like(x)).sqrt(), torch.zeros(2))\n"
                "y.sum().backward()\n"
            ),
            watch="x.grad",
            line=3,
            facts=(r"torch\.where", r"both", r"line 3", r"sqrt"),
            alone=True,
        ),
    ),
)
