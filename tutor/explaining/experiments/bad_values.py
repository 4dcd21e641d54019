"""What is said of the first NaN or infinity: where it left a node, and what it came from."""

from __future__ import annotations

import ast
import math

from tutor.explaining.experiments.reading import text
from tutor.explaining.experiments.safer import value_text
from tutor.explaining.experiments.suspects import Trial
from tutor.explaining.experiments.watching import NodeSeen, OperationSeen
from tutor.judging.showing import number_text
from tutor.words import _


def first_bad_value(trial: Trial, first: NodeSeen) -> tuple[OperationSeen, ast.expr] | None:
    """When the node multiplied with a value that was not finite: the operation that computed that value."""
    if all(math.isfinite(value) for value in first.values):
        return None
    bad = next((seen for seen in trial.watched.operations if not seen.finite), None)
    spot = expression_of(trial, bad) if bad is not None else None
    return (bad, spot) if bad is not None and spot is not None and bad.op != first.op else None


def hiding_text(trial: Trial, spot: ast.expr) -> str:
    """What kept the bad value out of the forward pass."""
    statement = text(trial.source.statement_of(spot))
    hiding = next((word for word in ("nansum", "nanmean", "nan_to_num", "where") if word in statement), None)
    if hiding is None:
        return ""
    return " " + _("`{hiding}` hid it in the forward pass; the backward pass still goes through it.").format(
        hiding=hiding
    )


def expression_of(trial: Trial, seen: NodeSeen | OperationSeen) -> ast.expr | None:
    """The expression in the program whose operation made the node."""
    for node in trial.source.nodes:
        if isinstance(node, ast.expr) and (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) == (
            seen.line,
            seen.column,
            seen.end_line,
            seen.end_column,
        ):
            return node
    return None


def forward_is_bad(trial: Trial, first: NodeSeen) -> bool:
    """Whether the branch itself is NaN or infinite where it is not taken."""
    return any(
        not seen.finite and (seen.line, seen.column, seen.op) == (first.line, first.column, first.op)
        for seen in trial.watched.operations
    )


def kind_text(first: NodeSeen) -> str:
    return _("a nan gradient (NaN)") if first.kind == "nan" else _("an infinite gradient (inf)")


def infinite_text(first: NodeSeen) -> str:
    value = first.values[0] if first.values else 0.0
    return "nan" if value < 0 else "inf"


def first_text(first: NodeSeen) -> str:
    words = _("The first {kind} leaves `{node}`, the backward of `{operation}` in line {line}")
    if first.values:
        words += _(", at element {index}, whose input is {value}")
    return (
        words.format(
            kind="NaN" if first.kind == "nan" else "inf",
            node=first.node,
            operation=first.op,
            line=first.line,
            index=first.index,
            value=value_text(first),
        )
        + "."
    )


def arrived_text(first: NodeSeen) -> str:
    return (
        number_text(first.arrived, 4).rstrip(".") if first.arrived is not None and math.isfinite(first.arrived) else "0"
    )
