"""A sign the wrong way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import (
    Change,
    FlipSign,
    RenameAttribute,
    ReplaceExpression,
    ReplaceStatement,
    SwapOperands,
    titled,
)
from tutor.explaining.experiments.reading import assigned_name, backwards, calls, column_of, function_of, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        return
    source = trial.source
    exact = 1.6 if trial.main.opposite else 0.0
    for node in source.nodes:
        if (
            isinstance(node, ast.UnaryOp)
            and isinstance(node.op, ast.USub)
            and not isinstance(node.operand, ast.Constant)
        ):
            change = titled(
                _("Remove the minus sign in line {line}").format(line=node.lineno),
                FlipSign(node.lineno, text(node), column_of(source, node)),
            )
            yield _suspect(trial, node, change, 6.6 + exact / 2, _("a minus sign"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            change = titled(
                _("Swap the sides of `{expression}` in line {line}").format(expression=text(node), line=node.lineno),
                SwapOperands(node.lineno, text(node), column_of(source, node)),
            )
            yield _suspect(trial, node, change, 4.6 + exact, _("a difference taken the wrong way round"))
            plus = titled(
                _("Write + instead of - in line {line}").format(line=node.lineno),
                ReplaceExpression(
                    node.lineno,
                    text(node),
                    f"{source.of(node.left)} + {source.of(node.right)}",
                    column_of(source, node),
                ),
            )
            yield _suspect(trial, node, plus, 4.0, _("a minus sign"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield _suspect(trial, node, _minus(trial, node), 4.0, _("a plus sign where a minus sign belongs"))
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
            yield _update(trial, node)
    for called in calls(source, "add_", "sub_"):
        other = "sub_" if called.name == "add_" else "add_"
        change = titled(
            _("Write `{other}` instead of `{name}` in line {line}").format(
                other=other, name=called.name, line=called.line
            ),
            RenameAttribute(called.line, called.name, other),
        )
        weight = 7.0 if called.name == "add_" else 4.2
        yield _suspect(trial, called.node, change, weight, _("an update in the opposite direction of descent"))
    yield from _missing_minus(trial, exact)


def _minus(trial: Trial, node: ast.BinOp) -> Change:
    source = trial.source
    right = source.of(node.right)
    right = (
        f"({right})" if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Add | ast.Sub) else right
    )
    return titled(
        _("Write - instead of + in line {line}").format(line=node.lineno),
        ReplaceExpression(node.lineno, text(node), f"{source.of(node.left)} - {right}", column_of(source, node)),
    )


def _update(trial: Trial, node: ast.AugAssign) -> Suspect:
    source = trial.source
    sign = "-" if isinstance(node.op, ast.Add) else "+"
    new = f"{source.of(node.target)} {sign}= {source.of(node.value)}"
    change = titled(
        _("Write `{sign}=` in line {line}").format(sign=sign, line=node.lineno),
        ReplaceStatement(node.lineno, new, column_of(source, node)),
    )
    climbs = ".grad" in text(node.value) and isinstance(node.op, ast.Add)
    return _suspect(trial, node, change, 7.0 if climbs else 4.2, _("an update in the opposite direction of descent"))


def _missing_minus(trial: Trial, exact: float) -> Iterator[Suspect]:
    """The whole result with a minus: for a likelihood or a reward that was to be minimised."""
    if not exact:
        return
    source = trial.source
    for statement in source.statements():
        value = getattr(statement, "value", None)
        returned = isinstance(statement, ast.Return)
        summed = isinstance(value, ast.Call) and text(value.func).split(".")[-1] in {"sum", "mean", "dot"}
        if not isinstance(value, ast.expr) or not (returned or isinstance(statement, ast.Assign)):
            continue
        differentiated = assigned_name(source, value) in {called.on for called in backwards(source)}
        if not returned and not summed and not differentiated and not isinstance(value, ast.BinOp):
            continue
        change = titled(
            _("Put a minus sign before the expression in line {line}").format(line=statement.lineno),
            FlipSign(statement.lineno, text(value), column_of(source, value)),
        )
        yield _suspect(
            trial,
            value,
            change,
            5.0 + (0.5 if summed or returned or differentiated else 0.0),
            _("a missing minus sign"),
        )


def _suspect(trial: Trial, node: ast.expr | ast.stmt, change: Change, weight: float, what: str) -> Suspect:
    source = trial.source
    line = node.lineno
    name = assigned_name(source, node)
    function = function_of(source, node)
    shown = f"`{name}`" if name else f"`{function.name}`" if function else f"`{text(node)}`"
    if trial.main.opposite:
        headline = _(
            "The sign is flipped: `{label}` is exactly the negative of what is expected, because of {what} in line {line}."
        )
        why = _(
            "{name} is computed with the opposite sign, so every gradient points the opposite way: a step would go up where it should go down."
        )
    else:
        headline = _("A sign in line {line} is the wrong way round: {what} makes `{label}` wrong.")
        why = _(
            "{name} is computed there. With the opposite sign in that place, its part of the gradient turns negative or positive."
        )
    words = {"label": trial.main.label, "what": what, "line": line, "name": shown}
    return Suspect(
        kind="sign-flipped",
        line=line,
        weight=weight,
        changes=(change,),
        headline=headline.format(**words),
        why=why.format(**words),
        supposing=_("If the sign in line {line} were the other way round").format(line=line),
    )


KIND = SilentKind(
    slug="sign-flipped",
    suspects=suspects,
    page=Page(
        title=_("A sign the wrong way round"),
        what=_(
            "The gradient has the right size and the opposite direction: a minus too many, one too few, or a difference taken the wrong way round."
        ),
        mend=_("Follow the sign from the loss back; descent subtracts the gradient."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def score(model, seen):\n"
                "    return (seen * torch.log(model)).sum()\n"
                "\n"
                "model = torch.tensor([0.2, 0.8], requires_grad=True)\n"
                "score(model, torch.tensor([1.0, 3.0])).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def score(model, seen):\n"
                "    return -(seen * torch.log(model)).sum()\n"
                "\n"
                "model = torch.tensor([0.2, 0.8], requires_grad=True)\n"
                "score(model, torch.tensor([1.0, 3.0])).backward()\n"
            ),
            watch="model.grad",
            line=4,
            facts=(r"sign|minus", r"line 4"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "z = torch.tensor([4.0], requires_grad=True)\n"
                "for turn in range(2):\n"
                "    z.grad = None\n"
                "    (z ** 2).sum().backward()\n"
                "    with torch.no_grad():\n"
                "        z += 0.1 * z.grad\n"
            ),
            fixed=(
                "import torch\n"
                "z = torch.tensor([4.0], requires_grad=True)\n"
                "for turn in range(2):\n"
                "    z.grad = None\n"
                "    (z ** 2).sum().backward()\n"
                "    with torch.no_grad():\n"
                "        z -= 0.1 * z.grad\n"
            ),
            watch="z",
            line=7,
            facts=(r"sign|opposite", r"line 7", r"\bz\b"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "logit = torch.tensor([[1.0, 2.0]], requires_grad=True)\n"
                "logp = F.log_softmax(logit, dim=1)\n"
                "loss = logp[0, 1]\n"
                "loss.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "logit = torch.tensor([[1.0, 2.0]], requires_grad=True)\n"
                "logp = F.log_softmax(logit, dim=1)\n"
                "loss = -logp[0, 1]\n"
                "loss.backward()\n"
            ),
            watch="logit.grad",
            line=5,
            facts=(
                r"sign|minus|negat",
                r"line 5",
                r"loss",
            ),
        ),
    ),
)
