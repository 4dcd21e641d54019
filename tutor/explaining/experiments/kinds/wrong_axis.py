"""Rows for columns: another dimension, a transposed matrix, a column that meets a row."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, SetKeyword, Unwrap, WithMethod, titled
from tutor.explaining.experiments.reading import Called, assigned_name, calls, column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.watching import OperationSeen
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
            yield from _without(called)
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


def _without(called: Called) -> Iterator[Suspect]:
    if called.name in {"sum", "mean", "amax", "norm"} and "keepdim" not in text(called.node):
        change = titled(
            _("Keep the dimension: `keepdim=True` in line {line}").format(line=called.line),
            SetKeyword(called.line, called.name, "keepdim", "True", called.column),
        )
        yield _broadcast(called.line, text(called.node), None, (change,), 6.0)


def _along(trial: Trial, called: Called, now: str | None, new: str, change: Change) -> Suspect:
    name = assigned_name(trial.source, called.node)
    shape = next((seen.inputs[0] for seen in _at(trial, called.node) if seen.inputs), None)
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


def _at(trial: Trial, node: ast.expr) -> Iterator[OperationSeen]:
    """What was seen of the operation that is exactly ``node``."""
    for seen in trial.watched.operations:
        place = (seen.line, seen.column, seen.end_line, seen.end_column)
        if place == (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset):
            yield seen


def transposed(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        return
    source = trial.source
    for node in source.nodes:
        if not isinstance(node, ast.expr):
            continue
        if _is_transpose(node):
            inner = node.value if isinstance(node, ast.Attribute) else node.func.value  # type: ignore[attr-defined]
            change: Change = titled(
                _("Use `{inner}` itself, not `{node}`, in line {line}").format(
                    inner=text(inner), node=text(node), line=node.lineno
                ),
                Unwrap(node.lineno, text(node), column_of(source, node)),
            )
            yield _turned(trial, node.lineno, text(node), text(inner), change, 6.9)
        for operand in _matrices(node):
            if _is_transpose(operand):
                continue
            change = titled(
                _("Transpose it: `{operand}.T` in line {line}").format(operand=text(operand), line=operand.lineno),
                WithMethod(operand.lineno, text(operand), "T", column_of(source, operand)),
            )
            yield _turned(trial, operand.lineno, text(operand), f"{text(operand)}.T", change, 5.4)


def _is_transpose(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"T", "mT", "H"} and isinstance(node.ctx, ast.Load)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"t", "transpose", "permute"}
        and text(node.func.value) != "torch"
    )


def _matrices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield node.left
        yield node.right
    if isinstance(node, ast.Call) and text(node.func).split(".")[-1] in {"matmul", "mm", "mv", "bmm"}:
        yield from node.args
        if not text(node.func).startswith("torch.") and isinstance(node.func, ast.Attribute):
            yield node.func.value


def _turned(trial: Trial, line: int, now: str, new: str, change: Change, weight: float) -> Suspect:
    return Suspect(
        kind="transposed-gradient",
        line=line,
        weight=weight,
        changes=(change,),
        headline=_("Line {line} uses `{now}` where `{new}` is expected: the matrix is transposed.").format(
            line=line, now=now, new=new
        ),
        why=_(
            "Transposing exchanges rows and columns. For a square matrix every shape still fits, so nothing is raised, but each "
            "element of `{label}` is made from a row where a column belongs, or the other way round."
        ).format(label=trial.main.label),
        supposing=_("If line {line} used `{new}` instead of `{now}`").format(line=line, new=new, now=now),
    )


def broadcast(trial: Trial) -> Iterator[Suspect]:
    """Two operands that both grow: a column and a row make a table."""
    for node in trial.source.nodes:
        if isinstance(node, ast.BinOp):
            pair = (node.left, node.right)
        elif isinstance(node, ast.Call) and _is_loss(node) and len(node.args) >= 2:
            pair = (node.args[0], node.args[1])
        else:
            continue
        seen = next((one for one in _at(trial, node) if len(one.inputs) >= 2), None)
        if seen is not None and _both_grow(seen.inputs[0], seen.inputs[1], _is_loss(node)):
            yield _table(trial, node, pair, seen)


def _is_loss(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and text(node.func).split(".")[-1] in {
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
        "sub",
        "subtract",
    }


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
        text(node),
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
    whole = text(trial.source.statement_of(node))
    difference = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
    return (
        difference and any(word in whole for word in (".mean()", ".sum()", "torch.mean(", "torch.sum("))
    ) or _is_loss(node)


def _broadcast(
    line: int,
    expression: str,
    shapes: tuple[str, tuple[int, ...], str, tuple[int, ...], tuple[int, ...]] | None,
    changes: tuple[Change, ...],
    weight: float,
    *,
    certain: bool = False,
) -> Suspect:
    if shapes is None:
        headline = _(
            "`{expression}` in line {line} loses a dimension, and then broadcasts against the wrong one."
        ).format(expression=expression, line=line)
        why = _(
            "Without `keepdim=True` the result has a dimension less, and broadcasting lines it up with the last dimension: columns where rows were meant."
        )
    else:
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

TRANSPOSED = SilentKind(
    slug="transposed-gradient",
    suspects=transposed,
    page=Page(
        title=_("A transposed matrix"),
        what=_("For a square matrix `W` and `W.T` both fit. The result and the gradient are of another map."),
        mend=_("Check with shapes that are not square."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def layer(A, u):\n"
                "    return torch.matmul(A, u)\n"
                "\n"
                "A = torch.tensor([[0.0, 2.0], [5.0, 1.0]])\n"
                "u = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "(layer(A, u) * torch.tensor([1.0, 3.0])).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def layer(A, u):\n"
                "    return torch.matmul(A.T, u)\n"
                "\n"
                "A = torch.tensor([[0.0, 2.0], [5.0, 1.0]])\n"
                "u = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "(layer(A, u) * torch.tensor([1.0, 3.0])).sum().backward()\n"
            ),
            watch="u.grad",
            line=4,
            facts=(r"A\.T|transpos", r"line 4", r"row|column"),
        ),
    ),
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
    ),
)
