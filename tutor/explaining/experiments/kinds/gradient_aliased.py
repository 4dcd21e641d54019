"""A name kept for a gradient is the very tensor that the next backward adds to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import WithMethod, titled
from tutor.explaining.experiments.reading import (
    around,
    assigned_name,
    backwards,
    calls,
    column_of,
    function_of,
    gradients_cleared,
    loop_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for node in source.nodes:
        if not isinstance(node, ast.Attribute) or node.attr != "grad" or not isinstance(node.ctx, ast.Load):
            continue
        statement = source.statement_of(node)
        kept = _kept_under(trial, node, statement) or _returned_as(trial, node, statement)
        if kept is None:
            continue
        gradient, line = text(node), statement.lineno
        later = _changed_later(trial, node, statement)
        if later is None or (not trial.judged and "create_graph=True" in text(source.tree)):
            continue
        looked_at = trial.main.label.split("[")[0].split(".")
        watched = not trial.judged or looked_at[0] in kept or looked_at[-1] == kept.split(".")[-1]
        yield Suspect(
            kind="gradient-aliased",
            line=line,
            weight=9.1 if watched else 6.0,
            changes=(
                titled(
                    _("Keep a copy: `{gradient}.clone()` in line {line}").format(gradient=gradient, line=line),
                    WithMethod(node.lineno, gradient, "clone()", column_of(source, node)),
                ),
            ),
            headline=_(
                "`{kept}` is not a copy of the gradient: it is the same tensor as `{gradient}`, and line {later} changed it."
            ).format(kept=kept, gradient=gradient, later=later),
            why=_(
                "In line {line} the tensor gets a second name (an alias: the same object, the same memory). `backward()` and "
                "`zero_()` change it in place, so `{kept}` changes with it. `.clone()` keeps the values of that moment."
            ).format(line=line, kept=kept),
            supposing=_("If line {line} kept `{gradient}.clone()`").format(line=line, gradient=gradient),
            certain=_is_the_gradient(trial, kept, text(node.value)) or _listed_each_time(trial, node),
            stated=_is_the_gradient(trial, kept, text(node.value)),
            lesson="autograd/accumulation",
        )


def _is_the_gradient(trial: Trial, kept: str, owner: str) -> bool:
    """Whether what was kept reads as the gradient does at the end, and nothing gave the tensor a new gradient."""
    if any("zero_(" not in text(cleared) for cleared, _whose in gradients_cleared(trial.source)):
        return False
    values = {seen.name: seen for seen in trial.observation.tensors}
    one, other = values.get(kept), values.get(owner)
    return one is not None and other is not None and other.grad is not None and one.value.data == other.grad.data


def _listed_each_time(trial: Trial, node: ast.Attribute) -> bool:
    """Whether a loop puts the gradient itself into a list and goes on adding to it, or clears it in place."""
    source = trial.source
    call, cleared = source.parents[node], [one for one, _whose in gradients_cleared(source)]
    listed = isinstance(call, ast.Call) and text(call.func).endswith(".append") and loop_of(source, node) is not None
    return listed and all(text(one).endswith(f"{text(node)}.zero_()") for one in cleared)


def _kept_under(trial: Trial, node: ast.Attribute, statement: ast.stmt) -> str | None:
    """The name (or list, or dictionary) that the gradient itself is kept under."""
    parent = trial.source.parents[node]
    if isinstance(statement, ast.Assign) and (
        parent is statement or isinstance(parent, ast.Tuple | ast.List | ast.Dict)
    ):
        return assigned_name(trial.source, node)
    if isinstance(parent, ast.ListComp | ast.DictComp) and isinstance(statement, ast.Assign):
        return assigned_name(trial.source, node)
    call = parent if isinstance(parent, ast.Call) else around(trial.source, node, ast.Call)
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"append", "setdefault"}
    ):
        return text(call.func.value) if parent is call or isinstance(parent, ast.Tuple | ast.ListComp) else None
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and node is parent.func.value:
        return None
    inner = trial.source.parents.get(parent)
    cut = isinstance(parent, ast.Attribute) and parent.attr in {"detach", "data"}
    if cut and isinstance(statement, ast.Assign) and (inner is statement or isinstance(inner, ast.Call)):
        return assigned_name(trial.source, node)
    return None


def _returned_as(trial: Trial, node: ast.Attribute, statement: ast.stmt) -> str | None:
    """The name that a caller keeps the returned gradient under, when the function is called again after it."""
    function = function_of(trial.source, node)
    if function is None or not isinstance(statement, ast.Return) or statement.value is not node:
        return None
    uses = list(calls(trial.source, function.name))
    return assigned_name(trial.source, uses[0].node) if len(uses) > 1 else None


def _changed_later(trial: Trial, node: ast.Attribute, statement: ast.stmt) -> int | None:
    """The line of a later backward, or of a clearing in place."""
    lines = [called.line for called in backwards(trial.source)]
    lines += [cleared.lineno for cleared, _whose in gradients_cleared(trial.source) if "zero_(" in text(cleared)]
    for other in trial.source.statements():
        if isinstance(other, ast.AugAssign) and text(other.target) == text(node):
            lines.append(other.lineno)
        if isinstance(other, ast.Expr) and text(other.value).startswith(f"{text(node)}.") and "_(" in text(other.value):
            lines.append(other.lineno)
    if isinstance(statement, ast.Return):
        function = function_of(trial.source, statement)
        uses = [called.line for called in calls(trial.source, function.name)] if function else []
        return uses[1] if len(uses) > 1 else None
    later = [line for line in lines if line > statement.lineno]
    if later:
        return min(later)
    looped = around(trial.source, node, ast.For, ast.While)
    within = [line for line in lines if looped is not None and looped.lineno <= line <= (looped.end_lineno or 0)]  # type: ignore[attr-defined]
    return min(within, default=None)


KIND = SilentKind(
    slug="gradient-aliased",
    suspects=suspects,
    page=Page(
        title=_("A kept gradient that changes later"),
        what=_(
            "`g = x.grad` gives the gradient a second name. The next `backward()` adds to that very tensor, and `g` shows the sum."
        ),
        mend=_("Keep `x.grad.clone()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "tilt = torch.tensor([1.0, 3.0], requires_grad=True)\n"
                "history = []\n"
                "for power in (2, 3):\n"
                "    (tilt ** power).sum().backward()\n"
                "    history.append(tilt.grad)\n"
                "    tilt.grad.zero_()\n"
            ),
            fixed=(
                "import torch\n"
                "tilt = torch.tensor([1.0, 3.0], requires_grad=True)\n"
                "history = []\n"
                "for power in (2, 3):\n"
                "    (tilt ** power).sum().backward()\n"
                "    history.append(tilt.grad.clone())\n"
                "    tilt.grad.zero_()\n"
            ),
            watch="history[0]",
            line=6,
            facts=(r"history", r"clone", r"same tensor|alias", r"line 6"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "s = torch.tensor(2.0, requires_grad=True)\n"
                "(s * s).backward()\n"
                "before = s.grad\n"
                "(s * 5).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "s = torch.tensor(2.0, requires_grad=True)\n"
                "(s * s).backward()\n"
                "before = s.grad.clone()\n"
                "(s * 5).backward()\n"
            ),
            watch="before",
            line=4,
            facts=(r"before", r"clone", r"line 4", r"line 5"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Recorder:\n"
                "    def __init__(self):\n"
                "        self.first = None\n"
                "\n"
                "    def record(self, tensor):\n"
                "        if self.first is None:\n"
                "            self.first = tensor.grad\n"
                "\n"
                "rec = Recorder()\n"
                "y = torch.tensor([2.0, 5.0], requires_grad=True)\n"
                "for k in (1, 2):\n"
                "    (k * y ** 2).sum().backward()\n"
                "    rec.record(y)\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Recorder:\n"
                "    def __init__(self):\n"
                "        self.first = None\n"
                "\n"
                "    def record(self, tensor):\n"
                "        if self.first is None:\n"
                "            self.first = tensor.grad.clone()\n"
                "\n"
                "rec = Recorder()\n"
                "y = torch.tensor([2.0, 5.0], requires_grad=True)\n"
                "for k in (1, 2):\n"
                "    (k * y ** 2).sum().backward()\n"
                "    rec.record(y)\n"
            ),
            watch="rec.first",
            line=9,
            facts=(
                r"clone",
                r"line 9",
                r"first",
            ),
        ),
    ),
)
