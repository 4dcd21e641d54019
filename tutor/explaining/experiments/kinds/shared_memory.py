"""Detached tensors and arrays that share memory with what they came from; totals that keep whole graphs; cleared to None."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, SetKeyword, WithMethod, titled
from tutor.explaining.experiments.reading import (
    assignments,
    backwards,
    calls,
    column_of,
    loop_of,
    names_in,
    optimizers,
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
        text(statement.value) == f"{name}.step()" for name in optimizers(trial.source)
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


def totals(trial: Trial) -> Iterator[Suspect]:
    """``total += loss`` in a loop keeps the graph of every pass."""
    source = trial.source
    roots = {called.on for called in backwards(source)}
    for statement in source.statements():
        loop = loop_of(source, statement)
        added = _added(statement)
        if loop is None or added is None:
            continue
        total, loss = added
        if text(loss) not in roots or total in roots:
            continue
        used = any(total in names_in(called.node) for called in backwards(source))
        seen = next((one for one in trial.observation.tensors if one.name == total.split(".")[0]), None)
        kept = seen is not None and seen.grad_fn is not None
        if used or (not kept and not trial.judged):
            continue
        yield _graph_kept(trial, statement, total, loss, kept=kept)


def _added(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """(where it is collected, what is): of ``total += loss``, ``total = total + loss`` and ``losses.append(loss)``."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        return text(statement.target), statement.value
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp) and len(statement.targets) == 1:
        total = text(statement.targets[0])
        if text(statement.value.left) == total and isinstance(statement.value.op, ast.Add):
            return total, statement.value.right
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and len(call.args) == 1:
            return text(call.func.value), call.args[0]
    return None


def _graph_kept(trial: Trial, statement: ast.stmt, total: str, loss: ast.expr, *, kept: bool) -> Suspect:
    line, name = statement.lineno, text(loss)
    column = column_of(trial.source, loss)
    return Suspect(
        kind="loss-accumulates-graph",
        line=line,
        weight=7.0,
        changes=tuple(
            titled(
                _("Add only the number: `{name}.{method}` in line {line}").format(name=name, method=method, line=line),
                WithMethod(line, name, method, column),
            )
            for method in ("item()", "detach()")
        ),
        headline=_(
            "`{total}` in line {line} collects `{name}` with its whole graph, of every pass of the loop."
        ).format(total=total, line=line, name=name),
        why=_(
            "`{name}` requires grad, so adding it makes `{total}` part of the graph. The graph of each iteration stays in memory as "
            "long as `{total}` does, and memory grows. For a number to print, `.item()` or `.detach()` is enough."
        ).format(name=name, total=total),
        supposing=_("If line {line} added `{name}.item()`").format(line=line, name=name),
        certain=kept,
        stated=kept,
        severity="silent" if trial.judged else "warning",
        lesson="autograd/detach",
    )


def to_none(trial: Trial) -> Iterator[Suspect]:
    """``zero_grad()`` leaves None, where zeros were expected."""
    if not trial.judged or not trial.main.found_none:
        return
    for called in calls(trial.source, "zero_grad"):
        yield Suspect(
            kind="zero-grad-set-to-none",
            line=called.line,
            weight=9.0,
            changes=(
                titled(
                    _("Keep zeros instead of None: `zero_grad(set_to_none=False)` in line {line}").format(
                        line=called.line
                    ),
                    SetKeyword(called.line, "zero_grad", "set_to_none", "False", called.column),
                ),
            ),
            headline=_("`{name}()` in line {line} sets `{label}` to None; it does not fill it with zeros.").format(
                name=called.full, line=called.line, label=trial.main.label
            ),
            why=_(
                "Since torch 2.0 `zero_grad()` frees the gradients (`set_to_none=True`). A gradient is then None until the next "
                "backward. `set_to_none=False` writes zeros instead."
            ),
            supposing=_("If line {line} kept zeros").format(line=called.line),
            lesson="autograd/accumulation",
        )
    for name, statement in assignments(trial.source):
        if name == trial.main.label and text(statement.value) == "None":
            new = f"torch.zeros_like({trial.main.owner})"
            yield Suspect(
                kind="zero-grad-set-to-none",
                line=statement.lineno,
                weight=8.0,
                changes=(
                    titled(
                        _("Write zeros in line {line}").format(line=statement.lineno),
                        ReplaceExpression(statement.lineno, "None", new, column_of(trial.source, statement.value)),
                    ),
                ),
                headline=_("Line {line} sets `{label}` to None where zeros are expected.").format(
                    line=statement.lineno, label=trial.main.label
                ),
                why=_("A gradient that is None is not there at all; zeros are a gradient."),
                supposing=_("If line {line} wrote zeros").format(line=statement.lineno),
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

TOTAL = SilentKind(
    slug="loss-accumulates-graph",
    suspects=totals,
    page=Page(
        title=_("A total that keeps every graph"),
        what=_("`total += loss` adds the tensor, with its graph. The memory of every pass is kept."),
        mend=_("`total += loss.item()`."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "w = torch.tensor(1.0, requires_grad=True)\n"
                "running = torch.tensor(0.0)\n"
                "for x in (1.0, 2.0):\n"
                "    loss = (w * x - 1.0) ** 2\n"
                "    loss.backward()\n"
                "    running = running + loss\n"
            ),
            fixed=(
                "import torch\n"
                "w = torch.tensor(1.0, requires_grad=True)\n"
                "running = torch.tensor(0.0)\n"
                "for x in (1.0, 2.0):\n"
                "    loss = (w * x - 1.0) ** 2\n"
                "    loss.backward()\n"
                "    running = running + loss.detach()\n"
            ),
            watch="running.requires_grad",
            line=7,
            facts=(r"running", r"loss", r"graph", r"detach|item", r"line 7"),
            alone=True,
        ),
    ),
)

NONE = SilentKind(
    slug="zero-grad-set-to-none",
    suspects=to_none,
    page=Page(
        title=_("zero_grad leaves None"),
        what=_("`optimizer.zero_grad()` sets gradients to None by default."),
        mend=_("Test for None, or pass `set_to_none=False`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "p = torch.tensor([1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([p], lr=0.1)\n"
                "(p * 2).sum().backward()\n"
                "opt.zero_grad()\n"
            ),
            fixed=(
                "import torch\n"
                "p = torch.tensor([1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([p], lr=0.1)\n"
                "(p * 2).sum().backward()\n"
                "opt.zero_grad(set_to_none=False)\n"
            ),
            watch="p.grad",
            line=5,
            facts=(r"None", r"set_to_none", r"line 5"),
        ),
    ),
)
