"""A column that meets a row: both grow, and the result is a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, SetKeyword, WithMethod, titled
from tutor.explaining.experiments.reading import Called, assigned_name, assignments, calls, column_of, function_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.watching import OperationSeen
from tutor.explaining.kind import Page
from tutor.words import _


def _without(trial: Trial, called: Called) -> Iterator[Suspect]:
    along = any(word.arg in {"dim", "axis"} for word in called.node.keywords) or bool(called.node.args)
    if along and "keepdim" not in text(called.node):
        change = titled(
            _("Keep the dimension: `keepdim=True` in line {line}").format(line=called.line),
            SetKeyword(called.line, called.name, "keepdim", "True", called.column),
        )
        seen = next((one for one in trial.watched.at(called.node) if one.inputs), None)
        yield _lost_dimension(called.line, text(called.node), seen, (change,))


def broadcast(trial: Trial) -> Iterator[Suspect]:
    """Two operands that both grow: a column and a row make a table."""
    if trial.judged:
        for called in calls(trial.source, "sum", "mean", "amax", "norm"):
            yield from _without(trial, called)
    for node in trial.source.nodes:
        if isinstance(node, ast.BinOp):
            pair = (node.left, node.right)
        elif isinstance(node, ast.Call) and _is_loss(trial, node) and len(node.args) >= 2:
            pair = (node.args[0], node.args[1])
        else:
            continue
        seen = next((one for one in trial.watched.at(node) if len(one.inputs) >= 2), None)
        if seen is not None and _both_grow(seen.inputs[0], seen.inputs[1], _is_loss(trial, node)):
            yield _table(trial, node, pair, seen)


_LOSSES = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "sub", "subtract"}
_MODULES = {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"}


def _is_loss(trial: Trial, node: ast.expr) -> bool:
    """Whether ``node`` compares two tensors element by element: ``mse_loss(…)``, ``nn.MSELoss()(…)``, ``criterion(…)``."""
    if not isinstance(node, ast.Call):
        return False
    made: ast.expr = node.func
    if isinstance(made, ast.Name | ast.Attribute):
        named = [one.value for name, one in assignments(trial.source, text(made)) if isinstance(one.value, ast.Call)]
        made = named[0] if named else made
    if isinstance(made, ast.Call):
        return text(made.func).split(".")[-1] in _MODULES
    return text(made).split(".")[-1] in _LOSSES


def _both_grow(one: tuple[int, ...], other: tuple[int, ...], loss: bool) -> bool:
    """Whether broadcasting makes a tensor larger than either: (3, 1) with (3,)."""
    rank = max(len(one), len(other))
    first, second = (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other
    sizes = tuple(max(pair) for pair in zip(first, second, strict=True))
    if loss:
        return first != second and len(one) != len(other)
    return sizes not in {first, second}


def _same_count(seen: OperationSeen) -> bool:
    one, other = seen.inputs[0], seen.inputs[1]
    return sorted(size for size in one if size != 1) == sorted(size for size in other if size != 1) and len(one) != len(
        other
    )


def _table(trial: Trial, node: ast.expr, pair: tuple[ast.expr, ast.expr], seen: OperationSeen) -> Suspect:
    one, other = seen.inputs[0], seen.inputs[1]
    changes: list[Change] = []
    for operand, shape, partner in ((pair[1], other, one), (pair[0], one, other)):
        name = text(operand)
        if len(shape) < len(partner):
            methods = []
        elif 1 in shape:
            methods = [f"squeeze({shape.index(1)})", "squeeze()", "reshape(-1)"]
        else:
            continue
        if len(shape) < len(partner):
            methods = [f"unsqueeze({partner.index(1) if 1 in partner else 0})", "unsqueeze(-1)", f"view{partner}"]
        for method in methods:
            if method.startswith("view") and _count(shape) != _count(partner):
                continue
            changes.append(
                titled(
                    _("Give both the same shape: `{name}.{method}` in line {line}").format(
                        name=name, method=method, line=operand.lineno
                    ),
                    WithMethod(operand.lineno, name, method, column_of(trial.source, operand)),
                )
            )
    whole = _same_count(seen)
    return _broadcast(
        node.lineno,
        (text(pair[0]), one, text(pair[1]), other, _joined(one, other)),
        tuple(changes),
        8.7 if whole else 6.5,
        certain=whole and _goes_into_a_loss(trial, node),
    )


def _joined(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(one), len(other))
    first, second = (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other
    return tuple(max(pair) for pair in zip(first, second, strict=True))


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _goes_into_a_loss(trial: Trial, node: ast.expr) -> bool:
    """A difference of a column and a row that is then averaged or summed: nobody means the table."""
    if _is_loss(trial, node):
        return True
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
        return False
    statement = trial.source.statement_of(node)
    name = assigned_name(trial.source, node)
    within = function_of(trial.source, node)
    readers = [
        other
        for other in trial.source.statements()
        if other.lineno > statement.lineno
        and function_of(trial.source, other) is within
        and isinstance(other, ast.Assign | ast.Return | ast.Expr)
        and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(other))
    ]
    return any(_reduces(text(one)) for one in (statement, *readers[:1]))


def _reduces(written: str) -> bool:
    return any(word in written for word in (".mean()", ".sum()", "torch.mean(", "torch.sum("))


def _lost_dimension(line: int, expression: str, seen: OperationSeen | None, changes: tuple[Change, ...]) -> Suspect:
    why = _(
        "Without `keepdim=True` the result has a dimension less, and broadcasting lines it up with the last dimension: columns where rows were meant."
    )
    if seen is not None:
        why += " " + _("It makes shape {after} of shape {before}.").format(after=seen.output, before=seen.inputs[0])
    return Suspect(
        kind="broadcast-mistake",
        line=line,
        weight=6.0,
        changes=changes,
        headline=_(
            "`{expression}` in line {line} loses a dimension, and then broadcasts against the wrong one."
        ).format(expression=expression, line=line),
        why=why,
        supposing=_("If line {line} kept the dimension, with `keepdim=True`").format(line=line),
    )


def _broadcast(
    line: int,
    shapes: tuple[str, tuple[int, ...], str, tuple[int, ...], tuple[int, ...]],
    changes: tuple[Change, ...],
    weight: float,
    *,
    certain: bool = False,
) -> Suspect:
    one, one_shape, other, other_shape, table = shapes
    headline = _(
        "`{one}` has shape {one_shape} and `{other}` has shape {other_shape}: line {line} broadcasts them to {table}."
    ).format(one=one, one_shape=one_shape, other=other, other_shape=other_shape, line=line, table=table)
    why = _(
        "Broadcasting stretches both, so every element of the one meets every element of the other: {count} values, not one "
        "for each pair. No error is raised, but loss and gradient are of that table. Give both the same shape, with "
        "`squeeze`, `unsqueeze` or `view`."
    ).format(count=_count(table))
    return Suspect(
        kind="broadcast-mistake",
        line=line,
        weight=weight,
        changes=changes,
        headline=headline,
        why=why,
        supposing=_("If both had the same shape in line {line}").format(line=line),
        certain=certain,
        stated=certain,
    )


BROADCAST = SilentKind(
    slug="broadcast-mistake",
    suspects=broadcast,
    page=Page(
        title=_("A column and a row"),
        what=_("A tensor of shape (n, 1) and one of shape (n,) broadcast to (n, n). The loss is then of all pairs."),
        mend=_("Give both the same shape: `target.unsqueeze(1)` or `prediction.squeeze(1)`."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def loss_of(predicted, wanted):\n"
                "    gap = predicted - wanted\n"
                "    return (gap ** 2).sum()\n"
                "\n"
                "predicted = torch.tensor([[1.0], [2.0]], requires_grad=True)\n"
                "loss_of(predicted, torch.tensor([3.0, 4.0])).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def loss_of(predicted, wanted):\n"
                "    gap = predicted.squeeze(1) - wanted\n"
                "    return (gap ** 2).sum()\n"
                "\n"
                "predicted = torch.tensor([[1.0], [2.0]], requires_grad=True)\n"
                "loss_of(predicted, torch.tensor([3.0, 4.0])).backward()\n"
            ),
            watch="predicted.grad",
            line=4,
            facts=(r"\(2, 1\)", r"\(2, 2\)|4", r"line 4", r"squeeze|view"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "y = torch.tensor([[2.0], [5.0], [1.0]], requires_grad=True)\n"
                "t = torch.tensor([1.0, 2.0, 3.0])\n"
                "loss = (y - t).abs().mean()\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "y = torch.tensor([[2.0], [5.0], [1.0]], requires_grad=True)\n"
                "t = torch.tensor([1.0, 2.0, 3.0])\n"
                "loss = (y - t.unsqueeze(1)).abs().mean()\n"
                "loss.backward()\n"
            ),
            watch="y.grad",
            line=4,
            facts=(r"\by\b", r"\bt\b", r"\(3, 1\)", r"\(3, 3\)", r"same shape"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "import torch.nn as nn\n"
                "torch.manual_seed(1)\n"
                "net = nn.Linear(2, 1)\n"
                "criterion = nn.MSELoss()\n"
                "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
                "x, y = torch.randn(4, 2), torch.randn(4)\n"
                "optimizer.zero_grad()\n"
                "output = net(x)\n"
                "loss = criterion(output, y)\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "import torch.nn as nn\n"
                "torch.manual_seed(1)\n"
                "net = nn.Linear(2, 1)\n"
                "criterion = nn.MSELoss()\n"
                "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
                "x, y = torch.randn(4, 2), torch.randn(4)\n"
                "optimizer.zero_grad()\n"
                "output = net(x)\n"
                "loss = criterion(output, y.unsqueeze(1))\n"
                "loss.backward()\n"
            ),
            watch="net.weight.grad",
            line=10,
            facts=(
                r"output",
                r"\(4, ?1\)",
                r"line 10",
                r"squeeze|view|reshape",
            ),
            alone=True,
        ),
    ),
)
