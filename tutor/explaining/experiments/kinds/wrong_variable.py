"""The right operation on another variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import ReplaceExpression, Source, titled
from tutor.explaining.experiments.reading import (
    Called,
    assignments,
    backwards,
    column_of,
    function_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_MOST = 14


def variables(trial: Trial) -> Iterator[Suspect]:
    """Another variable in place of one that is read: first what is differentiated, then factors of a formula."""
    if not trial.judged:
        return
    source = trial.source
    roots = {id(root): called for called in backwards(source) if (root := _root(called)) is not None}
    tried = 0
    for node in source.nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        called = roots.get(id(node))
        for other in _others(trial, node, whole=called is not None):
            tried += 1
            if tried > _MOST and called is None:
                return
            yield _instead(trial, node, other, 6.3 if called is not None else 3.9)


def _root(called: Called) -> ast.expr | None:
    return called.node.func.value if isinstance(called.node.func, ast.Attribute) else None


def _others(trial: Trial, node: ast.Name, *, whole: bool) -> Iterator[str]:
    """Names known before that line which could stand there: of the same function, and tensors of the same shape."""
    source = trial.source
    statement = source.statement_of(node)
    function = function_of(source, node)
    known: list[str] = []
    if function is not None:
        known += [argument.arg for argument in function.args.args if argument.arg not in {"self", "ctx", node.id}]
    for name, other in assignments(source):
        same_place = function_of(source, other) is function
        if same_place and name.isidentifier() and other.lineno < statement.lineno and name != node.id:
            known.append(name)
    if whole:
        known += [name for name in _unpacked(source, statement) if name != node.id]
    tensors = {seen.name for seen in trial.observation.tensors}
    if node.id not in tensors and function is None:
        return
    shape = trial.shape(node.id)
    for name in dict.fromkeys(known):
        fits = function is not None or (name in tensors and (whole or trial.shape(name) == shape))
        if fits and (not whole or name not in trial.leaves):
            yield name


def _unpacked(source: Source, before: ast.stmt) -> Iterator[str]:
    """Names that got their values as parts of a tuple, in the same function above ``before``."""
    for statement in source.statements():
        if not isinstance(statement, ast.Assign) or statement.lineno >= before.lineno:
            continue
        if function_of(source, statement) is not function_of(source, before):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Tuple):
                yield from (text(part) for part in target.elts)


def _instead(trial: Trial, node: ast.Name, other: str, weight: float) -> Suspect:
    line = node.lineno
    return Suspect(
        kind="wrong-variable",
        line=line,
        weight=weight,
        changes=(
            titled(
                _("Use `{other}` instead of `{name}` in line {line}").format(other=other, name=node.id, line=line),
                ReplaceExpression(line, node.id, other, column_of(trial.source, node)),
            ),
        ),
        headline=_("In line {line} `{name}` is used where `{other}` is expected.").format(
            line=line, name=node.id, other=other
        ),
        why=_(
            "`{label}` depends on which variable stands in line {line}: `{name}` is another tensor than `{other}`, and its gradient is another one."
        ).format(label=trial.main.label, line=line, name=node.id, other=other),
        supposing=_("If line {line} used `{other}` instead of `{name}`").format(line=line, other=other, name=node.id),
    )


VARIABLE = SilentKind(
    slug="wrong-variable",
    suspects=variables,
    page=Page(
        title=_("Another variable"),
        what=_(
            "A name that stands for another tensor is no error for Python. The gradient is right, of something else."
        ),
        mend=_("Look at which loss is differentiated, and with respect to what."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "m = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "fit = ((m - 3.0) ** 2).sum()\n"
                "loss = fit + (m ** 2).sum()\n"
                "fit.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "m = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "fit = ((m - 3.0) ** 2).sum()\n"
                "loss = fit + (m ** 2).sum()\n"
                "loss.backward()\n"
            ),
            watch="m.grad",
            line=5,
            facts=(r"\bfit\b", r"\bloss\b", r"line 5"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def error(given, wanted, weight):\n"
                "    return ((given - given.mean()) ** 2 * weight).sum()\n"
                "\n"
                "given = torch.tensor([1.0, 5.0], requires_grad=True)\n"
                "error(given, torch.tensor([2.0, 2.0]), torch.tensor([1.0, 0.5])).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def error(given, wanted, weight):\n"
                "    return ((given - wanted.mean()) ** 2 * weight).sum()\n"
                "\n"
                "given = torch.tensor([1.0, 5.0], requires_grad=True)\n"
                "error(given, torch.tensor([2.0, 2.0]), torch.tensor([1.0, 0.5])).backward()\n"
            ),
            watch="given.grad",
            line=4,
            facts=(r"wanted", r"given", r"line 4"),
        ),
    ),
)
