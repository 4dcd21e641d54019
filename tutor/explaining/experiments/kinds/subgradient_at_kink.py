"""Ties and kinks, at which several derivatives are right."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, titled
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import calls, column_of, names_in, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


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
