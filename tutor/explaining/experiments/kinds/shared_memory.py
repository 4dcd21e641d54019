"""A detached tensor, or an array, that shares memory with what it came from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, WithMethod, titled
from tutor.explaining.experiments.reading import (
    assignments,
    backwards,
    column_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_SHARING = (".detach()", ".data", ".numpy()", ".view(", ".reshape(")


def shared(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for name, statement in assignments(source):
        how = next((one for one in _SHARING[:3] if text(statement.value).endswith(one)), None)
        if (
            how is None
            or not name.isidentifier()
            or ".grad" in text(statement.value)
            or "clone()" in text(statement.value)
        ):
            continue
        origin = text(statement.value).split(".detach()")[0].split(".data")[0].split(".numpy()")[0]
        for changed in source.statements():
            own = _writes(changed, name)
            if changed.lineno > statement.lineno and (own or _writes(changed, origin) or _steps(trial, changed)):
                later = any(called.line > changed.lineno for called in backwards(source))
                if trial.judged or later:
                    yield _same_memory(trial, statement, changed.lineno, name, origin, how, own and later)
                break


def _writes(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, ast.AugAssign):
        return text(statement.target).split("[")[0] == name
    if isinstance(statement, ast.Assign):
        return text(statement.targets[0]).startswith(f"{name}[")
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        return (
            isinstance(function, ast.Attribute)
            and (function.attr.endswith("_") or function.attr == "fill")
            and not function.attr.startswith(("requires_grad", "detach"))
            and text(function.value).split("[")[0] == name
        )
    return False


def _steps(trial: Trial, statement: ast.stmt) -> bool:
    """Whether the statement lets an optimizer update its parameters."""
    return isinstance(statement, ast.Expr) and any(
        text(statement.value) == f"{name}.step()" for name in trial.optimizers
    )


def _same_memory(
    trial: Trial, statement: ast.Assign, changed: int, name: str, origin: str, how: str, later: bool
) -> Suspect:
    line = statement.lineno
    value = statement.value
    changes: list[Change] = [
        titled(
            _("Copy it: `{value}.clone()` in line {line}").format(value=text(value), line=line)
            if how != ".numpy()"
            else _("Copy it: `{value}.copy()` in line {line}").format(value=text(value), line=line),
            WithMethod(line, text(value), "copy()" if how == ".numpy()" else "clone()", column_of(trial.source, value)),
        )
    ]
    return Suspect(
        kind="detach-shares-memory",
        line=line,
        weight=9.0,
        changes=tuple(changes),
        headline=_("`{name}` shares its memory with `{origin}`: line {changed} changes both.").format(
            name=name, origin=origin, changed=changed
        ),
        why=_(
            "`{how}` in line {line} makes no copy. `{name}` and `{origin}` are two views of the same memory, one with a graph and "
            "one without, so a change in place in line {changed} shows in `{origin}` as well. `.clone()` makes a copy."
        ).format(how=how, line=line, name=name, origin=origin, changed=changed),
        supposing=_("If line {line} made a copy").format(line=line),
        certain=later and how == ".numpy()",
        severity="silent" if trial.judged else "warning",
        lesson="autograd/detach",
    )


SHARED = SilentKind(
    slug="detach-shares-memory",
    suspects=shared,
    page=Page(
        title=_("A detached tensor is no copy"),
        what=_(
            "`.detach()`, `.data` and `.numpy()` share memory with the tensor they came from. Writing into one changes the other."
        ),
        mend=_("`.detach().clone()` is a copy."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "k = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "start = k.detach()\n"
                "start += 10\n"
                "(k ** 2).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "k = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "start = k.detach().clone()\n"
                "start += 10\n"
                "(k ** 2).sum().backward()\n"
            ),
            watch="k.grad",
            line=3,
            facts=(r"start", r"\bk\b", r"memory", r"clone", r"line 4"),
        ),
    ),
)
