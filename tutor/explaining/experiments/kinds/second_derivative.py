"""The second derivative is added to the first, where that still is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import ReplaceExpression, ReplaceStatement, Together
from tutor.explaining.experiments.reading import (
    Called,
    assigned_name,
    backwards,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    if trial.judged:
        passes = backwards(trial.source)
        for index in reversed(range(len(passes))):
            yield from _both_derivatives(trial, passes, index)


def _both_derivatives(trial: Trial, passes: tuple[Called, ...], index: int) -> Iterator[Suspect]:
    """``y.backward(create_graph=True)`` followed by a backward of ``x.grad``: both derivatives land in ``x.grad``."""
    first = next((one for one in passes[:index] if "create_graph=True" in text(one.node)), None)
    owner = trial.main.owner
    if first is None or not trial.main.is_gradient or f"{owner}.grad" not in text(trial.source.tree):
        return
    statement = trial.source.statement_of(first.node)
    second = passes[index]
    taken = f"(first,) = torch.autograd.grad({first.on}, {owner}, create_graph=True)"
    uses = [
        node.lineno
        for node in trial.source.nodes
        if isinstance(node, ast.Attribute) and text(node) == f"{owner}.grad" and first.line < node.lineno <= second.line
    ]
    if not uses or not isinstance(statement, ast.Expr) or assigned_name(trial.source, first.node):
        return
    changes = [
        ReplaceExpression(line, f"{owner}.grad", "first", every=True) for line in sorted(set(uses), reverse=True)
    ]
    yield Suspect(
        kind="second-derivative-accumulated",
        line=second.line,
        cause_line=first.line,
        weight=8.2,
        changes=(
            Together(
                (*changes, ReplaceStatement(first.line, taken)),
                _("Take the first derivative with `torch.autograd.grad`, which leaves `{owner}.grad` alone").format(
                    owner=owner
                ),
            ),
        ),
        headline=_("`{label}` holds the first and the second derivative added together.").format(
            label=trial.main.label
        ),
        why=_(
            "The backward in line {first} already accumulated the first derivative in `{label}`; line {second} added the second "
            "derivative to it."
        ).format(first=first.line, second=second.line, label=trial.main.label),
        supposing=_("If line {first} did not leave the first derivative in `{label}`").format(
            first=first.line, label=trial.main.label
        ),
        lesson="autograd/accumulation",
    )


SECOND_DERIVATIVE = SilentKind(
    slug="second-derivative-accumulated",
    suspects=suspects,
    page=Page(
        title=_("The second derivative is added to the first"),
        what=_("A backward of a gradient adds the second derivative to `x.grad`, where the first one still is."),
        mend=_(
            "Take the first derivative with `torch.autograd.grad(y, x, create_graph=True)`, or clear `x.grad` between."
        ),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "x = torch.tensor(2.0, requires_grad=True)\n"
                "y = x ** 3\n"
                "y.backward(create_graph=True)\n"
                "x.grad.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "x = torch.tensor(2.0, requires_grad=True)\n"
                "y = x ** 3\n"
                "(first,) = torch.autograd.grad(y, x, create_graph=True)\n"
                "first.backward()\n"
            ),
            watch="x.grad",
            line=5,
            cause_line=4,
            facts=(r"x\.grad", r"first", r"second"),
        ),
    ),
)
