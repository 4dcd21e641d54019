"""A tensor built anew from the values of another, asked to require grad: a new leaf."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import (
    ReplaceExpression,
    Source,
    titled,
)
from tutor.explaining.experiments.reading import assigned_name, column_of, names_in, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def _copies_that_require_grad(trial: Trial) -> Iterator[Suspect]:
    """``torch.tensor(t, requires_grad=True)``: a new leaf, from which nothing flows back to ``t``."""
    source = trial.source
    known = {seen.name: seen for seen in trial.observation.tensors}
    for node in source.nodes:
        if not isinstance(node, ast.Call) or "requires_grad=True" not in text(node) or not node.args:
            continue
        name, inner = text(node.func), node.args[0]
        if name not in {"torch.tensor", "torch.Tensor"} or not isinstance(inner, ast.Name):
            continue
        seen = known.get(inner.id)
        if seen is None or not seen.value.requires_grad:
            continue
        target = assigned_name(source, node) or text(node)
        roots = _sources(source, inner.id)
        starved = [root for root in roots if root in known and known[root].grad is None and known[root].is_leaf]
        column, line = column_of(source, node), node.lineno
        if not starved and not trial.judged:
            continue
        yield Suspect(
            kind="rebuilt-outside-graph",
            line=line,
            weight=8.6,
            changes=(
                titled(
                    _("Keep the graph: `{inner}.clone()` in line {line}, or use {inner} itself").format(
                        inner=inner.id, line=line
                    ),
                    ReplaceExpression(line, text(node), f"{inner.id}.clone()", column),
                ),
                titled(
                    _("Use `{inner}` itself in line {line}").format(inner=inner.id, line=line),
                    ReplaceExpression(line, text(node), inner.id, column),
                ),
            ),
            headline=_(
                "`{target}` in line {line} is a new tensor without history: no gradient flows back through it to {roots}."
            ).format(
                target=target, line=line, roots=", ".join(f"`{root}`" for root in (starved or roots)) or f"`{inner.id}`"
            ),
            why=_(
                "`{name}({inner}, requires_grad=True)` copies the values of `{inner}` and starts a new leaf. The backward ends "
                "at `{target}`; so {grads}. `{inner}.clone()` is a copy that stays in the graph."
            ).format(
                name=name,
                inner=inner.id,
                target=target,
                grads=", ".join(_("`{root}.grad` is None").format(root=root) for root in starved)
                or _("`{inner}` gets no gradient").format(inner=inner.id),
            ),
            supposing=_("If line {line} used `{inner}` itself").format(line=line, inner=inner.id),
            certain=bool(starved),
            stated=True,
            severity="silent" if trial.judged else "warning",
            lesson="autograd/detach",
        )


def _sources(source: Source, name: str) -> tuple[str, ...]:
    """The names that ``name`` was computed from, back to the first."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for node in source.nodes:
            if isinstance(node, ast.Assign) and text(node.targets[0]) == current:
                waiting.extend(other for other in names_in(node.value) if other not in found)
                found.extend(other for other in names_in(node.value) if other not in found)
    return tuple(found)


REBUILT = SilentKind(
    slug="rebuilt-outside-graph",
    suspects=_copies_that_require_grad,
    page=Page(
        title=_("A tensor built anew from values"),
        what=_(
            "`.item()`, `float()`, numpy and `torch.tensor(...)` carry values, not graphs. What is built from them is a constant."
        ),
        mend=_("Compute with the tensors themselves; join them with `torch.stack` or `torch.cat`."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "m = torch.tensor(2.0, requires_grad=True)\n"
                "pair = torch.tensor([m * 2, m * 3])\n"
                "out = (pair * m).sum()\n"
                "out.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "m = torch.tensor(2.0, requires_grad=True)\n"
                "pair = torch.stack([m * 2, m * 3])\n"
                "out = (pair * m).sum()\n"
                "out.backward()\n"
            ),
            watch="m.grad",
            line=3,
            facts=(r"pair", r"torch\.tensor", r"stack", r"line 3"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "v = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "w = float(v[0]) * v\n"
                "w.sum().backward()\n"
            ),
            fixed=(
                "import torch\nv = torch.tensor([1.0, 2.0], requires_grad=True)\nw = v[0] * v\nw.sum().backward()\n"
            ),
            watch="v.grad",
            line=3,
            facts=(r"float", r"constant", r"line 3"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "from dataclasses import dataclass\n"
                "\n"
                "@dataclass\n"
                "class Params:\n"
                "    w: torch.Tensor\n"
                "    b: torch.Tensor\n"
                "\n"
                "params = Params(w=torch.tensor([1.0, 2.0], requires_grad=True), b=torch.tensor(0.5, requires_grad=True))\n"
                "x = torch.tensor([3.0, 4.0])\n"
                "product = torch.tensor([params.w[0] * x[0], params.w[1] * x[1]])\n"
                "loss = (product.sum() + params.b) ** 2\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "from dataclasses import dataclass\n"
                "\n"
                "@dataclass\n"
                "class Params:\n"
                "    w: torch.Tensor\n"
                "    b: torch.Tensor\n"
                "\n"
                "params = Params(w=torch.tensor([1.0, 2.0], requires_grad=True), b=torch.tensor(0.5, requires_grad=True))\n"
                "x = torch.tensor([3.0, 4.0])\n"
                "product = torch.stack([params.w[0] * x[0], params.w[1] * x[1]])\n"
                "loss = (product.sum() + params.b) ** 2\n"
                "loss.backward()\n"
            ),
            watch="params.w.grad",
            line=11,
            facts=(
                r"torch\.tensor",
                r"product",
                r"line 11",
            ),
            alone=True,
        ),
    ),
)
