"""Ways to keep an operation away from the values where its derivative is not finite."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, Source, titled
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import assignments, column_of, is_module, text
from tutor.explaining.experiments.suspects import Trial
from tutor.explaining.experiments.watching import NodeSeen
from tutor.judging.showing import number_text
from tutor.words import _

_EPSILONS = ("1e-12", "1e-8", "1e-6", "1e-10", "1e-7", "1e-5", "1e-9")


def operand_of(source: Source, spot: ast.expr) -> ast.expr | None:
    """What the operation was applied to."""
    if isinstance(spot, ast.Call):
        method = isinstance(spot.func, ast.Attribute) and not is_module(source, spot.func.value)
        if method and isinstance(spot.func, ast.Attribute):
            return spot.func.value
        return spot.args[0] if spot.args else None
    if isinstance(spot, ast.BinOp):
        return spot.right if isinstance(spot.op, ast.Div) else spot.left
    return None


def value_text(first: NodeSeen) -> str:
    return number_text(first.values[0], 4).rstrip(".") if first.values else "0"


def stable_forms(trial: Trial, spot: ast.expr) -> Iterator[Change]:
    """The function that computes the same without leaving the numbers that floats can hold."""
    source = trial.source
    forms = (
        (r"torch\.exp\((.+)\) / \(1(?:\.0)? \+ torch\.exp\(\1\)\)", r"torch.sigmoid(\1)"),
        (r"1(?:\.0)? / \(1(?:\.0)? \+ torch\.exp\(-(\w+)\)\)", r"torch.sigmoid(\1)"),
        (r"torch\.exp\((.+)\) / torch\.exp\(\1\)\.sum\(\)", r"torch.softmax(\1, dim=0)"),
        (r"torch\.log\(torch\.exp\((.+)\)\.sum\(\)\)", r"torch.logsumexp(\1, dim=0)"),
        (r"torch\.log\(1(?:\.0)? \+ torch\.exp\((.+)\)\)", r"torch.nn.functional.softplus(\1)"),
        (r"torch\.log\(torch\.softmax\((.+)\)\)", r"torch.log_softmax(\1)"),
        (r"torch\.log\(torch\.sigmoid\((.+)\)\)", r"torch.nn.functional.logsigmoid(\1)"),
    )
    node: ast.AST | None = spot
    while isinstance(node, ast.expr):
        written = _with_named_operand(source, node)
        for pattern, form in forms:
            if re.fullmatch(pattern, written):
                new = re.sub(pattern, form, written)
                yield titled(
                    _("Use the form that stays finite: `{new}` in line {line}").format(new=new, line=node.lineno),
                    ReplaceExpression(node.lineno, text(node), new, column_of(source, node)),
                )
        node = source.parents.get(node)


def _with_named_operand(source: Source, node: ast.expr) -> str:
    """How ``node`` reads with the expression in place of the name it is applied to, in the words of ``torch.``."""
    inner = operand_of(source, node) if isinstance(node, ast.Call) else None
    written = text(node)
    if isinstance(inner, ast.Name) and isinstance(node, ast.Call):
        given = [one for name, one in assignments(source, inner.id) if one.lineno < node.lineno]
        if given and isinstance(given[-1].value, ast.Call):
            function = text(node.func).split(".")[-1]
            written = f"torch.{function}({_as_function(source, given[-1].value)})"
    return written.replace("F.softmax", "torch.softmax").replace("F.sigmoid", "torch.sigmoid")


def _as_function(source: Source, call: ast.Call) -> str:
    """``x.softmax(1)`` as ``torch.softmax(x, 1)``."""
    if not isinstance(call.func, ast.Attribute):
        return text(call)
    given = [text(part) for part in call.args] + [f"{word.arg}={text(word.value)}" for word in call.keywords]
    if not is_module(source, call.func.value):
        given.insert(0, text(call.func.value))
    return f"torch.{call.func.attr}({', '.join(given)})"


def safer_inputs(trial: Trial, first: NodeSeen, spot: ast.expr) -> Iterator[Change]:
    yield from stable_forms(trial, spot)
    inner = operand_of(trial.source, spot)
    if inner is None:
        return
    column, line, now = column_of(trial.source, inner), inner.lineno, trial.source.of(inner)
    words = _("Keep the input away from {value}: `{new}` in line {line}")
    added = isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add) and isinstance(inner.right, ast.Constant)
    base = trial.source.of(inner.left) if added and isinstance(inner, ast.BinOp) else now
    for epsilon in _EPSILONS:
        news = [
            f"{base} + {epsilon}",
            f"({base}).clamp(min={epsilon})" if not base.isidentifier() else f"{base}.clamp(min={epsilon})",
        ]
        if first.op in {"norm", "vector_norm"} and isinstance(spot, ast.Call):
            squared = f"(({base}) ** 2).sum() + {epsilon}"
            new = f"torch.sqrt({squared})"
            yield titled(
                words.format(value=0, new=new, line=line),
                ReplaceExpression(spot.lineno, text(spot), new, column_of(trial.source, spot)),
            )
            continue
        if first.op in {"acos", "asin", "arccos", "arcsin", "atanh"}:
            news = [f"{tight(now)}.clamp(-1 + {epsilon}, 1 - {epsilon})"]
        elif first.op == "exp":
            news = [f"{tight(now)}.clamp(max=80)"]
        for new in news:
            yield titled(
                words.format(value=value_text(first), new=new, line=line),
                ReplaceExpression(line, text(inner), new, column),
            )
