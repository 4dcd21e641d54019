"""Softmax, sum and their like along another dimension."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, SetKeyword, titled
from tutor.explaining.experiments.reading import Called, assigned_name, calls, column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_ALONG = {
    "softmax": 1, "log_softmax": 1, "softmin": 1, "sum": 1, "mean": 1, "max": 1, "min": 1, "amax": 1, "amin": 1,
    "argmax": 1, "argmin": 1, "cumsum": 1, "cumprod": 1, "logsumexp": 1, "norm": 2, "std": 1, "var": 1, "prod": 1,
    "cat": 1, "stack": 1, "normalize": 2, "median": 1, "flip": 1, "roll": 2, "sort": 1, "gather": 1, "index_select": 1,
    "cosine_similarity": 2, "Softmax": 0, "LogSoftmax": 0, "unsqueeze": 1, "concat": 1, "vector_norm": 2, "diff": 2,
}  # fmt: skip
"""Functions that work along a dimension, with the place of that argument in ``torch.name(input, …)``."""


def dimension(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        return
    for called in calls(trial.source, *_ALONG):
        given = _given(called)
        if given is not None:
            now = text(given)
            for new in ("0", "1", "-1", "2", "-2"):
                if new != now and (now, new) not in {("1", "-1"), ("-1", "1")}:
                    change = ReplaceExpression(given.lineno, now, new, column_of(trial.source, given))
                    yield _along(trial, called, now, new, change)
        elif called.name in {"sum", "mean", "norm", "softmax", "log_softmax", "max", "normalize", "logsumexp"}:
            for new in ("0", "1"):
                change_to = SetKeyword(called.line, called.name, "dim", new, called.column)
                yield _along(trial, called, None, new, change_to)


def _given(called: Called) -> ast.expr | None:
    """The argument that says along which dimension."""
    for word in called.node.keywords:
        if word.arg in {"dim", "axis"}:
            return word.value
    method = not called.full.startswith(("torch.", "F.", "nn.", "torch"))
    index = _ALONG[called.name] - (1 if method and _ALONG[called.name] else 0)
    if 0 <= index < len(called.node.args):
        found = called.node.args[index]
        if text(found).lstrip("-").isdigit():
            return found
    return None


def _along(trial: Trial, called: Called, now: str | None, new: str, change: Change) -> Suspect:
    name = assigned_name(trial.source, called.node)
    shape = next((seen.inputs[0] for seen in trial.watched.at(called.node) if seen.inputs), None)
    shown = f"`{name}`" if name else f"`{text(called.node)}`"
    before = f"`dim={now}`" if now is not None else _("all elements")
    meaning = _(
        "`dim=0` goes down the columns (over the rows: the samples of a batch); `dim=1` goes along each row (over the classes of one sample)."
    )
    sizes = (
        _(" Here the shape is {shape}, so `dim={new}` has {size} entries.").format(
            shape=shape, new=new, size=shape[int(new)]
        )
        if shape and -len(shape) <= int(new) < len(shape)
        else ""
    )
    return Suspect(
        kind="wrong-dimension",
        line=called.line,
        weight=6.7 if now is not None and new in {"0", "1", "-1"} else 4.5,
        changes=(titled(_("Use `dim={new}` in line {line}").format(new=new, line=called.line), change),),
        headline=_(
            "{name} works along the wrong dimension in line {line}: {before} where `dim={new}` is expected."
        ).format(name=shown, line=called.line, before=before, new=new),
        why=_("`{function}` combines the elements along one dimension.").format(function=called.name)
        + f" {meaning}{sizes}",
        supposing=_("If line {line} used `dim={new}` instead of {before}").format(
            line=called.line, new=new, before=before
        ),
    )


DIMENSION = SilentKind(
    slug="wrong-dimension",
    suspects=dimension,
    page=Page(
        title=_("The wrong dimension"),
        what=_(
            "`softmax`, `sum` and their like work along one dimension. Another one fits as well, so nothing is raised."
        ),
        mend=_("For one row for each sample: `dim=1` is along the classes of a sample, `dim=0` across samples."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "table = torch.tensor([[1.0, 4.0], [2.0, 5.0]], requires_grad=True)\n"
                "best = table.max(0).values\n"
                "best.sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "table = torch.tensor([[1.0, 4.0], [2.0, 5.0]], requires_grad=True)\n"
                "best = table.max(1).values\n"
                "best.sum().backward()\n"
            ),
            watch="table.grad",
            line=3,
            facts=(r"dim ?= ?0", r"dim ?= ?1", r"line 3", r"row"),
        ),
    ),
)
