"""A parameter, a module or an optimizer made anew in each pass of the loop that trains it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Move, Source, titled
from tutor.explaining.experiments.reading import (
    backwards,
    column_of,
    leaves,
    loop_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def recreated(trial: Trial) -> Iterator[Suspect]:
    """A parameter, a module or an optimizer made anew in each pass of the loop that trains it."""
    source = trial.source
    for statement in source.statements():
        loop = loop_of(source, statement)
        if not isinstance(statement, ast.Assign) or loop is None or statement not in loop.body:
            continue
        name, made = text(statement.targets[0]), text(statement.value)
        parameter = name in leaves(source) and ("requires_grad=True" in made or "Parameter(" in made)
        optimizer = made.startswith(("torch.optim.", "optim."))
        module = made.startswith(("torch.nn.", "nn.")) and ".functional." not in made and "Loss" not in made
        own = made.split("(")[0] in _makers(source)
        if not (parameter or optimizer or module or own):
            continue
        passes = [called for called in backwards(source) if loop.lineno <= called.line <= (loop.end_lineno or 0)]
        if not passes:
            continue
        trains_within = all(loop_of(source, called.node) is not loop for called in passes)  # a new start for each
        learnt = any(
            f"{name}.step" in text(part) or (isinstance(part, ast.AugAssign) and text(part.target) == name)
            for part in ast.walk(loop)
            if isinstance(part, ast.stmt)
        )
        if not trial.judged and (trains_within or not learnt):
            continue
        yield _made_again(trial, statement, loop, name, learnt=learnt and not optimizer)


def _makers(source: Source) -> set[str]:
    """Functions and classes of the program that make parameters."""
    return {
        node.name
        for node in source.nodes
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and any(word in text(node) for word in ("requires_grad=True", "Parameter(", "nn.Linear(", "nn.Module"))
        and not any(isinstance(part, ast.Attribute) and part.attr == "backward" for part in ast.walk(node))
    }


def _made_again(trial: Trial, statement: ast.Assign, loop: ast.For | ast.While, name: str, *, learnt: bool) -> Suspect:
    line = statement.lineno
    change: Change = titled(
        _("Make `{name}` once: move line {line} before the loop in line {loop}").format(
            name=name, line=line, loop=loop.lineno
        ),
        Move(line, loop.lineno, column=column_of(trial.source, statement)),
    )
    return Suspect(
        kind="recreated-in-loop",
        line=line,
        weight=8.6,
        changes=(change,),
        headline=_(
            "`{name}` is made anew in every pass of the loop, in line {line}: what was learned is thrown away."
        ).format(name=name, line=line),
        why=_(
            "The loop in line {loop} runs line {line} each time, and each time `{name}` starts from the beginning: values, gradient "
            "and what an optimizer remembers. Make it once, before the loop."
        ).format(name=name, line=line, loop=loop.lineno),
        supposing=_("If line {line} stood before the loop").format(line=line),
        certain=learnt,
    )


RECREATED = SilentKind(
    slug="recreated-in-loop",
    suspects=recreated,
    page=Page(
        title=_("Made anew in every pass"),
        what=_("A parameter or an optimizer that is created inside the loop forgets everything at each pass."),
        mend=_("Create it once, before the loop."),
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "x = torch.tensor([2.0])\n"
                "for step in range(4):\n"
                "    w = torch.tensor([0.0], requires_grad=True)\n"
                "    loss = ((w * x - 6.0) ** 2).sum()\n"
                "    loss.backward()\n"
                "    with torch.no_grad():\n"
                "        w -= 0.1 * w.grad\n"
                "    w.grad = None\n"
            ),
            fixed=(
                "import torch\n"
                "x = torch.tensor([2.0])\n"
                "w = torch.tensor([0.0], requires_grad=True)\n"
                "for step in range(4):\n"
                "    loss = ((w * x - 6.0) ** 2).sum()\n"
                "    loss.backward()\n"
                "    with torch.no_grad():\n"
                "        w -= 0.1 * w.grad\n"
                "    w.grad = None\n"
            ),
            watch="w",
            line=4,
            facts=(r"\bw\b", r"loop", r"line 4"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "def build():\n"
                "    layer = nn.Linear(1, 1, bias=False)\n"
                "    nn.init.zeros_(layer.weight)\n"
                "    return layer\n"
                "\n"
                "x = torch.tensor([[1.0], [2.0]])\n"
                "for epoch in range(3):\n"
                "    model = build()\n"
                "    opt = torch.optim.SGD(model.parameters(), lr=0.1)\n"
                "    loss = ((model(x) - 2 * x) ** 2).mean()\n"
                "    opt.zero_grad()\n"
                "    loss.backward()\n"
                "    opt.step()\n"
            ),
            fixed=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "def build():\n"
                "    layer = nn.Linear(1, 1, bias=False)\n"
                "    nn.init.zeros_(layer.weight)\n"
                "    return layer\n"
                "\n"
                "x = torch.tensor([[1.0], [2.0]])\n"
                "model = build()\n"
                "opt = torch.optim.SGD(model.parameters(), lr=0.1)\n"
                "for epoch in range(3):\n"
                "    loss = ((model(x) - 2 * x) ** 2).mean()\n"
                "    opt.zero_grad()\n"
                "    loss.backward()\n"
                "    opt.step()\n"
            ),
            watch="model.weight",
            line=11,
            facts=(
                r"model",
                r"line 11",
                r"loop",
            ),
        ),
    ),
)
