"""A mean where a sum was meant, or a sum where a mean was."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from tutor.explaining.changes import Change, RenameAttribute, SetKeyword, titled
from tutor.explaining.experiments.reading import Called, assigned_name, calls, column_of, function_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_LOSSES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
)
_OTHER = {"mean": "sum", "sum": "mean"}


def suspects(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        return
    for called in calls(trial.source, "mean", "sum"):
        if isinstance(called.node.func, ast.Attribute):
            column = column_of(trial.source, called.node.func)
            change = RenameAttribute(called.line, called.name, _OTHER[called.name], column)
            yield _suspect(trial, called, called.name, change)
    for called in calls(trial.source):
        if called.name in _LOSSES or (called.name.endswith("Loss") and called.full.startswith(("torch.nn", "nn."))):
            now = next(
                (text(word.value).strip("'") for word in called.node.keywords if word.arg == "reduction"), "mean"
            )
            if now in _OTHER:
                yield _suspect(
                    trial,
                    called,
                    now,
                    SetKeyword(called.line, called.name, "reduction", f'"{_OTHER[now]}"', called.column),
                )


def _suspect(trial: Trial, called: Called, now: str, change: Change) -> Suspect:
    other = _OTHER[now]
    ratio = trial.main.ratio
    count = _count(trial, called, ratio)
    fits = ratio is not None and (ratio < 1) == (now == "mean") and _whole(ratio)
    name = assigned_name(trial.source, called.node)
    shown = f"`{name}`" if name else f"`{text(called.node)}`"
    if now == "mean":
        why = _(
            "`mean` divides by the number of elements, {count}, and so does every gradient that flows back through it."
        )
        headline = _(
            "{name} takes the mean in line {line} where the sum is expected: the gradient is {count} times too small."
        )
    else:
        why = _("`sum` adds the elements up and does not divide by their number, {count}; the mean would.")
        headline = _(
            "{name} takes the sum in line {line} where the mean is expected: the gradient is {count} times too large."
        )
    if ratio is None:
        headline = _("{name} uses `{now}` in line {line} where `{other}` is expected.")
    words = {"name": shown, "line": called.line, "count": count, "now": now, "other": other}
    return Suspect(
        kind="mean-instead-of-sum" if now == "mean" else "sum-instead-of-mean",
        line=called.line,
        weight=5.4 if fits and _half_of_a_square(trial, called, ratio) else 7.4 if fits else 5.2,
        changes=(
            titled(
                _("Use `{other}` instead of `{now}` in line {line}").format(other=other, now=now, line=called.line),
                change,
            ),
        ),
        headline=headline.format(**words),
        why=why.format(**words),
        supposing=_("If line {line} took the {other} instead of the {now}").format(
            line=called.line, other=other, now=now
        ),
        lesson="autograd/backward-on-a-vector",
    )


def _half_of_a_square(trial: Trial, called: Called, ratio: float | None) -> bool:
    """A sum in a formula with a square that is twice what is expected: a half is more likely missing than a mean of two.

    Unless it is called a loss, of which one takes a mean.
    """
    if called.name != "sum" or ratio is None or not math.isclose(ratio, 2.0, rel_tol=1e-3):
        return False
    function = function_of(trial.source, called.node)
    named = f"{assigned_name(trial.source, called.node)} {function.name if function else ''}".lower()
    squared = any(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) for part in trial.source.nodes)
    return squared and not any(word in named for word in ("loss", "error", "cost", "mse", "mean", "average"))


def _whole(ratio: float) -> bool:
    big = ratio if ratio >= 1 else 1 / ratio
    return math.isclose(big, round(big), rel_tol=1e-3) and round(big) > 1


def _count(trial: Trial, called: Called, ratio: float | None) -> str:
    """How many elements were reduced: as seen in the run, else from the ratio."""
    if ratio is not None and _whole(ratio) and called.name not in {"mean", "sum"}:
        return f"{ratio if ratio > 1 else 1 / ratio:.0f}"
    for seen in trial.watched.operations:
        if seen.op == called.name and seen.line <= called.line <= seen.end_line and seen.inputs:
            before, after = math.prod(seen.inputs[0]), math.prod(seen.output)
            if after and before % after == 0 and before > after:
                return str(before // after)
    if ratio is not None:
        return f"{ratio if ratio > 1 else 1 / ratio:g}"
    return _("n")


PAGE = Page(
    title=_("Mean or sum"),
    what=_("`mean` divides by the number of elements, and with it every gradient. `sum` does not."),
    mend=_("Use the one that the formula asks for."),
    lesson="autograd/backward-on-a-vector",
)

MEAN = SilentKind(
    slug="mean-instead-of-sum",
    suspects=suspects,
    page=PAGE,
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Energy:\n"
                "    def __call__(self, spring):\n"
                "        return torch.mean(0.5 * spring ** 2)\n"
                "\n"
                "spring = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)\n"
                "Energy()(spring).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Energy:\n"
                "    def __call__(self, spring):\n"
                "        return torch.sum(0.5 * spring ** 2)\n"
                "\n"
                "spring = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)\n"
                "Energy()(spring).backward()\n"
            ),
            watch="spring.grad",
            line=5,
            facts=(r"mean", r"sum", r"\b3\b", r"line 5"),
        ),
    ),
)

SUM = SilentKind(
    slug="sum-instead-of-mean",
    suspects=lambda _trial: (),
    page=PAGE,
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "guess = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "loss = F.mse_loss(guess, torch.tensor([0.0, 4.0]), reduction='sum')\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "guess = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "loss = F.mse_loss(guess, torch.tensor([0.0, 4.0]), reduction='mean')\n"
                "loss.backward()\n"
            ),
            watch="guess.grad",
            line=4,
            facts=(r"mean", r"sum", r"loss", r"line 4"),
        ),
    ),
)
