"""A total that keeps the graph of every pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Source, WithMethod, titled
from tutor.explaining.experiments.reading import (
    backwards,
    calls,
    column_of,
    function_of,
    loop_of,
    names_in,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def totals(trial: Trial) -> Iterator[Suspect]:
    """``total += loss`` in a loop keeps the graph of every pass."""
    source = trial.source
    roots = {called.on for called in backwards(source)}
    for statement in source.statements():
        added = _added(statement)
        if added is None:
            continue
        total, loss = added
        handed = loop_of(source, statement) is None and _handed_in(source, statement, text(loss)) & roots
        if total in roots or not (handed or (text(loss) in roots and loop_of(source, statement) is not None)):
            continue
        used = any(total in names_in(called.node) for called in backwards(source))
        names = {total.split(".")[0], *([] if "." not in total else [total])}
        seen = next(
            (one for one in trial.observation.tensors if one.name in names or _same_attribute(one.name, total)), None
        )
        kept = (seen is not None and seen.grad_fn is not None) or _collected_in_a_list(trial, statement, total, loss)
        if used or (not kept and not trial.judged):
            continue
        yield _graph_kept(trial, statement, total, loss, kept=kept)


def _handed_in(source: Source, statement: ast.stmt, name: str) -> set[str]:
    """What the function around ``statement`` is given as its parameter ``name``, where it is called in a loop."""
    function = function_of(source, statement)
    parameters = [one.arg for one in function.args.args if one.arg != "self"] if function is not None else []
    if function is None or name not in parameters:
        return set()
    uses = [called.node for called in calls(source, function.name) if loop_of(source, called.node) is not None]
    at = parameters.index(name)
    return {text(use.args[at]) for use in uses if len(use.args) > at}


def _same_attribute(name: str, total: str) -> bool:
    """``meter.total`` outside is ``self.total`` in a method."""
    return total.startswith("self.") and name.partition(".")[2] == total.removeprefix("self.")


def _collected_in_a_list(trial: Trial, statement: ast.stmt, total: str, loss: ast.expr) -> bool:
    """Whether a list keeps losses that have been differentiated, and nothing but printing is done with it."""
    if not isinstance(statement, ast.Expr) or not any(
        one.name == text(loss) and one.grad_fn is not None for one in trial.observation.tensors
    ):
        return False
    source = trial.source
    return not any(
        total in names_in(other)
        for other in source.statements()
        if other is not statement
        and not text(other).startswith("print(")
        and not isinstance(other, ast.For | ast.While | ast.With | ast.FunctionDef)
    )


def _added(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """(where it is collected, what is): of ``total += loss``, ``total = total + loss`` and ``losses.append(loss)``."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        return text(statement.target), statement.value
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp) and len(statement.targets) == 1:
        total = text(statement.targets[0])
        if text(statement.value.left) == total and isinstance(statement.value.op, ast.Add):
            return total, statement.value.right
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and len(call.args) == 1:
            return text(call.func.value), call.args[0]
    return None


def _graph_kept(trial: Trial, statement: ast.stmt, total: str, loss: ast.expr, *, kept: bool) -> Suspect:
    line, name = statement.lineno, text(loss)
    column = column_of(trial.source, loss)
    return Suspect(
        kind="loss-accumulates-graph",
        line=line,
        weight=7.0,
        changes=tuple(
            titled(
                _("Add only the number: `{name}.{method}` in line {line}").format(name=name, method=method, line=line),
                WithMethod(line, name, method, column),
            )
            for method in ("item()", "detach()")
        ),
        headline=_(
            "`{total}` in line {line} collects `{name}` with its whole graph, of every pass of the loop."
        ).format(total=total, line=line, name=name),
        why=_(
            "`{name}` requires grad, so adding it makes `{total}` part of the graph. The graph of each iteration stays in memory as "
            "long as `{total}` does, and memory grows. For a number to print, `.item()` or `.detach()` is enough."
        ).format(name=name, total=total),
        supposing=_("If line {line} added `{name}.item()`").format(line=line, name=name),
        certain=kept,
        stated=kept,
        severity="silent" if trial.judged else "warning",
        lesson="autograd/detach",
    )


TOTAL = SilentKind(
    slug="loss-accumulates-graph",
    suspects=totals,
    page=Page(
        title=_("A total that keeps every graph"),
        what=_("`total += loss` adds the tensor, with its graph. The memory of every pass is kept."),
        mend=_("`total += loss.item()`."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "w = torch.tensor(1.0, requires_grad=True)\n"
                "running = torch.tensor(0.0)\n"
                "for x in (1.0, 2.0):\n"
                "    loss = (w * x - 1.0) ** 2\n"
                "    loss.backward()\n"
                "    running = running + loss\n"
            ),
            fixed=(
                "import torch\n"
                "w = torch.tensor(1.0, requires_grad=True)\n"
                "running = torch.tensor(0.0)\n"
                "for x in (1.0, 2.0):\n"
                "    loss = (w * x - 1.0) ** 2\n"
                "    loss.backward()\n"
                "    running = running + loss.detach()\n"
            ),
            watch="running.requires_grad",
            line=7,
            facts=(r"running", r"loss", r"graph", r"detach|item", r"line 7"),
            alone=True,
        ),
    ),
)
