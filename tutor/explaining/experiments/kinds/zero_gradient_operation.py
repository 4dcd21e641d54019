"""Operations whose derivative is zero nearly everywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import assigned_name, calls, column_of, is_module, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_FLAT = ("round", "floor", "ceil", "trunc", "sign", "sgn", "heaviside", "fix")


def flat(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    zeroed = {(seen.op.rstrip("_"), seen.line) for seen in trial.watched.nodes if seen.kind == "zero"}
    for called in calls(source, *_FLAT, *(f"{name}_" for name in _FLAT)):
        torch_function = isinstance(called.node.func, ast.Attribute) and is_module(source, called.node.func.value)
        if called.on == "" or called.on in {"math", "np"}:
            continue
        inner = called.node.args[0] if torch_function and called.node.args else None
        if not torch_function and isinstance(called.node.func, ast.Attribute):
            inner = called.node.func.value
        if inner is None:
            continue
        seen = (called.name.rstrip("_"), called.line) in zeroed or any(
            op == called.name.rstrip("_") and line <= called.line for op, line in zeroed
        )
        if not trial.judged and not (seen and _everything_zero(trial)):
            continue
        yield _flattened(trial, called.node, called.name, inner, seen)
    yield from _clamped(trial)


def _everything_zero(trial: Trial) -> bool:
    """Whether some leaf got a gradient of nothing but zeros."""
    for seen in trial.observation.tensors:
        gradient = seen.grad
        if gradient is not None and gradient.data is not None and seen.is_leaf and not any(gradient.data):
            return True
    return False


def _flattened(trial: Trial, node: ast.Call, name: str, inner: ast.expr, seen: bool) -> Suspect:
    source = trial.source
    line, column = node.lineno, column_of(source, node)
    given, whole = source.of(inner), source.of(node)
    straight = f"{tight(given)} + ({whole} - {tight(given)}).detach()"
    target = assigned_name(source, node)
    shown = f"`{target}`" if target else f"`{text(node)}`"
    return Suspect(
        kind="zero-gradient-operation",
        line=line,
        weight=8.8 if seen else 6.0,
        changes=(
            titled(
                _("Compute without {name}: `{given}` in line {line}").format(name=name, given=given, line=line),
                ReplaceExpression(line, text(node), given, column),
            ),
            *_with_slope(name, given, line, text(node), column),
            titled(
                _(
                    "Keep the values and let the gradient through (straight-through): `{straight}` in line {line}"
                ).format(straight=straight, line=line),
                ReplaceExpression(line, text(node), straight, column),
            ),
        ),
        headline=_(
            "`{name}` in line {line} has derivative zero, so no gradient gets through {shown}: it arrives as 0."
        ).format(name=name, line=line, shown=shown),
        why=_(
            "The result of `{name}` is flat between its jumps: a small change of `{given}` changes nothing, so its derivative is 0 "
            "everywhere it exists. The gradient that comes in is multiplied by zero. Compute the loss without {name}, or pass the "
            "gradient straight through and detach the difference."
        ).format(name=name, given=given),
        supposing=_("If line {line} let the gradient through `{name}`").format(line=line, name=name),
        certain=seen,
        stated=seen,
    )


def _with_slope(name: str, given: str, line: int, whole: str, column: int) -> Iterator[Change]:
    """The function that has a slope where this one has jumps."""
    other = {"sign": f"{tight(given)}.abs()", "sgn": f"{tight(given)}.abs()"}.get(name)
    if other:
        yield titled(
            _("Use `{new}`, which has a slope, in line {line}").format(new=other, line=line),
            ReplaceExpression(line, whole, other, column),
        )


def _clamped(trial: Trial) -> Iterator[Suspect]:
    """A clamp or relu that holds every element: its derivative is zero outside."""
    for called in calls(trial.source, "clamp", "clip", "relu", "hardtanh", "clamp_min", "clamp_max", "relu6"):
        seen = any(
            one.kind == "zero" and one.line == called.line and one.op in {called.name, "clamp", "relu"}
            for one in trial.watched.nodes
        )
        torch_function = called.on in {"torch", "F", "torch.nn.functional", "nn.functional"}
        inner = called.node.args[0] if torch_function and called.node.args else getattr(called.node.func, "value", None)
        if not seen or not trial.judged or not isinstance(inner, ast.expr):
            continue
        yield _flattened(trial, called.node, called.name, inner, seen)


FLAT = SilentKind(
    slug="zero-gradient-operation",
    suspects=flat,
    page=Page(
        title=_("An operation with derivative zero"),
        what=_(
            "`round`, `floor`, `sign` and their like are flat between jumps. Their derivative is 0, and so is every gradient behind them."
        ),
        mend=_("Compute the loss without it, or use a straight-through estimator: `x + (x.round() - x).detach()`."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Quantise(torch.nn.Module):\n"
                "    def forward(self, level):\n"
                "        return level.floor()\n"
                "\n"
                "level = torch.tensor([1.5, 2.5], requires_grad=True)\n"
                "(3 * Quantise()(level)).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Quantise(torch.nn.Module):\n"
                "    def forward(self, level):\n"
                "        return level + (level.floor() - level).detach()\n"
                "\n"
                "level = torch.tensor([1.5, 2.5], requires_grad=True)\n"
                "(3 * Quantise()(level)).sum().backward()\n"
            ),
            watch="level.grad",
            line=5,
            facts=(r"floor", r"zero|0", r"line 5", r"straight|detach"),
            alone=True,
        ),
    ),
)
