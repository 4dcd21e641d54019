"""Clipping before the gradient exists, or after it was used."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.explaining.changes import Change, titled
from tutor.explaining.experiments.reading import (
    backwards,
    calls,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import moving, optimizer_steps, same_block
from tutor.explaining.kind import Page
from tutor.words import _

_CLIPS = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_")


def clip_place(trial: Trial) -> Iterator[Suspect]:
    """Clipping before the gradient exists, or after it was used."""
    steps = optimizer_steps(trial)
    for clip in calls(trial.source, *_CLIPS):
        passes = [called for called in backwards(trial.source) if same_block(trial, clip.node, called.node)]
        used = [step for step in steps if same_block(trial, clip.node, step.node)]
        if not passes:
            continue
        backward = passes[-1]
        early = clip.order < passes[0].order
        late = bool(used) and clip.order > used[-1].order > backward.order
        if not early and not late:
            continue
        changes: list[Change] = [
            titled(
                _("Clip between backward and step: move line {line} after line {after}").format(
                    line=clip.line, after=backward.line
                ),
                moving(trial, clip, backward, after=True),
            )
        ]
        step_line = used[-1].line if used else None
        headline = (
            _(
                "`{clip}` in line {line} runs before `{root}.backward()` in line {after}, so there is no gradient to clip yet."
            )
            if early
            else _(
                "`{clip}` in line {line} runs after the step in line {step}, which has already used the gradient unclipped."
            )
        )
        yield Suspect(
            kind="clip-wrong-place",
            line=clip.line,
            weight=9.3,
            changes=tuple(changes),
            headline=headline.format(
                clip=clip.name, line=clip.line, root=backward.on, after=backward.line, step=step_line
            ),
            why=_(
                "`{clip}` changes the gradients that are there at that moment. But line {after} computes new ones afterwards, or "
                "they were used already. Clipping belongs between backward and step: after line {after}."
            ).format(clip=clip.name, after=backward.line),
            supposing=_("If line {line} stood directly after line {after}").format(line=clip.line, after=backward.line),
            certain=True,
            stated=True,
            lesson="autograd/accumulation",
        )


CLIP = SilentKind(
    slug="clip-wrong-place",
    suspects=clip_place,
    page=Page(
        title=_("Clipping where there is nothing to clip"),
        what=_(
            "Clipping changes the gradients that are there. Before `backward()` there are none, after `step()` they have been used."
        ),
        mend=_("Put it between `backward()` and `step()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "from torch.nn.utils import clip_grad_value_\n"
                "g = torch.tensor([5.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([g], lr=1.0)\n"
                "for _ in range(2):\n"
                "    opt.zero_grad()\n"
                "    (g ** 2).sum().backward()\n"
                "    opt.step()\n"
                "    clip_grad_value_([g], 0.5)\n"
            ),
            fixed=(
                "import torch\n"
                "from torch.nn.utils import clip_grad_value_\n"
                "g = torch.tensor([5.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([g], lr=1.0)\n"
                "for _ in range(2):\n"
                "    opt.zero_grad()\n"
                "    (g ** 2).sum().backward()\n"
                "    clip_grad_value_([g], 0.5)\n"
                "    opt.step()\n"
            ),
            watch="g",
            line=9,
            facts=(r"clip_grad_value_", r"line 9", r"between|after"),
            alone=True,
        ),
    ),
)
