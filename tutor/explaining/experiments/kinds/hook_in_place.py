"""A hook that writes into the gradient it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, ReplaceExpression, ReplaceStatement, titled
from tutor.explaining.experiments.reading import calls, column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def hooks(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for called in calls(source, "register_hook"):
        hook = called.node.args[0] if called.node.args else None
        if isinstance(hook, ast.Lambda) and hook.args.args:
            name = hook.args.args[0].arg
            body = hook.body
            if _writes(body, name):
                new = _copying(source.of(body))
                change: Change = ReplaceExpression(body.lineno, text(body), new, column_of(source, body))
                yield _hooked(trial, body.lineno, name, text(body), new, change, called.on)
        elif isinstance(hook, ast.Name):
            for function in source.nodes:
                if isinstance(function, ast.FunctionDef) and function.name == hook.id and function.args.args:
                    yield from _in_function(trial, function, called.on)


def _writes(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.endswith("_")
        and text(node.func.value).split(".")[0] == name
    )


def _copying(now: str) -> str:
    head, _paren, rest = now.partition("_(")
    return f"{head}({rest}"


def _in_function(trial: Trial, function: ast.FunctionDef, on: str) -> Iterator[Suspect]:
    source = trial.source
    name = function.args.args[0].arg
    for statement in function.body:
        line, column = statement.lineno, column_of(source, statement)
        returns = [part for part in function.body if isinstance(part, ast.Return)]
        if isinstance(statement, ast.Expr) and _writes(statement.value, name):
            new = f"{name} = {_copying(source.of(statement.value))}"
        elif isinstance(statement, ast.AugAssign) and text(statement.target).split("[")[0] == name:
            operator = source.of(statement)[len(source.of(statement.target)) :].split("=")[0].strip()
            new = f"{name} = {name} {operator} {source.of(statement.value)}"
            if isinstance(statement.target, ast.Subscript):
                new = f"{name} = {name}.clone()\n{source.of(statement)}"
        elif isinstance(statement, ast.Assign) and text(statement.targets[0]).startswith(f"{name}["):
            new = f"{name} = {name}.clone()\n{source.of(statement)}"
        elif isinstance(statement, ast.Return) and statement.value is not None and _writes(statement.value, name):
            new = f"return {_copying(source.of(statement.value))}"
        else:
            continue
        if not returns:
            new += f"\nreturn {name}"
        change = ReplaceStatement(line, new, column)
        yield _hooked(trial, line, name, text(statement), new.replace("\n", "; "), change, on)


def _hooked(trial: Trial, line: int, name: str, now: str, new: str, change: Change, on: str) -> Suspect:
    return Suspect(
        kind="hook-in-place",
        line=line,
        weight=8.8,
        changes=(titled(_("Return a new gradient: `{new}` in line {line}").format(new=new, line=line), change),),
        headline=_("The hook on `{on}` changes the gradient in place in line {line}: `{now}`.").format(
            on=on, line=line, now=now
        ),
        why=_(
            "`{name}` is the very tensor that autograd passes on, and other branches may share it. A hook must not write into it "
            "(`{now}`); it returns a new one, which autograd then uses instead."
        ).format(name=name, now=now),
        supposing=_("If line {line} returned a new tensor").format(line=line),
        certain=True,
        severity="silent" if trial.judged else "warning",
    )


HOOK = SilentKind(
    slug="hook-in-place",
    suspects=hooks,
    page=Page(
        title=_("A hook that writes into its gradient"),
        what=_("A hook gets the gradient itself, which other branches may share. Writing into it changes theirs too."),
        mend=_("Return a new tensor: `return grad * 0.5`."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = a + 0\n"
                "c = b + a\n"
                "b.register_hook(lambda g: g.mul_(10))\n"
                "c.backward(torch.ones(2))\n"
            ),
            fixed=(
                "import torch\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = a + 0\n"
                "c = b + a\n"
                "b.register_hook(lambda g: g.mul(10))\n"
                "c.backward(torch.ones(2))\n"
            ),
            watch="a.grad",
            line=5,
            facts=(r"hook", r"in place", r"line 5"),
            alone=True,
        ),
    ),
)
