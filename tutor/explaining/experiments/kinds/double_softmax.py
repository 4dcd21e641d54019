"""Softmax before a loss that takes its own softmax."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, DropArgument, ReplaceExpression, titled
from tutor.explaining.experiments.reading import (
    around,
    assignments,
    calls,
    column_of,
    function_of,
    is_module,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_LOSSES = {
    "cross_entropy": ("softmax", "log_softmax"),
    "CrossEntropyLoss": ("softmax", "log_softmax"),
    "binary_cross_entropy_with_logits": ("sigmoid",),
    "BCEWithLogitsLoss": ("sigmoid",),
}


def suspects(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    named = {
        name: text(statement.value.func).split(".")[-1]
        for name, statement in assignments(source)
        if isinstance(statement.value, ast.Call)
    }
    for called in calls(source):
        loss = called.name if called.name in _LOSSES else named.get(called.full, "")
        made_only = loss.endswith("Loss") and loss == called.name and not isinstance(called.node.func, ast.Call)
        first = _given(called.node)
        if loss not in _LOSSES or made_only or first is None:
            continue
        yield from _in_module(trial, called.line, loss, _maker(trial, first))
        made = _made(trial, first)
        if made is not None and text(made.func).split(".")[-1] in _LOSSES[loss]:
            yield _twice(trial, called.line, loss, made)


def _maker(trial: Trial, given: ast.expr) -> ast.Call | None:
    """The call that made the module whose output ``given`` is: ``Net()``, ``nn.Sequential(…)``."""
    output = _made(trial, given)
    if output is None:
        return None
    name = text(output.func)
    for target, statement in assignments(trial.source):
        if target == name and isinstance(statement.value, ast.Call):
            return statement.value
    return None


def _in_module(trial: Trial, line: int, loss: str, maker: ast.Call | None) -> Iterator[Suspect]:
    """A softmax at the end of the module whose output the loss is given. Certain only where that module is known."""
    source = trial.source
    for called in calls(source, "Softmax", "LogSoftmax", "Sigmoid"):
        name = "sigmoid" if called.name == "Sigmoid" else "softmax" if called.name == "Softmax" else "log_softmax"
        parent = source.parents.get(called.node)
        last = (
            isinstance(parent, ast.Call) and text(parent.func).endswith("Sequential") and parent.args[-1] is called.node
        )
        known = parent is maker
        if last and isinstance(parent, ast.Call) and name in _LOSSES[loss] and (known or trial.judged):
            change = titled(
                _("Leave the {name} out of line {line}: give the loss the raw scores").format(
                    name=name, line=called.line
                ),
                DropArgument(called.line, text(parent.func), len(parent.args) - 1),
            )
            yield _suspect(trial, line, loss, name, called.line, text(called.node), change)
    for called in calls(source, "softmax", "log_softmax", "sigmoid"):
        owner = around(source, called.node, ast.ClassDef)
        known = isinstance(owner, ast.ClassDef) and maker is not None and owner.name == text(maker.func)
        if called.name in _LOSSES[loss] and (known or trial.judged) and _is_returned(trial, called.node):
            yield _twice(trial, line, loss, called.node)


def _is_returned(trial: Trial, node: ast.Call) -> bool:
    """Whether a function returns what ``node`` computes, directly or under the name it gets last."""
    source = trial.source
    statement, function = source.statement_of(node), function_of(source, node)
    if function is None or (not trial.judged and function.name not in {"forward", "__call__"}):
        return False
    if isinstance(statement, ast.Return):
        return statement.value is node
    if not isinstance(statement, ast.Assign) or statement.value is not node:
        return False
    name = text(statement.targets[0])
    returned = any(isinstance(part, ast.Return) and text(part.value) == name for part in ast.walk(function))
    again = any(
        target == name and other.lineno > statement.lineno and function_of(source, other) is function
        for target, other in assignments(source)
    )
    return returned and not again


def _given(call: ast.Call) -> ast.expr | None:
    """What the loss is given as scores."""
    named = next((word.value for word in call.keywords if word.arg == "input"), None)
    return call.args[0] if call.args else named


def _made(trial: Trial, given: ast.expr) -> ast.Call | None:
    """The call that computed what the loss is given."""
    if isinstance(given, ast.Call):
        return given
    if isinstance(given, ast.Name):
        for _name, statement in assignments(trial.source, given.id):
            if isinstance(statement.value, ast.Call):
                return statement.value
    return None


def _twice(trial: Trial, line: int, loss: str, made: ast.Call) -> Suspect:
    source = trial.source
    function = text(made.func).split(".")[-1]
    torch_function = isinstance(made.func, ast.Attribute) and is_module(source, made.func.value)
    inner = made.args[0] if torch_function and made.args else getattr(made.func, "value", made)
    change: Change = titled(
        _("Give the loss the raw scores: `{inner}` in line {line}, without {function}").format(
            inner=text(inner), line=made.lineno, function=function
        ),
        ReplaceExpression(made.lineno, text(made), source.of(inner), column_of(source, made)),
    )
    return _suspect(trial, line, loss, function, made.lineno, text(made), change)


def _suspect(trial: Trial, line: int, loss: str, function: str, made: int, expression: str, change: Change) -> Suspect:
    return Suspect(
        kind="double-softmax",
        line=made,
        weight=8.6,
        changes=(change,),
        headline=_(
            "`{loss}` in line {line} takes a {function} itself, and line {made} has already taken one: `{expression}`."
        ).format(loss=loss, line=line, function=function.removeprefix("log_"), made=made, expression=expression),
        why=_(
            "`{loss}` expects raw scores (logits), not probabilities. Taken twice, the {function} flattens the scores, and the "
            "gradients become much too small: learning is slow and stops early."
        ).format(loss=loss, function=function),
        supposing=_("If `{loss}` in line {line} got the raw scores").format(line=line, loss=loss),
        certain=function != "log_softmax",
        stated=True,
        severity="silent" if trial.judged else "warning",
    )


KIND = SilentKind(
    slug="double-softmax",
    suspects=suspects,
    page=Page(
        title=_("Softmax taken twice"),
        what=_(
            "`cross_entropy` takes the logarithm of a softmax itself. Probabilities given to it are squeezed once more, and the gradients shrink."
        ),
        mend=_("Give it the raw scores; take the softmax only to look at probabilities."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "scores = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)\n"
                "chances = torch.softmax(scores, dim=1)\n"
                "loss = F.cross_entropy(chances, torch.tensor([0]))\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "scores = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)\n"
                "chances = scores\n"
                "loss = F.cross_entropy(chances, torch.tensor([0]))\n"
                "loss.backward()\n"
            ),
            watch="scores.grad",
            line=4,
            facts=(r"softmax", r"cross_entropy", r"line 4", r"raw|logits"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "import torch.nn as nn\n"
                "import torch.nn.functional as F\n"
                "\n"
                "class Net(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.fc = nn.Linear(2, 3)\n"
                "        nn.init.constant_(self.fc.weight, 0.1)\n"
                "        nn.init.zeros_(self.fc.bias)\n"
                "\n"
                "    def forward(self, x):\n"
                "        return F.softmax(self.fc(x), dim=1)\n"
                "\n"
                "net = Net()\n"
                "criterion = nn.CrossEntropyLoss()\n"
                "loss = criterion(net(torch.tensor([[1.0, 2.0]])), torch.tensor([1]))\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "import torch.nn as nn\n"
                "import torch.nn.functional as F\n"
                "\n"
                "class Net(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.fc = nn.Linear(2, 3)\n"
                "        nn.init.constant_(self.fc.weight, 0.1)\n"
                "        nn.init.zeros_(self.fc.bias)\n"
                "\n"
                "    def forward(self, x):\n"
                "        return self.fc(x)\n"
                "\n"
                "net = Net()\n"
                "criterion = nn.CrossEntropyLoss()\n"
                "loss = criterion(net(torch.tensor([[1.0, 2.0]])), torch.tensor([1]))\n"
                "loss.backward()\n"
            ),
            watch="net.fc.weight.grad",
            line=13,
            facts=(
                r"softmax",
                r"cross_entropy|CrossEntropyLoss",
                r"logits|raw|twice|already",
                r"line 13",
            ),
            alone=True,
        ),
    ),
)
