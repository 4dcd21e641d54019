"""A step before there is a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.explaining.changes import titled
from tutor.explaining.experiments.reading import (
    backwards,
    loop_of,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import moving, optimizer_steps, same_block
from tutor.explaining.kind import Page
from tutor.words import _


def step_first(trial: Trial) -> Iterator[Suspect]:
    """``step()`` stands before the only backward of its block."""
    passes = backwards(trial.source)
    for step in optimizer_steps(trial):
        later = [called for called in passes if same_block(trial, step.node, called.node) and called.order > step.order]
        earlier = [called for called in passes if same_block(trial, step.node, called.node) and called.line < step.line]
        if not later or earlier:
            continue
        backward = later[0]
        looped = loop_of(trial.source, step.node) is not None
        before = any(called.order < step.order for called in passes)
        headline = _(
            "`{step}()` in line {line} comes before `{root}.backward()` in line {after}: it steps before there is a gradient."
        )
        yield Suspect(
            kind="optimizer-order",
            line=step.line,
            weight=9.2,
            changes=(
                titled(
                    _("Step after backward: move line {line} after line {after}").format(
                        line=step.line, after=backward.line
                    ),
                    moving(trial, step, backward, after=True),
                ),
                titled(
                    _("Run backward first: move line {after} before line {line}").format(
                        line=step.line, after=backward.line
                    ),
                    moving(trial, backward, step, after=False),
                ),
            ),
            headline=headline.format(step=step.full, line=step.line, root=backward.on, after=backward.line),
            why=_order_words(looped).format(step=step.full, line=step.line, after=backward.line),
            supposing=_("If line {line} came after line {after}").format(line=step.line, after=backward.line),
            certain=not before,
            stated=not before,
            lesson="autograd/accumulation",
        )


def _order_words(looped: bool) -> str:
    if looped:
        return _(
            "The order is wrong: a step uses the gradients that are there when it runs. In the first pass there is no "
            "gradient yet, and later ones use what the pass before left, or None after `zero_grad()`."
        )
    return _(
        "The order is wrong: `{step}()` finds no gradient (it is None), so it changes nothing, and the values stay unchanged; "
        "the gradient that line {after} computes comes too late and is never used."
    )


ORDER = SilentKind(
    slug="optimizer-order",
    suspects=step_first,
    page=Page(
        title=_("`step()` before `backward()`"),
        what=_(
            "An optimizer uses the gradients that are there when it steps. Before the first backward there are none, and it silently does nothing."
        ),
        mend=_("The order is: `zero_grad()`, forward, `backward()`, `step()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "layer = torch.nn.Linear(1, 1, bias=False)\n"
                "torch.nn.init.ones_(layer.weight)\n"
                "sgd = torch.optim.SGD(layer.parameters(), lr=0.5)\n"
                "cost = layer(torch.tensor([[2.0]])).sum()\n"
                "sgd.step(); cost.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "layer = torch.nn.Linear(1, 1, bias=False)\n"
                "torch.nn.init.ones_(layer.weight)\n"
                "sgd = torch.optim.SGD(layer.parameters(), lr=0.5)\n"
                "cost = layer(torch.tensor([[2.0]])).sum()\n"
                "cost.backward(); sgd.step()\n"
            ),
            watch="layer.weight",
            line=6,
            facts=(r"step", r"backward", r"before|order"),
            alone=True,
        ),
    ),
)
