"""A constant factor is missing, or one too many: everything is right but for one number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fractions import Fraction

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.experiments.reading import backwards, column_of, function_of, names_in, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_REDUCE = {"sum", "mean", "dot", "norm", "prod"}


def suspects(trial: Trial) -> Iterator[Suspect]:
    ratio = trial.main.ratio
    if not trial.judged or ratio is None or abs(ratio - 1.0) < 1e-4 or trial.main.opposite:
        return
    factor = 1 / ratio
    written = _written(factor)
    if written is None:
        return
    for weight, expression in _formulas(trial):
        yield _scaled(trial, expression, written, factor, weight)
    for node in trial.source.nodes:
        if (
            isinstance(node, ast.Constant)
            and type(node.value) in {int, float}
            and node.value
            and _is_factor(trial, node)
        ):
            yield _other_number(trial, node, factor)


def _written(factor: float) -> str | None:
    """The factor as one would write it: ``0.5``, ``3``, ``1 / 3``; None for a number that nobody would."""
    fraction = Fraction(factor).limit_denominator(64)
    if abs(float(fraction) - factor) < 1e-4 * abs(factor):
        if fraction.denominator == 1:
            return str(fraction.numerator)
        if fraction.denominator in {2, 4, 5, 8, 10}:
            return f"{float(fraction):g}"
        return f"{fraction.numerator} / {fraction.denominator}"
    return None


def _formulas(trial: Trial) -> Iterator[tuple[float, ast.expr]]:
    """Expressions that the result is computed by, the one that reads most like a formula first."""
    source = trial.source
    for statement in source.statements():
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Return | ast.Assign) or not isinstance(value, ast.expr):
            continue
        inner = _reduced(value)
        if (
            not isinstance(inner, ast.BinOp | ast.Call | ast.UnaryOp)
            or not names_in(inner)
            or "requires_grad" in text(value)
        ):
            continue
        if isinstance(inner, ast.Call) and not inner.args and not isinstance(inner.func, ast.Attribute):
            continue
        in_backward = (function := function_of(source, statement)) is not None and function.name == "backward"
        power = any(isinstance(part, ast.Pow | ast.Mult) for part in ast.walk(inner))
        weight = 5.6 + 0.3 * isinstance(statement, ast.Return) + 0.3 * power + 0.6 * in_backward
        yield weight, inner
    for node in source.nodes:
        if isinstance(node, ast.Lambda) and isinstance(formula := _reduced(node.body), ast.BinOp):
            yield 5.8, formula
    for called in backwards(source):
        if isinstance(called.node.func, ast.Attribute):
            root = _reduced(called.node.func.value)
            if isinstance(root, ast.BinOp):
                yield 5.9, root


def _reduced(value: ast.expr) -> ast.expr:
    """What is summed or averaged, without the sum: the formula itself."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _REDUCE:
        torch_function = text(value.func.value) == "torch"
        inner = value.args[0] if torch_function and value.args else value.func.value
        if not isinstance(inner, ast.expr) or value.func.attr in {"dot", "norm", "prod"}:
            return value
        value = inner
    return value


def _scaled(trial: Trial, expression: ast.expr, written: str, factor: float, weight: float) -> Suspect:
    source = trial.source
    line = expression.lineno
    inner = source.of(expression)
    loose = isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add | ast.Sub)
    new = f"{_bracketed(written)} * " + (f"({inner})" if loose else inner)
    names = names_in(expression)
    change = titled(
        _("Multiply by {factor} in line {line}: `{new}`").format(factor=written, line=line, new=new),
        ReplaceExpression(line, text(expression), new, column_of(source, expression)),
    )
    return _suspect(
        trial, line, text(expression), ", ".join(f"`{name}`" for name in names), change, factor, written, weight
    )


def _bracketed(written: str) -> str:
    return f"({written})" if "/" in written else written


def _is_factor(trial: Trial, node: ast.Constant) -> bool:
    parent = trial.source.parents.get(node)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult | ast.Div) and bool(names_in(parent))


def _other_number(trial: Trial, node: ast.Constant, factor: float) -> Suspect:
    source = trial.source
    parent = source.parents[node]
    divides = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div) and parent.right is node
    value = node.value if isinstance(node.value, int | float) else 1.0
    new = _written(value / factor if divides else value * factor) or f"{value * factor:.6g}"
    change: Change = titled(
        _("Write {new} instead of {old} in line {line}").format(new=new, old=text(node), line=node.lineno),
        ReplaceExpression(node.lineno, text(node), new, column_of(source, node)),
    )
    if new in {"1", "-1"} and isinstance(parent, ast.BinOp):
        other = parent.left if parent.right is node else parent.right
        if not (divides is False and parent.left is node and isinstance(parent.op, ast.Div)):
            change = titled(
                _("Leave out the factor {old} in line {line}").format(old=text(node), line=node.lineno),
                ReplaceExpression(parent.lineno, text(parent), source.of(other), column_of(source, parent)),
            )
    names = ", ".join(f"`{name}`" for name in names_in(parent))
    return _suspect(trial, node.lineno, text(parent), names, change, factor, _written(factor) or "", 5.5)


def _suspect(
    trial: Trial, line: int, formula: str, names: str, change: Change, factor: float, written: str, weight: float
) -> Suspect:
    half = _(" (half)") if written == "0.5" else ""
    times = _("twice") if written == "0.5" else _("{ratio} times").format(ratio=f"{1 / factor:g}")
    return Suspect(
        kind="missing-factor",
        line=line,
        weight=weight if trial.main.is_gradient else weight - 1.5,
        changes=(change,),
        headline=_(
            "A factor of {written}{half} is missing in line {line}: every element of `{label}` is {times} what is expected."
        ).format(written=written, half=half, line=line, label=trial.main.label, times=times),
        why=_(
            "`{formula}` in line {line} has the right form in {names}, but the gradient found divided by the expected one is {ratio} "
            "for every element. Such a constant ratio means a missing factor, not a wrong operation."
        ).format(formula=formula, line=line, names=names, ratio=f"{1 / factor:g}"),
        supposing=_("If line {line} were multiplied by {written}").format(line=line, written=written),
    )


KIND = SilentKind(
    slug="missing-factor",
    suspects=suspects,
    page=Page(
        title=_("A constant factor"),
        what=_("Every element is wrong by the same factor: a half, a learning rate, a number of samples."),
        mend=_("Compare the formula with the program, factor by factor."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def drag(speed, area):\n"
                "    pressure = speed ** 2\n"
                "    return (area * pressure).sum()\n"
                "\n"
                "speed = torch.tensor([3.0, 1.0], requires_grad=True)\n"
                "drag(speed, torch.tensor([2.0, 2.0])).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def drag(speed, area):\n"
                "    pressure = speed ** 2\n"
                "    return (0.5 * area * pressure).sum()\n"
                "\n"
                "speed = torch.tensor([3.0, 1.0], requires_grad=True)\n"
                "drag(speed, torch.tensor([2.0, 2.0])).backward()\n"
            ),
            watch="speed.grad",
            line=5,
            facts=(r"half|0\.5|factor", r"area|pressure", r"line 5"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "c = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "loss = (2 * c ** 3).sum()\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "c = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "loss = (6 * c ** 3).sum()\n"
                "loss.backward()\n"
            ),
            watch="c.grad",
            line=3,
            facts=(r"factor", r"\bc\b", r"line 3"),
        ),
    ),
)
