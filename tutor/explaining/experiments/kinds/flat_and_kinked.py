"""Operations whose derivative is zero nearly everywhere, and ties at which several derivatives are right."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import assigned_name, calls, column_of, names_in, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_FLAT = ("round", "floor", "ceil", "trunc", "sign", "sgn", "heaviside", "fix")


def flat(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    zeroed = {(seen.op.rstrip("_"), seen.line) for seen in trial.watched.nodes if seen.kind == "zero"}
    for called in calls(source, *_FLAT, *(f"{name}_" for name in _FLAT)):
        torch_function = called.on in {"torch", "F"}
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


def kinks(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        return
    source = trial.source
    for called in calls(
        source, "max", "min", "amax", "amin", "maximum", "minimum", "abs", "relu", "clamp", "norm", "median"
    ):
        if called.on == "" and called.name in {"max", "min", "abs"} and called.name != "abs":
            continue
        for new in dict.fromkeys(_sides(trial, called.node, called.name, called.on)):
            change = titled(
                _("Choose one side: `{new}` in line {line}").format(new=new, line=called.line),
                ReplaceExpression(called.node.lineno, text(called.node), new, column_of(source, called.node)),
            )
            yield _kinked(trial, called.node, called.name, change)


def _sides(trial: Trial, node: ast.Call, name: str, on: str) -> Iterator[str]:
    """Other ways to write it that give another of the right derivatives."""
    source = trial.source
    torch_function = on in {"torch", "F", "torch.nn.functional", "nn.functional"}
    given = [source.of(argument) for argument in node.args]
    inner = (given[0] if given else "") if torch_function or not on else on
    rest = given[1:] if torch_function else given
    if not inner:
        return
    base, dims = tight(inner), [word for word in node.keywords if word.arg in {"dim", "axis"}]
    if name in {"max", "min", "amax", "amin"} and not rest:
        wanted = name.removeprefix("a")
        dim = text(dims[0].value) if dims else "0"
        keep = ", keepdim=True" if "keepdim=True" in text(node) else ""
        yield f"{base}.{wanted}(dim={dim}{keep}).values"
        yield f"{base}.flatten().{wanted}(dim=0).values"
        yield f"{base}[{base}.arg{wanted}()]"
        yield f"{base}.a{wanted}()"
        yield f"{base}.{wanted}()"
    elif name in {"amax", "amin"} and rest:
        yield f"{base}.{name.removeprefix('a')}(dim={rest[0]}).values"
    elif name in {"maximum", "minimum"} or (name in {"max", "min"} and rest):
        other = rest[0]
        sign = ">" if name.startswith("max") else "<"
        for relation in (f"{sign}=", sign):
            yield f"torch.where({base} {relation} {tight(other)}, {inner}, {other})"
    elif name == "relu":
        yield f"{base}.clamp(min=0)"
        yield f"torch.maximum({inner}, torch.zeros_like({inner}))"
        yield f"torch.where({base} >= 0, {inner}, torch.zeros_like({inner}))"
    elif name == "clamp":
        yield f"torch.relu({inner})"
        yield f"torch.maximum({inner}, torch.zeros_like({inner}))"
    elif name == "abs":
        yield f"torch.where({base} >= 0, {inner}, -{base})"
        yield f"torch.where({base} > 0, {inner}, -{base})"
        yield f"torch.sqrt({base} ** 2 + 1e-12)"


def _kinked(trial: Trial, node: ast.Call, name: str, change: Change) -> Suspect:
    few = bool(trial.main.differing) and len(trial.main.differing) < max(2, len(trial.main.pairs))
    names = ", ".join(f"`{one}`" for one in names_in(node))
    extreme = name in {"max", "min", "amax", "amin", "maximum", "minimum", "median"}
    if extreme:
        headline = _(
            "`{node}` in line {line} meets a tie: two or more elements of {names} are equal, and they share the gradient."
        )
        why = _(
            "At a tie the maximum has no single derivative. `{name}()` splits the gradient evenly among the equal elements (half "
            "each, 0.5, for two); with `dim` it picks one of them by its index and gives it everything."
        )
    else:
        headline = _(
            "`{node}` in line {line} has a kink exactly where {names} is: any value between the two slopes would be right."
        )
        why = _(
            "At its kink `{name}` has a left slope and a right slope, and torch takes one of them, or half way (at 0 often 0). "
            "Another way to write it takes the other side."
        )
    words = {"node": text(node), "line": node.lineno, "names": names, "name": name}
    return Suspect(
        kind="subgradient-at-kink",
        line=node.lineno,
        weight=7.0 if few else 4.8,
        changes=(change,),
        headline=headline.format(**words),
        why=why.format(**words),
        supposing=_("If line {line} chose one of them").format(line=node.lineno),
    )


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

KINK = SilentKind(
    slug="subgradient-at-kink",
    suspects=kinks,
    page=Page(
        title=_("Ties and kinks"),
        what=_(
            "Where several elements are the maximum, or where `abs` and `relu` bend, there is no single derivative. Torch chooses one, and says so only in its documentation."
        ),
        mend=_("If it matters which, write the choice down: `x.max(dim=0).values` gives all to one element."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\np = torch.tensor([0.0, -1.0, 2.0], requires_grad=True)\ntorch.relu(p).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "p = torch.tensor([0.0, -1.0, 2.0], requires_grad=True)\n"
                "p.clamp(min=0).sum().backward()\n"
            ),
            watch="p.grad",
            line=3,
            facts=(r"kink", r"line 3", r"\bp\b"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "rates = torch.tensor([4.0, 1.0, 1.0], requires_grad=True)\n"
                "least = rates.min()\n"
                "least.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "rates = torch.tensor([4.0, 1.0, 1.0], requires_grad=True)\n"
                "least = rates.min(dim=0).values\n"
                "least.backward()\n"
            ),
            watch="rates.grad",
            line=3,
            facts=(r"tie|equal", r"half|0\.5|split", r"dim|index", r"line 3"),
        ),
    ),
)
