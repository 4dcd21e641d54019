"""A part of the forward pass that was computed while tracking was off."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import (
    Change,
    Lift,
    RemoveDecorator,
    RemoveStatement,
    Source,
    titled,
)
from tutor.explaining.experiments.reading import column_of, function_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_OFF = ("no_grad", "inference_mode", "set_grad_enabled(False)")


def tracking_off(trial: Trial) -> Iterator[Suspect]:
    """A block, a decorator or a switch that turns tracking off around a part of the forward pass."""
    if not trial.judged:
        return
    source = trial.source
    for statement in source.statements():
        if isinstance(statement, ast.With):
            for item in statement.items:
                manager = text(item.context_expr)
                switch = "set_grad_enabled(" in manager and "True" not in manager
                if (switch or any(off in manager for off in _OFF)) and not _is_update(trial, statement):
                    made = [text(one.targets[0]) for one in ast.walk(statement) if isinstance(one, ast.Assign)]
                    function = function_of(source, statement)
                    made = made or ([function.name] if function is not None else [])
                    yield _off(
                        statement.lineno,
                        statement.body[0].lineno,
                        manager,
                        made,
                        titled(
                            _("Take line {line} out of `{manager}`").format(
                                line=statement.body[0].lineno, manager=manager
                            ),
                            Lift(statement.lineno, manager),
                        ),
                    )
        elif isinstance(statement, ast.FunctionDef):
            for decorator in statement.decorator_list:
                manager = text(decorator)
                if any(off in manager for off in ("no_grad", "inference_mode")):
                    yield _off(
                        decorator.lineno,
                        decorator.lineno,
                        f"@{manager}",
                        [statement.name],
                        titled(
                            _("Remove `@{manager}` from `{name}`").format(manager=manager, name=statement.name),
                            RemoveDecorator(statement.lineno, manager),
                        ),
                    )
        elif isinstance(statement, ast.Expr) and "set_grad_enabled(False)" in text(statement):
            line = statement.lineno
            yield _off(
                line,
                line,
                "set_grad_enabled(False)",
                _made_after(source, statement),
                titled(
                    _("Leave tracking on: remove line {line}").format(line=line),
                    RemoveStatement(line, column_of(source, statement)),
                ),
            )
        elif isinstance(statement, ast.Expr) and "requires_grad_(False)" in text(statement):
            line = statement.lineno
            yield _off(
                line,
                line,
                "requires_grad_(False)",
                [text(statement.value).split(".")[0]],
                titled(_("Remove line {line}").format(line=line), RemoveStatement(line, column_of(source, statement))),
            )


def _is_update(trial: Trial, block: ast.With) -> bool:
    """Whether the block only updates parameters: there it belongs."""
    own = set(trial.optimizers)
    return all(
        isinstance(part, ast.AugAssign)
        or (isinstance(part, ast.Expr) and any(name in text(part) for name in own | {"print"}))
        for part in block.body
    )


def _made_after(source: Source, statement: ast.stmt) -> list[str]:
    return [
        text(other.targets[0])
        for other in source.block_of(statement)
        if isinstance(other, ast.Assign) and other.lineno > statement.lineno
    ][:1]


def _off(line: int, body: int, manager: str, made: list[str], change: Change) -> Suspect:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(made)) or _("what is computed there")
    return Suspect(
        kind="tracking-off",
        line=body,
        cause_line=line if line == body else None,
        weight=8.3,
        changes=(change,),
        headline=_("{names} is computed under `{manager}` (line {line}), so autograd treats it as a constant.").format(
            names=names, manager=manager, line=line
        ),
        why=_(
            "`{manager}` in line {line} switches tracking off: what is computed in line {body} has no graph, and the gradient "
            "that should flow through {names} is missing."
        ).format(manager=manager, line=line, body=body, names=names),
        supposing=_("If {names} were computed with tracking on, without `{manager}` in line {line}").format(
            names=names, manager=manager, line=line
        ),
        lesson="autograd/tracking",
    )


OFF = SilentKind(
    slug="tracking-off",
    suspects=tracking_off,
    page=Page(
        title=_("Tracking was off"),
        what=_("Under `torch.no_grad()` nothing is recorded. A part of the forward pass computed there is a constant."),
        mend=_("Move the computation out of the block; keep the block for updates and measurements."),
        lesson="autograd/tracking",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "@torch.no_grad()\n"
                "def weight(x):\n"
                "    return torch.sigmoid(x)\n"
                "\n"
                "x = torch.tensor([0.5, 2.0], requires_grad=True)\n"
                "(weight(x) * x).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def weight(x):\n"
                "    return torch.sigmoid(x)\n"
                "\n"
                "x = torch.tensor([0.5, 2.0], requires_grad=True)\n"
                "(weight(x) * x).sum().backward()\n"
            ),
            watch="x.grad",
            line=3,
            facts=(r"no_grad", r"weight", r"line 3"),
        ),
    ),
)
