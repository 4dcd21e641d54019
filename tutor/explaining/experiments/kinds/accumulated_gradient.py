"""A backward adds to the gradient that an earlier one left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from tutor.explaining.changes import Insert, titled
from tutor.explaining.experiments.reading import (
    Called,
    Loop,
    backwards,
    calls,
    column_of,
    function_of,
    gradients_cleared,
    loop_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import clearing
from tutor.explaining.kind import Page
from tutor.judging.showing import number_text
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    if not trial.judged:
        yield from _training_loop(trial)
        return
    passes = backwards(trial.source)
    for index in reversed(range(len(passes))):
        called = passes[index]
        earlier = passes[index - 1].line if index else None
        if loop_of(trial.source, called.node) is not None:
            yield from _clear(trial, called.line, column_of(trial.source, called.node), earlier or called.line, called)
        elif earlier is not None or "backward" in trial.program.setup:
            yield from _clear(trial, called.line, column_of(trial.source, called.node), earlier, called)
        yield from _through_function(trial, called)


def _through_function(trial: Trial, called: Called) -> Iterator[Suspect]:
    """A function that runs backward is called more than once."""
    function = function_of(trial.source, called.node)
    if function is None:
        return
    uses = list(calls(trial.source, function.name))
    looped = any(loop_of(trial.source, use.node) is not None for use in uses)
    if loop_of(trial.source, called.node) is not None or not uses:
        return
    if looped:
        yield from _clear(trial, called.line, column_of(trial.source, called.node), called.line, called)
    for before, use in pairwise(uses):
        yield from _clear(trial, use.line, column_of(trial.source, use.node), before.line, called)
    if looped:
        yield from _clear(trial, uses[-1].line, column_of(trial.source, uses[-1].node), uses[-1].line, called)


def _clear(trial: Trial, line: int, column: int, earlier: int | None, called: Called) -> Iterator[Suspect]:
    """``earlier``: the line that left a gradient before; ``line`` itself in a loop; None when the setup left it."""
    second_order = "create_graph=True" in text(trial.source.tree)
    for statement, whose in clearing(trial, called):
        one = "; ".join(statement.split("\n"))
        change = titled(
            _("Clear {whose} before line {line}: `{statement}`").format(whose=whose, line=line, statement=one),
            Insert(line, statement, column=column),
        )
        gradient = (
            f"`{trial.main.label}`"
            if trial.main.is_gradient
            else _("The gradient behind `{label}`").format(label=trial.main.label)
        )
        headline = _(
            "{gradient} holds the sum of several backward passes, because nothing cleared it before line {line}."
        )
        if earlier is None:
            headline = _(
                "{gradient} holds more than one gradient: line {line} added its own to what the code given had left there."
            )
        elif earlier != line:
            headline = _(
                "{gradient} holds the gradients of two backward passes: line {line} added its own to what line {earlier} had left."
            )
        yield Suspect(
            kind="second-derivative-accumulated" if second_order else "accumulated-gradient",
            line=line,
            cause_line=earlier,
            weight=7.8,
            changes=(change,),
            headline=headline.format(gradient=gradient, line=line, earlier=earlier),
            why=_why(trial, line, earlier, called),
            supposing=_("If line {line} cleared {whose} first (`zero_()` or None)").format(line=line, whose=whose),
            lesson="autograd/accumulation",
        )


def _why(trial: Trial, line: int, earlier: int | None, called: Called) -> str:
    words = _(
        "`{root}.backward()` does not replace a gradient, it adds to it: gradients accumulate until you clear them."
    ).format(root=called.on)
    difference = _difference(trial)
    if earlier is None:
        left = _("What the code given had left is exactly the difference: {difference}.")
        words += " " + left.format(difference=difference) if difference and trial.main.is_gradient else ""
    elif difference and earlier != line and trial.main.is_gradient:
        words += " " + _("What line {earlier} had left is exactly the difference: {difference}.").format(
            earlier=earlier, difference=difference
        )
    elif earlier == line:
        words += " " + _(
            "And line {line} runs several times: each time its gradient is added to the earlier ones."
        ).format(line=line)
    return words


def _difference(trial: Trial) -> str:
    if not trial.main.pairs or len(trial.main.pairs) > 12:
        return ""
    parts = [number_text(got - want, 4) for got, want in trial.main.pairs]
    return f"[{', '.join(parts)}]"


def _training_loop(trial: Trial) -> Iterator[Suspect]:
    """A loop that steps an optimizer and never clears anything: told without an expected value."""
    if any(True for _cleared in gradients_cleared(trial.source)) or "zero_" in trial.program.source:
        return
    for called in backwards(trial.source):
        loop = loop_of(trial.source, called.node)
        updates = list(_updates(trial, loop)) if loop else []
        if loop is None or not updates:
            continue
        clear, update = updates[0]
        yield Suspect(
            kind="accumulated-gradient",
            line=called.line,
            weight=6.0,
            changes=(
                titled(
                    _("Clear the gradient before line {line}: `{clear}`").format(line=called.line, clear=clear),
                    Insert(called.line, clear, column=column_of(trial.source, called.node)),
                ),
            ),
            headline=_(
                "The loop in line {loop} never clears the gradients: each update in line {update} uses the sum of all passes."
            ).format(loop=loop.lineno, update=update),
            why=_(
                "`{root}.backward()` in line {line} adds to what earlier passes left: gradients accumulate until they are cleared "
                "(`{clear}`), and nothing in this program clears them."
            ).format(root=called.on, line=called.line, clear=clear),
            certain=True,
            severity="warning" if clear.endswith("zero_grad()") else "note",
            lesson="autograd/accumulation",
        )


def _updates(trial: Trial, loop: Loop) -> Iterator[tuple[str, int]]:
    """Updates directly in the loop, each as (what would clear its gradient, line)."""
    known = trial.optimizers
    for step in calls(trial.source, "step", within=loop):
        if step.on in known and loop_of(trial.source, step.node) is loop:
            yield f"{step.on}.zero_grad()", step.line
    for part in ast.walk(loop):
        if isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Sub) and loop_of(trial.source, part) is loop:
            name = text(part.target).removesuffix(".data")
            if f"{name}.grad" in text(part.value):
                yield f"{name}.grad = None", part.lineno


PAGE = Page(
    title=_("Gradients accumulate"),
    what=_(
        "`backward()` adds to `.grad`, it does not replace what is there. Two passes without clearing in between leave the "
        "sum of both gradients."
    ),
    mend=_(
        "Clear the gradient before each pass: `optimizer.zero_grad()`, or `x.grad = None` for a tensor of your own."
    ),
    lesson="autograd/accumulation",
)


ACCUMULATED = SilentKind(
    slug="accumulated-gradient",
    suspects=suspects,
    page=PAGE,
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "height = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "(height ** 2).sum().backward()\n"
                "first = height.grad.clone()\n"
                "(3 * height).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "height = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "(height ** 2).sum().backward()\n"
                "first = height.grad.clone()\n"
                "height.grad = None\n"
                "(3 * height).sum().backward()\n"
            ),
            watch="height.grad",
            line=5,
            cause_line=3,
            facts=(r"height\.grad", r"line 3", r"accumulat|add", r"zero_|None"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def fit(weight, points):\n"
                "    optimizer = torch.optim.SGD([weight], lr=0.1)\n"
                "    for point in points:\n"
                "        loss = (weight - point) ** 2\n"
                "        loss.backward()\n"
                "        optimizer.step()\n"
                "\n"
                "weight = torch.tensor(0.0, requires_grad=True)\n"
                "fit(weight, [1.0, 2.0, 3.0])\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def fit(weight, points):\n"
                "    optimizer = torch.optim.SGD([weight], lr=0.1)\n"
                "    for point in points:\n"
                "        loss = (weight - point) ** 2\n"
                "        optimizer.zero_grad()\n"
                "        loss.backward()\n"
                "        optimizer.step()\n"
                "\n"
                "weight = torch.tensor(0.0, requires_grad=True)\n"
                "fit(weight, [1.0, 2.0, 3.0])\n"
            ),
            watch="weight",
            line=7,
            facts=(r"line 7", r"zero_grad", r"accumulat|add"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "def slope(f, at):\n"
                "    f(at).backward()\n"
                "    return at.grad\n"
                "\n"
                "t = torch.tensor(2.0, requires_grad=True)\n"
                "slope(torch.square, t)\n"
                "slope(torch.exp, t)\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def slope(f, at):\n"
                "    f(at).backward()\n"
                "    return at.grad\n"
                "\n"
                "t = torch.tensor(2.0, requires_grad=True)\n"
                "slope(torch.square, t)\n"
                "t.grad = None\n"
                "slope(torch.exp, t)\n"
            ),
            watch="t.grad",
            line=9,
            cause_line=8,
            facts=(r"t\.grad", r"line 8"),
        ),
    ),
)
