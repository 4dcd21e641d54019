"""Where backward, clipping, step and clearing stand to each other."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Move
from tutor.explaining.experiments.reading import (
    Called,
    calls,
    column_of,
)
from tutor.explaining.experiments.suspects import Trial


def same_block(trial: Trial, one: ast.AST, other: ast.AST) -> bool:
    first, second = trial.source.statement_of(one), trial.source.statement_of(other)
    return second in trial.source.block_of(first)


def optimizer_steps(trial: Trial) -> list[Called]:
    known = trial.optimizers
    return [
        called
        for called in calls(trial.source, "step")
        if called.on in known or "opt" in called.on.lower() or any(called.on.endswith(f".{name}") for name in known)
    ]


def moving(trial: Trial, moved: Called, target: Called, *, after: bool) -> Move:
    return Move(
        trial.source.statement_of(moved.node).lineno,
        trial.source.statement_of(target.node).lineno,
        after=after,
        column=column_of(trial.source, trial.source.statement_of(moved.node)),
        target_column=column_of(trial.source, trial.source.statement_of(target.node)),
    )


def begins(statement: ast.stmt) -> tuple[int, int]:
    return statement.lineno, statement.col_offset
