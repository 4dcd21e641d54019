"""``zero_grad()`` leaves None, where zeros were expected."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.explaining.changes import ReplaceExpression, SetKeyword, titled
from tutor.explaining.experiments.reading import (
    assignments,
    calls,
    column_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def to_none(trial: Trial) -> Iterator[Suspect]:
    """``zero_grad()`` leaves None, where zeros were expected."""
    if not trial.judged or not trial.main.found_none:
        return
    for called in calls(trial.source, "zero_grad"):
        yield Suspect(
            kind="zero-grad-set-to-none",
            line=called.line,
            weight=9.0,
            changes=(
                titled(
                    _("Keep zeros instead of None: `zero_grad(set_to_none=False)` in line {line}").format(
                        line=called.line
                    ),
                    SetKeyword(called.line, "zero_grad", "set_to_none", "False", called.column),
                ),
            ),
            headline=_("`{name}()` in line {line} sets `{label}` to None; it does not fill it with zeros.").format(
                name=called.full, line=called.line, label=trial.main.label
            ),
            why=_(
                "Since torch 2.0 `zero_grad()` frees the gradients (`set_to_none=True`). A gradient is then None until the next "
                "backward. `set_to_none=False` writes zeros instead."
            ),
            supposing=_("If line {line} kept zeros").format(line=called.line),
            lesson="autograd/accumulation",
        )
    for name, statement in assignments(trial.source):
        if name == trial.main.label and text(statement.value) == "None":
            new = f"torch.zeros_like({trial.main.owner})"
            yield Suspect(
                kind="zero-grad-set-to-none",
                line=statement.lineno,
                weight=8.0,
                changes=(
                    titled(
                        _("Write zeros in line {line}").format(line=statement.lineno),
                        ReplaceExpression(statement.lineno, "None", new, column_of(trial.source, statement.value)),
                    ),
                ),
                headline=_("In line {line} `{label}` is set to None where zeros are expected.").format(
                    line=statement.lineno, label=trial.main.label
                ),
                why=_("A gradient that is None is not there at all; zeros are a gradient."),
                supposing=_("If line {line} wrote zeros").format(line=statement.lineno),
            )


NONE = SilentKind(
    slug="zero-grad-set-to-none",
    suspects=to_none,
    page=Page(
        title=_("zero_grad leaves None"),
        what=_("`optimizer.zero_grad()` sets gradients to None by default."),
        mend=_("Test for None, or pass `set_to_none=False`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "p = torch.tensor([1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([p], lr=0.1)\n"
                "(p * 2).sum().backward()\n"
                "opt.zero_grad()\n"
            ),
            fixed=(
                "import torch\n"
                "p = torch.tensor([1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([p], lr=0.1)\n"
                "(p * 2).sum().backward()\n"
                "opt.zero_grad(set_to_none=False)\n"
            ),
            watch="p.grad",
            line=5,
            facts=(r"None", r"set_to_none", r"line 5"),
        ),
    ),
)
