"""The vector given to backward weighs the elements of the result."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, DropArgument, ReplaceExpression, SetKeyword, titled
from tutor.explaining.experiments.reading import (
    Called,
    backwards,
    calls,
    column_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def argument(trial: Trial) -> Iterator[Suspect]:
    """The vector given to backward weighs the elements of the result."""
    if not trial.judged:
        return
    source = trial.source
    for called in (*backwards(source), *calls(source, "grad")):
        given, name = _gradient_given(called)
        if given is None or (called.name == "grad" and name is None):
            continue
        root = (
            called.on
            if called.name == "backward" and called.on not in {"torch.autograd", "autograd"}
            else text(called.node.args[0])
        )
        now = text(given)
        others = [f"torch.ones_like({root})", *_vectors(trial, called, now)]
        for rank, new in enumerate(others):
            change: Change = ReplaceExpression(given.lineno, now, new, column_of(source, given))
            yield _weighed(called, root, now, new, change, 7.1 - 0.1 * rank)
        if called.name == "backward" and not trial.shape(root):
            yield _weighed(called, root, now, "1", DropArgument(called.line, "backward", name or 0, called.column), 6.9)
    for called in backwards(source):
        if _gradient_given(called)[0] is None and trial.shape(called.on) not in {None, ()}:
            for new in _vectors(trial, called, ""):
                yield _weighed(
                    called,
                    called.on,
                    "1",
                    new,
                    SetKeyword(called.line, "backward", "gradient", new, called.column),
                    5.0,
                )


def _gradient_given(called: Called) -> tuple[ast.expr | None, str | None]:
    for word in called.node.keywords:
        if word.arg in {"gradient", "grad_outputs", "grad_tensors"}:
            return word.value, word.arg
    if called.name == "backward" and called.node.args and called.on not in {"torch.autograd", "autograd"}:
        return called.node.args[0], None
    return None, None


def _vectors(trial: Trial, called: Called, now: str) -> Iterator[str]:
    """Tensors of the same shape that the program has."""
    known = [seen.name for seen in trial.observation.tensors if seen.value.shape == trial.shape(called.on or now)]
    for name in known:
        if name.isidentifier() and name not in {called.on, now} and name not in trial.leaves:
            yield name


def _weighed(called: Called, root: str, now: str, new: str, change: Change, weight: float) -> Suspect:
    return Suspect(
        kind="wrong-gradient-argument",
        line=called.line,
        weight=weight,
        changes=(titled(_("Give backward `{new}` in line {line}").format(new=new, line=called.line), change),),
        headline=_("In line {line} `{function}` is given the vector `{now}` where `{new}` is expected.").format(
            line=called.line, function=called.name, now=now, new=new
        ),
        why=_(
            "The argument `{argument}` weighs the elements of `{root}` before they are summed: the result is the gradient of "
            "`({now} * {root}).sum()`. With ones it is the gradient of `{root}.sum()`."
        ).format(root=root, now=now, argument="grad_outputs" if called.name == "grad" else "gradient"),
        supposing=_("If line {line} gave `{new}` instead").format(line=called.line, new=new),
        lesson="autograd/backward-on-a-vector",
    )


ARGUMENT = SilentKind(
    slug="wrong-gradient-argument",
    suspects=argument,
    page=Page(
        title=_("The vector given to backward"),
        what=_("`y.backward(v)` is the gradient of `(v * y).sum()`. Another `v` is another gradient."),
        mend=_("For the plain sum give `torch.ones_like(y)`."),
        lesson="autograd/backward-on-a-vector",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "s = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "t = s ** 2\n"
                "t.backward(gradient=torch.tensor([1.0, 0.0]))\n"
            ),
            fixed=(
                "import torch\n"
                "s = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "t = s ** 2\n"
                "t.backward(gradient=torch.ones_like(t))\n"
            ),
            watch="s.grad",
            line=4,
            facts=(r"gradient", r"ones_like", r"\bt\b", r"line 4"),
        ),
    ),
)
