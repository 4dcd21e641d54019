"""Rows for columns: a matrix that is transposed, or should be."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Unwrap, WithMethod, titled
from tutor.explaining.experiments.reading import column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


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
        headline=_("In line {line} `{now}` stands where `{new}` is expected: the matrix is transposed.").format(
            line=line, now=now, new=new
        ),
        why=_(
            "Transposing exchanges rows and columns. For a square matrix every shape still fits, so nothing is raised, but each "
            "element of `{label}` is made from a row where a column belongs, or the other way round."
        ).format(label=trial.main.label),
        supposing=_("If line {line} used `{new}` instead of `{now}`").format(line=line, new=new, now=now),
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
