"""Where backward, clipping, step and clearing stand to each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Move
from tutor.explaining.experiments.reading import (
    Called,
    around,
    assignments,
    calls,
    column_of,
    function_of,
    gradients_read,
    text,
)
from tutor.explaining.experiments.suspects import Trial
from tutor.words import _


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


def clearing(trial: Trial, called: Called) -> list[tuple[str, str]]:
    """Statements that clear gradients, each with whose they are; those that clear the most first."""
    owner = trial.main.owner
    found = [(f"{name}.zero_grad()", _("the gradients")) for name in trial.optimizers]
    if "." in owner and trial.main.is_gradient:
        found.append((f"{owner.split('.')[0]}.zero_grad()", _("the gradients")))
    found += [(f"{name}.zero_grad()", _("the gradients")) for name in _modules(trial, called)]
    function = function_of(trial.source, called.node)
    read = [name for name in gradients_read(trial.source, function) if name != owner]
    watched = (owner,) if trial.main.is_gradient else ()
    groups = [tuple(read), watched, trial.leaves] if function else [watched, trial.leaves, tuple(read)]
    groups += [tuple(dict.fromkeys((*read, owner))), (owner,)]
    for names in groups:
        if names:
            statement = "\n".join(f"{name}.grad = None" for name in names)
            found.append((statement, f"`{names[0]}.grad`" if len(names) == 1 else _("the gradients")))
    return list(dict.fromkeys(found))


def _modules(trial: Trial, called: Called) -> Iterator[str]:
    """Modules of the class that the backward stands in: ``self.net``."""
    source = trial.source
    owner = around(source, called.node, ast.ClassDef)
    own = {node.name for node in source.nodes if isinstance(node, ast.ClassDef)}
    for name, statement in assignments(source):
        made = text(statement.value.func) if isinstance(statement.value, ast.Call) else ""
        module = made.startswith(("nn.", "torch.nn.")) and "Loss" not in made and ".functional" not in made
        if (module or made in own) and name.startswith("self.") and around(source, statement, ast.ClassDef) is owner:
            yield name
