"""NaN and infinite gradients: the node that produced the first, and why ``torch.where`` does not keep it out."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import replace

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import column_of, names_in, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.watching import NodeSeen, OperationSeen
from tutor.explaining.kind import Page
from tutor.judging.showing import number_text
from tutor.words import _

_EPSILONS = ("1e-12", "1e-8", "1e-6", "1e-10", "1e-7", "1e-5", "1e-9")


def suspects(trial: Trial) -> Iterator[Suspect]:
    first = next((node for node in trial.watched.nodes if node.kind in {"nan", "inf"}), None)
    if first is None:
        return
    spot = _expression(trial, first)
    if spot is None:
        return
    cause = _first_bad_value(trial, first)
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
    if trap is None or not _forward_is_bad(trial, first):
        yield _plain(trial, first, spot, trap)


def _first_bad_value(trial: Trial, first: NodeSeen) -> tuple[OperationSeen, ast.expr] | None:
    """When the node multiplied with a value that was not finite: the operation that computed that value."""
    if all(math.isfinite(value) for value in first.values):
        return None
    bad = next((seen for seen in trial.watched.operations if not seen.finite), None)
    spot = _expression(trial, bad) if bad is not None else None
    return (bad, spot) if bad is not None and spot is not None and bad.op != first.op else None


def _from_forward(trial: Trial, first: NodeSeen, bad: OperationSeen, spot: ast.expr) -> Suspect:
    value, *operands = bad.bad
    other = operands[0] if operands else 0.0
    names = ", ".join(f"`{name}`" for name in names_in(spot))
    seen = replace(first, values=(other,), op=bad.op)
    return Suspect(
        kind="nan-gradient",
        line=spot.lineno,
        weight=9.2,
        changes=tuple(_safer(trial, seen, spot)),
        headline=_(
            "`{expression}` in line {line} is {value} where {names} is {other}, and the gradient becomes {what}."
        ).format(
            expression=text(spot),
            line=spot.lineno,
            value=number_text(value),
            names=names,
            other=_value(seen),
            what=_what(first),
        ),
        why=_first(first)
        + " "
        + _("It multiplies with {value}, and {gradient} times that is not a number.").format(
            value=number_text(value), gradient=_zero(first)
        )
        + _hidden(trial, spot),
        supposing=_("If `{operation}` in line {line} never saw that value").format(operation=bad.op, line=spot.lineno),
        certain=True,
        stated=True,
    )


def _hidden(trial: Trial, spot: ast.expr) -> str:
    """What kept the bad value out of the forward pass."""
    statement = text(trial.source.statement_of(spot))
    hiding = next((word for word in ("nansum", "nanmean", "nan_to_num", "where") if word in statement), None)
    if hiding is None:
        return ""
    return " " + _("`{hiding}` hid it in the forward pass; the backward pass still goes through it.").format(
        hiding=hiding
    )


def _expression(trial: Trial, seen: NodeSeen | OperationSeen) -> ast.expr | None:
    """The expression in the program whose operation made the node."""
    for node in trial.source.nodes:
        if isinstance(node, ast.expr) and (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) == (
            seen.line,
            seen.column,
            seen.end_line,
            seen.end_column,
        ):
            return node
    return None


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


def _forward_is_bad(trial: Trial, first: NodeSeen) -> bool:
    """Whether the branch itself is NaN or infinite where it is not taken."""
    return any(
        not seen.finite and (seen.line, seen.column, seen.op) == (first.line, first.column, first.op)
        for seen in trial.watched.operations
    )


def _operand(spot: ast.expr) -> ast.expr | None:
    """What the operation was applied to."""
    if isinstance(spot, ast.Call):
        method = isinstance(spot.func, ast.Attribute) and not text(spot.func).startswith(("torch.", "F.", "nn."))
        if method and isinstance(spot.func, ast.Attribute):
            return spot.func.value
        return spot.args[0] if spot.args else None
    if isinstance(spot, ast.BinOp):
        return spot.right if isinstance(spot.op, ast.Div) else spot.left
    return None


def _trapped(trial: Trial, first: NodeSeen, spot: ast.expr, trap: ast.Call) -> Suspect:
    inner = _operand(spot)
    name = ", ".join(f"`{one}`" for one in names_in(spot))
    line = trap.lineno
    changes: list[Change] = []
    if inner is not None and trap.args:
        condition = text(trap.args[0])
        taken = spot in [part for argument in trap.args[1:2] for part in ast.walk(argument)] or not _inside(trap, spot)
        one = f"torch.ones_like({text(inner)})"
        parts = (text(inner), one) if taken else (one, text(inner))
        safe = f"torch.where({condition}, {parts[0]}, {parts[1]})"
        title = _("Make the input safe first: `torch.where` inside `{operation}` in line {line}").format(
            operation=first.op, line=spot.lineno
        )
        changes.append(titled(title, _inside_of(trial, inner, safe)))
    return Suspect(
        kind="where-nan-trap" if _forward_is_bad(trial, first) else "nan-gradient",
        line=line,
        cause_line=spot.lineno if spot.lineno != line else None,
        weight=9.5,
        changes=tuple(changes),
        headline=_(
            "`torch.where` does not protect the gradient from the branch it does not take: `{expression}` in line {line} gives {what}."
        ).format(expression=text(spot), line=spot.lineno, what=_what(first)),
        why=_(
            "`torch.where` computes both branches. The branch that is not taken receives the gradient 0, but the derivative of "
            "`{operation}` at {value} is not finite, and 0 * {infinite} is nan. {first} Make the input safe inside, before `{operation}`: "
            "a mask (`torch.where(..., {name}, 1)`) or a clamp."
        ).format(
            operation=first.op,
            value=_value(first),
            infinite=_infinite(first),
            first=_first(first),
            name=name.replace("`", ""),
        ),
        supposing=_("If `{operation}` in line {line} only saw safe values").format(
            operation=first.op, line=spot.lineno
        ),
        certain=True,
        stated=True,
    )


def _inside(trap: ast.Call, spot: ast.expr) -> bool:
    return any(part is spot for part in ast.walk(trap))


def _inside_of(trial: Trial, inner: ast.expr, new: str) -> Change:
    return ReplaceExpression(inner.lineno, text(inner), new, column_of(trial.source, inner))


def _what(first: NodeSeen) -> str:
    return _("a nan gradient (NaN)") if first.kind == "nan" else _("an infinite gradient (inf)")


def _value(first: NodeSeen) -> str:
    return number_text(first.values[0], 4).rstrip(".") if first.values else "0"


def _infinite(first: NodeSeen) -> str:
    value = first.values[0] if first.values else 0.0
    return "nan" if value < 0 else "inf"


def _first(first: NodeSeen) -> str:
    words = _("The first {kind} leaves `{node}`, the backward of `{operation}` in line {line}")
    if first.values:
        words += _(", at element {index}, whose input is {value}")
    return (
        words.format(
            kind="NaN" if first.kind == "nan" else "inf",
            node=first.node,
            operation=first.op,
            line=first.line,
            index=first.index,
            value=_value(first),
        )
        + "."
    )


def _plain(trial: Trial, first: NodeSeen, spot: ast.expr, trap: ast.Call | None) -> Suspect:
    names = names_in(spot)
    shown = ", ".join(f"`{name}`" for name in names)
    return Suspect(
        kind="nan-gradient",
        line=first.line,
        weight=9.0 if trap is None else 8.0,
        changes=tuple(_safer(trial, first, spot))
        if trap is None
        else tuple(_trapped(trial, first, spot, trap).changes),
        headline=_("`{expression}` in line {line} gives {what}: {names} is {value} there.").format(
            expression=text(spot), line=first.line, what=_what(first), names=shown, value=_value(first)
        ),
        why=_first(first)
        + " "
        + _("The derivative of `{operation}` is not finite there{arrived}.").format(
            operation=first.op,
            arrived=_(", and {gradient} times infinity is nan").format(gradient=_zero(first))
            if first.kind == "nan"
            else "",
        )
        + _hidden(trial, spot),
        supposing=_("If `{operation}` in line {line} never saw that value").format(operation=first.op, line=first.line),
        certain=True,
        stated=True,
    )


def _zero(first: NodeSeen) -> str:
    return (
        number_text(first.arrived, 4).rstrip(".") if first.arrived is not None and math.isfinite(first.arrived) else "0"
    )


def _stable(trial: Trial, spot: ast.expr) -> Iterator[Change]:
    """The function that computes the same without leaving the numbers that floats can hold."""
    source = trial.source
    forms = (
        (r"torch\.exp\((.+)\) / \(1(?:\.0)? \+ torch\.exp\(\1\)\)", r"torch.sigmoid(\1)"),
        (r"1(?:\.0)? / \(1(?:\.0)? \+ torch\.exp\(-(\w+)\)\)", r"torch.sigmoid(\1)"),
        (r"torch\.exp\((.+)\) / torch\.exp\(\1\)\.sum\(\)", r"torch.softmax(\1, dim=0)"),
        (r"torch\.log\(torch\.exp\((.+)\)\.sum\(\)\)", r"torch.logsumexp(\1, dim=0)"),
        (r"torch\.log\(1(?:\.0)? \+ torch\.exp\((.+)\)\)", r"torch.nn.functional.softplus(\1)"),
        (r"torch\.log\(torch\.softmax\((.+)\)\)", r"torch.log_softmax(\1)"),
        (r"torch\.log\(torch\.sigmoid\((.+)\)\)", r"torch.nn.functional.logsigmoid(\1)"),
    )
    node: ast.AST | None = spot
    while isinstance(node, ast.expr):
        for pattern, form in forms:
            if re.fullmatch(pattern, text(node)):
                new = re.sub(pattern, form, text(node))
                yield titled(
                    _("Use the form that stays finite: `{new}` in line {line}").format(new=new, line=node.lineno),
                    ReplaceExpression(node.lineno, text(node), new, column_of(source, node)),
                )
        node = source.parents.get(node)


def _safer(trial: Trial, first: NodeSeen, spot: ast.expr) -> Iterator[Change]:
    yield from _stable(trial, spot)
    inner = _operand(spot)
    if inner is None:
        return
    column, line, now = column_of(trial.source, inner), inner.lineno, trial.source.of(inner)
    words = _("Keep the input away from {value}: `{new}` in line {line}")
    added = isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add) and isinstance(inner.right, ast.Constant)
    base = trial.source.of(inner.left) if added and isinstance(inner, ast.BinOp) else now
    for epsilon in _EPSILONS:
        news = [
            f"{base} + {epsilon}",
            f"({base}).clamp(min={epsilon})" if not base.isidentifier() else f"{base}.clamp(min={epsilon})",
        ]
        if first.op in {"norm", "vector_norm"} and isinstance(spot, ast.Call):
            squared = f"(({base}) ** 2).sum() + {epsilon}"
            new = f"torch.sqrt({squared})"
            yield titled(
                words.format(value=0, new=new, line=line),
                ReplaceExpression(spot.lineno, text(spot), new, column_of(trial.source, spot)),
            )
            continue
        if first.op in {"acos", "asin", "arccos", "arcsin", "atanh"}:
            news = [f"{tight(now)}.clamp(-1 + {epsilon}, 1 - {epsilon})"]
        elif first.op == "exp":
            news = [f"{tight(now)}.clamp(max=80)"]
        for new in news:
            yield titled(
                words.format(value=_value(first), new=new, line=line), ReplaceExpression(line, text(inner), new, column)
            )


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
