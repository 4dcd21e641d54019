"""Gradients of several parts are added up and never divided by their number."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import ReplaceExpression, titled
from tutor.explaining.experiments.evidence import numbers_of
from tutor.explaining.experiments.reading import (
    backwards,
    column_of,
    gradients_cleared,
    loop_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import optimizer_steps
from tutor.explaining.kind import Page
from tutor.words import _


def unscaled(trial: Trial) -> Iterator[Suspect]:
    """Accumulation over the parts of a batch, each with a mean of its own, and never divided by their number."""
    if not trial.judged:
        return
    for called in backwards(trial.source):
        loop = loop_of(trial.source, called.node)
        if not isinstance(loop, ast.For):
            continue
        once = _cleared_before(trial, loop)
        for number in dict.fromkeys((*_every(loop), *_times(loop.iter))):
            on = called.node.func.value if isinstance(called.node.func, ast.Attribute) else None
            if on is None:
                continue
            inner = f"({called.on} / {number})"
            yield Suspect(
                kind="accumulation-unscaled",
                line=called.line,
                weight=8.0 if once else 7.3 if trial.main.ratio and trial.main.ratio > 1 else 5.0,
                changes=(
                    titled(
                        _("Divide `{loss}` by the number of parts in line {line}: `{inner}.backward()`").format(
                            loss=called.on, line=called.line, inner=inner
                        ),
                        ReplaceExpression(
                            called.line, called.on, f"{called.on} / {number}", column_of(trial.source, on)
                        ),
                    ),
                ),
                headline=_(
                    "The gradients of all parts are added in line {line}, but no part is scaled: divide by `{number}`."
                ).format(line=called.line, number=number),
                why=_times_words(trial).format(loss=called.on, line=called.line, number=number, loop=loop.lineno),
                supposing=_("If line {line} divided `{loss}` by `{number}`").format(
                    line=called.line, loss=called.on, number=number
                ),
                lesson="autograd/accumulation",
            )


def _every(loop: ast.For) -> Iterator[str]:
    """How many passes go by between updates: ``steps`` of ``if (i + 1) % steps == 0``."""
    for part in ast.walk(loop):
        if isinstance(part, ast.If) and any("step" in text(inner) or "grad" in text(inner) for inner in part.body):
            for inner in ast.walk(part.test):
                if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mod):
                    yield text(inner.right)


def _cleared_before(trial: Trial, loop: ast.For) -> bool:
    """Whether gradients are cleared just before the loop and left to grow in it: accumulation is meant."""
    cleared = [statement for statement, _whose in gradients_cleared(trial.source)]
    stepped = any(loop.lineno <= step.line <= (loop.end_lineno or 0) for step in optimizer_steps(trial))
    return not stepped and any(
        statement in trial.source.block_of(loop) and statement.lineno < loop.lineno for statement in cleared
    )


def _times_words(trial: Trial) -> str:
    words = _(
        "The loop in line {loop} accumulates one gradient for each part. `{loss}` is an average over one part, so the "
        "sum over all parts must be divided by `{number}` to be the average over everything."
    )
    ratio = trial.main.ratio
    if ratio is not None and numbers_of(trial.main.got):
        words += " " + _("The gradient found is {ratio} times the expected one.").format(ratio=f"{ratio:g}")
    return words


def _times(iterated: ast.expr) -> Iterator[str]:
    """Expressions for how often a loop over ``iterated`` runs."""
    if isinstance(iterated, ast.Call):
        name = text(iterated.func)
        if name == "range" and len(iterated.args) == 1:
            yield text(iterated.args[0])
        if name in {"enumerate", "zip"} and iterated.args:
            yield from _times(iterated.args[0])
        if name.endswith(("split", "chunk")):
            last = iterated.args[-1] if iterated.args else None
            if name.endswith("chunk") and last is not None:
                yield text(last)
            yield f"len({text(iterated)})"
    elif isinstance(iterated, ast.List | ast.Tuple):
        yield str(len(iterated.elts))
    else:
        yield f"len({text(iterated)})"


UNSCALED = SilentKind(
    slug="accumulation-unscaled",
    suspects=unscaled,
    page=Page(
        title=_("Accumulated gradients that were never averaged"),
        what=_(
            "Adding up the gradients of several parts gives their sum. If each part's loss is a mean, the sum is as many times too large as there are parts."
        ),
        mend=_("Divide each part's loss by the number of parts before `backward()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "bias = torch.tensor(0.0, requires_grad=True)\n"
                "rows = torch.tensor([1.0, 2.0, 3.0, 6.0])\n"
                "for row in rows.split(2):\n"
                "    loss = ((bias - row) ** 2).mean()\n"
                "    loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "bias = torch.tensor(0.0, requires_grad=True)\n"
                "rows = torch.tensor([1.0, 2.0, 3.0, 6.0])\n"
                "for row in rows.split(2):\n"
                "    loss = ((bias - row) ** 2).mean()\n"
                "    (loss / 2).backward()\n"
            ),
            watch="bias.grad",
            line=6,
            facts=(r"loss", r"line 6", r"divide|scale"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "torch.manual_seed(0)\n"
                "model = nn.Linear(4, 1)\n"
                "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)\n"
                "loss_fn = nn.MSELoss()\n"
                "accumulation_steps = 4\n"
                "inputs, targets = torch.randn(16, 4), torch.randn(16, 1)\n"
                "\n"
                "optimizer.zero_grad()\n"
                "for i in range(8):\n"
                "    xb, yb = inputs[2 * i:2 * i + 2], targets[2 * i:2 * i + 2]\n"
                "    loss = loss_fn(model(xb), yb)\n"
                "    loss.backward()\n"
                "    if (i + 1) % accumulation_steps == 0:\n"
                "        optimizer.step()\n"
                "        optimizer.zero_grad()\n"
            ),
            fixed=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "torch.manual_seed(0)\n"
                "model = nn.Linear(4, 1)\n"
                "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)\n"
                "loss_fn = nn.MSELoss()\n"
                "accumulation_steps = 4\n"
                "inputs, targets = torch.randn(16, 4), torch.randn(16, 1)\n"
                "\n"
                "optimizer.zero_grad()\n"
                "for i in range(8):\n"
                "    xb, yb = inputs[2 * i:2 * i + 2], targets[2 * i:2 * i + 2]\n"
                "    loss = loss_fn(model(xb), yb) / accumulation_steps\n"
                "    loss.backward()\n"
                "    if (i + 1) % accumulation_steps == 0:\n"
                "        optimizer.step()\n"
                "        optimizer.zero_grad()\n"
            ),
            watch="model.weight",
            line=15,
            facts=(
                r"accumulation_steps|\b4\b",
                r"loss",
                r"line 1[45]",
                r"divid|/",
            ),
        ),
    ),
)
