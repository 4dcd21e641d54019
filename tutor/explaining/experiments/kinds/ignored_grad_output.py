"""A backward of one's own that leaves out the gradient that arrives."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import ReplaceExpression, Together
from tutor.explaining.changes.expressions import tight
from tutor.explaining.experiments.reading import column_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def ignored(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef) or function.name != "backward" or len(function.args.args) < 2:
            continue
        parent = source.parents.get(function)
        arriving = function.args.args[1].arg
        if not isinstance(parent, ast.ClassDef):
            continue
        used = _computed_from(function, arriving)
        for part in ast.walk(function):
            if isinstance(part, ast.Return) and part.value is not None:
                yield from _without_arriving(trial, part, parent.name, arriving, used)


def _computed_from(function: ast.FunctionDef, arriving: str) -> set[str]:
    """The names in ``function`` whose values depend on what arrives, itself included."""
    used = {arriving}
    for _round in function.body:
        for part in ast.walk(function):
            if isinstance(part, ast.Assign | ast.AugAssign) and used & _names(part):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                used |= {name for target in targets for name in _names(target)}
    return used


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _without_arriving(
    trial: Trial, returned: ast.Return, owner: str, arriving: str, used: set[str]
) -> Iterator[Suspect]:
    source = trial.source
    value = returned.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value] if value is not None else []
    changes = [
        ReplaceExpression(part.lineno, text(part), f"{arriving} * {tight(source.of(part))}", column_of(source, part))
        for part in reversed(parts)
        if not isinstance(part, ast.Constant) and not used & _names(part)
    ]
    if not changes:
        return
    line = returned.lineno
    yield Suspect(
        kind="function-ignores-grad-output",
        line=line,
        weight=9.0,
        changes=(
            Together(
                tuple(changes),
                _("Multiply by what arrives: `{new}` in line {line}").format(new=changes[0].new, line=line),
            ),
        ),
        headline=_(
            "`{owner}.backward` does not use `{arriving}`: line {line} returns the derivative without multiplying by it."
        ).format(owner=owner, arriving=arriving, line=line),
        why=_(
            "A backward receives the gradient of everything after it, `{arriving}`, and must multiply its own derivative with it "
            "(the chain rule). Left out, the result is right only when that gradient happens to be 1."
        ).format(arriving=arriving),
        supposing=_("If line {line} multiplied by `{arriving}`").format(line=line, arriving=arriving),
        certain=len(used) == 1,
        severity="silent" if trial.judged else "warning",
    )


IGNORED = SilentKind(
    slug="function-ignores-grad-output",
    suspects=ignored,
    page=Page(
        title=_("A backward that ignores what arrives"),
        what=_("The backward of a custom Function must multiply its derivative with the gradient that arrives."),
        mend=_("`return grad_output * derivative`."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Cube(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        ctx.save_for_backward(x)\n"
                "        return x ** 3\n"
                "\n"
                "    @staticmethod\n"
                "    def backward(ctx, upstream):\n"
                "        (x,) = ctx.saved_tensors\n"
                "        return 3 * x ** 2\n"
                "\n"
                "n = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "(5 * Cube.apply(n)).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Cube(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        ctx.save_for_backward(x)\n"
                "        return x ** 3\n"
                "\n"
                "    @staticmethod\n"
                "    def backward(ctx, upstream):\n"
                "        (x,) = ctx.saved_tensors\n"
                "        return upstream * 3 * x ** 2\n"
                "\n"
                "n = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "(5 * Cube.apply(n)).sum().backward()\n"
            ),
            watch="n.grad",
            line=12,
            facts=(r"Cube", r"upstream", r"line 12", r"chain|multipl"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Mul(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, a, b):\n"
                "        ctx.save_for_backward(a, b)\n"
                "        return a * b\n"
                "\n"
                "    @staticmethod\n"
                "    def backward(ctx, grad_out):\n"
                "        a, b = ctx.saved_tensors\n"
                "        return grad_out * b, a\n"
                "\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = torch.tensor([5.0, 7.0], requires_grad=True)\n"
                "loss = (Mul.apply(a, b) * 10).sum()\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Mul(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, a, b):\n"
                "        ctx.save_for_backward(a, b)\n"
                "        return a * b\n"
                "\n"
                "    @staticmethod\n"
                "    def backward(ctx, grad_out):\n"
                "        a, b = ctx.saved_tensors\n"
                "        return grad_out * b, grad_out * a\n"
                "\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = torch.tensor([5.0, 7.0], requires_grad=True)\n"
                "loss = (Mul.apply(a, b) * 10).sum()\n"
                "loss.backward()\n"
            ),
            watch="b.grad",
            line=12,
            facts=(
                r"Mul",
                r"grad_out",
                r"line 12",
            ),
        ),
    ),
)
