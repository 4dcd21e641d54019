"""A method that is named but not called: ``optimizer.zero_grad``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import ReplaceStatement, titled
from tutor.explaining.experiments.reading import column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_METHODS = {
    "zero_grad": _("So the gradients are not cleared, and each backward pass adds to them: they accumulate."),
    "backward": _("So no gradient is computed."),
    "step": _("So nothing is updated."),
    "zero_": _("So the gradient is not cleared, and the next backward pass adds to it: it accumulates."),
    "detach_": _("So nothing is detached."),
    "requires_grad_": _("So the tensor does not require grad."),
    "retain_grad": _("So its gradient is not kept."),
    "eval": _("So the mode does not change."),
    "train": _("So the mode does not change."),
}


def suspects(trial: Trial) -> Iterator[Suspect]:
    for statement in trial.source.statements():
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Attribute):
            continue
        name = statement.value.attr
        if name not in _METHODS:
            continue
        whole, line = text(statement.value), statement.lineno
        yield Suspect(
            kind="missing-call-parentheses",
            line=line,
            weight=9.6,
            changes=(
                titled(
                    _("Call it: `{whole}()` in line {line}").format(whole=whole, line=line),
                    ReplaceStatement(line, f"{trial.source.of(statement)}()", column_of(trial.source, statement)),
                ),
            ),
            headline=_("In line {line} `{whole}` is named but not called: the parentheses `()` are missing.").format(
                line=line, whole=whole
            ),
            why=_("`{whole}` alone is only the method; Python looks at it and does nothing.").format(whole=whole)
            + " "
            + _METHODS[name],
            supposing=_("If line {line} called `{whole}()`").format(line=line, whole=whole),
            certain=True,
            stated=True,
        )


KIND = SilentKind(
    slug="missing-call-parentheses",
    suspects=suspects,
    page=Page(
        title=_("A method without its parentheses"),
        what=_("`optimizer.zero_grad` without `()` is a value, not a call. Python evaluates it and throws it away."),
        mend=_("Put `()` after the name."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "m = torch.tensor([3.0], requires_grad=True)\n"
                "(m * m).sum().backward()\n"
                "m.grad.zero_\n"
                "(2 * m).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "m = torch.tensor([3.0], requires_grad=True)\n"
                "(m * m).sum().backward()\n"
                "m.grad.zero_()\n"
                "(2 * m).sum().backward()\n"
            ),
            watch="m.grad",
            line=4,
            facts=(r"parenthes", r"line 4", r"accumulat|add"),
            alone=True,
        ),
    ),
)
