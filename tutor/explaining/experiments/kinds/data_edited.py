"""``.data`` is changed between a forward and its backward: the backward uses the new values, and nobody notices."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Move, RemoveStatement, Source, titled
from tutor.explaining.experiments.reading import (
    assignments,
    backwards,
    calls,
    column_of,
    function_of,
    loop_of,
    names_in,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def edited_data(statement: ast.stmt) -> str | None:
    """The name whose ``.data`` a statement changes in place."""
    target: ast.expr | None = None
    if isinstance(statement, ast.AugAssign):
        target = statement.target
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and function.attr.endswith("_") and not function.attr.endswith("__"):
            target = function.value
    while isinstance(target, ast.Subscript):
        target = target.value
    if isinstance(target, ast.Attribute) and target.attr == "data" and not text(target.value).endswith(".grad"):
        return text(target.value)
    return None


def _used_before(source: Source, name: str, statement: ast.stmt) -> int | None:
    """The last line above ``statement`` that computes something from ``name``."""
    found = [
        other.lineno
        for _target, other in assignments(source)
        if other.lineno < statement.lineno
        and name in names_in(other.value)
        and text(other.targets[0]) != name
        and function_of(source, other) is function_of(source, statement)
    ]
    return max(found, default=None)


def suspects(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for statement in source.statements():
        name = edited_data(statement)
        if name is None:
            continue
        block = source.block_of(statement)
        after = [
            called
            for called in (*backwards(source), *calls(source, "grad"))
            if called.line > statement.lineno and function_of(source, called.node) is function_of(source, statement)
        ]
        used = _used_before(source, name, statement)
        between = used is not None and bool(after) and loop_of(source, after[0].node) is loop_of(source, statement)
        fresh = between and used is not None and not _recomputed(source, name, statement, after[0].line)
        if not fresh and not trial.judged:
            continue
        line = statement.lineno
        column = column_of(source, statement)
        changes: list[Change] = []
        for called in after[:1]:
            target = source.statement_of(called.node)
            if target in block:
                changes.append(
                    titled(
                        _("Change `{name}.data` only after backward: move line {line} after line {after}").format(
                            name=name, line=line, after=called.line
                        ),
                        Move(line, called.line, after=True, column=column, target_column=column_of(source, target)),
                    )
                )
        if used is not None:
            changes.append(
                titled(
                    _("Change `{name}.data` before it is used: move line {line} before line {used}").format(
                        name=name, line=line, used=used
                    ),
                    Move(line, used, column=column),
                )
            )
        changes.append(
            titled(
                _("Leave `{name}.data` alone: remove line {line}").format(name=name, line=line),
                RemoveStatement(line, column),
            )
        )
        backward = after[0].line if after else None
        yield Suspect(
            kind="data-edited",
            line=line,
            weight=9.0 if fresh else 6.2,
            changes=tuple(changes),
            headline=_(
                "In line {line} `{name}.data` is changed after the forward pass has used `{name}`, and backward then works with the changed values."
            ).format(line=line, name=name),
            why=_why(name, used, backward),
            supposing=_("If line {line} came after backward").format(line=line),
            certain=fresh and (name in trial.leaves or _is_computed(trial, name)),
            stated=fresh,
            lesson="autograd/in-place",
        )


def _is_computed(trial: Trial, name: str) -> bool:
    return any(seen.name == name and seen.grad_fn is not None for seen in trial.observation.tensors)


def _recomputed(source: Source, name: str, statement: ast.stmt, until: int) -> bool:
    """Whether something is computed from ``name`` again between the change and the backward."""
    return any(
        statement.lineno < other.lineno <= until and name in names_in(other) and edited_data(other) is None
        for other in source.statements()
        if isinstance(other, ast.Assign | ast.Expr)
    )


def _why(name: str, used: int | None, backward: int | None) -> str:
    words = _(
        "`.data` goes behind autograd's back: a change through it is not counted in the version of `{name}`, so autograd "
        "cannot notice that a saved value is no longer the one the forward pass used."
    ).format(name=name)
    if used is not None and backward is not None:
        words += " " + _(
            "In line {used} the old values were used; line {backward} multiplies with the new ones. Change it after backward."
        ).format(used=used, backward=backward)
    return words


KIND = SilentKind(
    slug="data-edited",
    suspects=suspects,
    page=Page(
        title=_("`.data` changed between forward and backward"),
        what=_(
            "Autograd keeps the tensors a backward needs and checks their version. A change through `.data` raises no version, so the backward runs with wrong values and says nothing."
        ),
        mend=_("Change values after `backward()`, under `torch.no_grad()`, and without `.data`: then autograd checks."),
        lesson="autograd/in-place",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def area(r):\n"
                "    squared = r ** 2\n"
                "    r.data[0] = 7.0\n"
                "    total = squared.sum()\n"
                "    total.backward()\n"
                "    return total\n"
                "\n"
                "r = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "area(r)\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def area(r):\n"
                "    squared = r ** 2\n"
                "    total = squared.sum()\n"
                "    total.backward()\n"
                "    r.data[0] = 7.0\n"
                "    return total\n"
                "\n"
                "r = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "area(r)\n"
            ),
            watch="r.grad",
            line=5,
            facts=(r"\.data", r"\br\b", r"line 5", r"version|behind", r"after"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "k = torch.tensor([2.0, 5.0], requires_grad=True)\n"
                "energy = (k * k * k).sum()\n"
                "k.data -= 1.0\n"
                "energy.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "k = torch.tensor([2.0, 5.0], requires_grad=True)\n"
                "energy = (k * k * k).sum()\n"
                "energy.backward()\n"
                "k.data -= 1.0\n"
            ),
            watch="k.grad",
            line=4,
            facts=(r"\.data", r"\bk\b", r"line 4"),
            alone=True,
        ),
    ),
)
