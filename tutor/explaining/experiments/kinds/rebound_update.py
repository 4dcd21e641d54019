"""Updates that do not reach the parameter: a name is bound to a new tensor instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceStatement, Source, UpdateInPlace, titled
from tutor.explaining.changes.blocks import in_place
from tutor.explaining.experiments.reading import (
    column_of,
    function_of,
    is_under,
    loop_of,
    names_in,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for statement in source.statements():
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        name = text(statement.targets[0])
        new = in_place(source, statement)
        descends = "grad" in text(statement.value) or (trial.judged and isinstance(statement.value, ast.BinOp))
        if not name.isidentifier() or not descends:
            continue
        if new is None:
            if trial.judged and name in trial.leaves and is_under(source, statement, "no_grad") is not None:
                yield from _copied(trial, statement, name)
            continue
        loop = loop_of(source, statement)
        function = function_of(source, statement)
        if _is_loop_name(source, name, statement) or (function is not None and _is_parameter(function, name)):
            yield _rebound(trial, statement, name, new)
        elif is_under(source, statement, "no_grad") is not None and (loop is not None or trial.judged):
            yield _lost(trial, statement, name, new)


def _is_parameter(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    returned = any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(function))
    return not returned and name in {
        argument.arg for argument in (*function.args.args, *function.args.posonlyargs, *function.args.kwonlyargs)
    }


def _is_loop_name(source: Source, name: str, statement: ast.Assign) -> bool:
    node: ast.AST | None = statement
    while node is not None:
        if isinstance(node, ast.For) and name in {text(part) for part in ast.walk(node.target)}:
            return True
        node = source.parents.get(node)
    return False


def _rebound(trial: Trial, statement: ast.Assign, name: str, new: str) -> Suspect:
    line, column = statement.lineno, column_of(trial.source, statement)
    tracked = is_under(trial.source, statement, "no_grad") is None and ".data" not in new
    return Suspect(
        kind="rebind-in-function",
        line=line,
        weight=9.1,
        changes=(
            titled(
                _("Update in place: `{new}` in line {line}").format(new=new, line=line),
                UpdateInPlace(line, no_grad=tracked, column=column),
            ),
            UpdateInPlace(line, no_grad=not tracked, column=column),
        ),
        headline=_(
            "In line {line} the local name `{name}` is given to a new tensor; the parameter itself is not changed."
        ).format(line=line, name=name),
        why=_(
            "`{statement}` computes a new tensor and lets only the name `{name}` refer to it. The caller's tensor stays unchanged. "
            "An update in place, `-=` or `sub_()`, writes into the tensor itself."
        ).format(statement=text(statement), name=name),
        supposing=_("If line {line} updated in place, `{new}`").format(line=line, new=new),
        certain=True,
        stated=True,
        lesson="autograd/downhill",
    )


def _copied(trial: Trial, statement: ast.Assign, name: str) -> Iterator[Suspect]:
    """A new value that is not a plain sum or difference: it can be copied into the leaf."""
    if name in names_in(statement.value):
        new = f"{name}.copy_({trial.source.of(statement.value)})"
        change = ReplaceStatement(statement.lineno, new, column_of(trial.source, statement))
        yield _lost(trial, statement, name, new, change)


def _lost(trial: Trial, statement: ast.Assign, name: str, new: str, change: Change | None = None) -> Suspect:
    line, column = statement.lineno, column_of(trial.source, statement)
    return Suspect(
        kind="leaf-rebound-under-no-grad",
        line=line,
        weight=8.9,
        changes=(
            titled(
                _("Update in place: `{new}` in line {line}").format(new=new, line=line),
                change or UpdateInPlace(line, no_grad=False, column=column),
            ),
        ),
        headline=_("In line {line} `{name}` becomes a new tensor under `no_grad`: it no longer requires grad.").format(
            line=line, name=name
        ),
        why=_(
            "Under `torch.no_grad()` the result of `{value}` has no graph and does not require grad. `{name}` then names that "
            "result, and the leaf that was being learned is left behind. `-=` keeps the same tensor."
        ).format(value=text(statement.value), name=name),
        supposing=_("If line {line} updated in place, `{new}`").format(line=line, new=new),
        certain=False,
        lesson="autograd/downhill",
    )


REBIND = SilentKind(
    slug="rebind-in-function",
    suspects=suspects,
    page=Page(
        title=_("A name bound anew"),
        what=_(
            "`p = p - rate * p.grad` makes a new tensor and lets the local name refer to it. The parameter outside is not changed."
        ),
        mend=_("Write into the tensor: `p -= rate * p.grad` under `torch.no_grad()`."),
        lesson="autograd/downhill",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def descend(theta, rate=0.5):\n"
                "    theta = theta - rate * theta.grad\n"
                "\n"
                "theta = torch.tensor([4.0], requires_grad=True)\n"
                "(theta ** 2).sum().backward()\n"
                "descend(theta)\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def descend(theta, rate=0.5):\n"
                "    with torch.no_grad():\n"
                "        theta -= rate * theta.grad\n"
                "\n"
                "theta = torch.tensor([4.0], requires_grad=True)\n"
                "(theta ** 2).sum().backward()\n"
                "descend(theta)\n"
            ),
            watch="theta",
            line=4,
            facts=(r"theta", r"line 4", r"local|name", r"-=|in place"),
            alone=True,
        ),
    ),
)


LOST = SilentKind(
    slug="leaf-rebound-under-no-grad",
    suspects=lambda _trial: (),
    page=Page(
        title=_("A leaf replaced under no_grad"),
        what=_(
            "`w = w - rate * w.grad` under `torch.no_grad()` gives a tensor that does not require grad: the second pass has nothing to learn."
        ),
        mend=_("Update in place: `w -= rate * w.grad`."),
        lesson="autograd/downhill",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "w = torch.tensor([2.0], requires_grad=True)\n"
                "(w * w).sum().backward()\n"
                "with torch.no_grad():\n"
                "    w = w - 0.1 * w.grad\n"
            ),
            fixed=(
                "import torch\n"
                "w = torch.tensor([2.0], requires_grad=True)\n"
                "(w * w).sum().backward()\n"
                "with torch.no_grad():\n"
                "    w -= 0.1 * w.grad\n"
            ),
            watch="w.requires_grad",
            line=5,
            facts=(r"\bw\b", r"requires? grad", r"-=|in place", r"line 5"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "theta = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "loss = (theta ** 2).sum()\n"
                "loss.backward()\n"
                "with torch.no_grad():\n"
                "    theta = torch.clamp(theta - 0.5 * theta.grad, min=0.25)\n"
            ),
            fixed=(
                "import torch\n"
                "theta = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "loss = (theta ** 2).sum()\n"
                "loss.backward()\n"
                "with torch.no_grad():\n"
                "    theta.copy_(torch.clamp(theta - 0.5 * theta.grad, min=0.25))\n"
            ),
            watch="theta.requires_grad",
            line=6,
            facts=(
                r"theta",
                r"line 6",
                r"new tensor|requires_grad|no longer",
            ),
        ),
    ),
)
