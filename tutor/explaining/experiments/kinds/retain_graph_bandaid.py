"""``retain_graph=True`` in a loop over a graph that was built once: every pass gives the same gradient."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Move, Source, Together, WithMethod, titled
from tutor.explaining.experiments.reading import (
    Called,
    Loop,
    backwards,
    column_of,
    loop_of,
    names_in,
    optimizers,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    source = trial.source
    for called in backwards(source):
        loop = loop_of(source, called.node)
        if loop is None:
            continue
        outside = _built_outside(trial, loop, called)
        if outside:
            yield _stale(trial, called, loop, outside)
        if "retain_graph=True" in text(called.node) and trial.judged:
            yield from _carried(trial, called, loop)


def _built_outside(trial: Trial, loop: Loop, called: Called) -> list[ast.Assign]:
    """The statements above the loop that compute what is differentiated in it, in order."""
    source = trial.source
    outer = source.block_of(loop)
    above = [one for one in outer if isinstance(one, ast.Assign) and one.lineno < loop.lineno]
    made_inside = {text(target) for part in ast.walk(loop) if isinstance(part, ast.Assign) for target in part.targets}
    parameters = set(trial.leaves)
    needed, found = _needed(loop, called), []
    for statement in reversed(above):
        name = text(statement.targets[0])
        made = text(statement.value)
        built = name in needed and name not in made_inside and "requires_grad" not in made and "Parameter(" not in made
        if built and _depends(source, statement, parameters):
            found.append(statement)
            needed |= set(names_in(statement.value))
    return found[::-1]


def _needed(loop: Loop, called: Called) -> set[str]:
    """Names that what is differentiated is computed from, within the loop."""
    needed = set(names_in(called.node))
    inside = [part for part in ast.walk(loop) if isinstance(part, ast.Assign)]
    for _round in inside:
        needed |= {
            name
            for part in inside
            if {text(target) for target in part.targets} & needed
            for name in names_in(part.value)
        }
    return needed


def _depends(source: Source, statement: ast.Assign, parameters: set[str]) -> bool:
    """Whether the statement computes something from a parameter, or calls a module."""
    names = set(names_in(statement.value)) | {
        text(part.func).split(".")[0] for part in ast.walk(statement.value) if isinstance(part, ast.Call)
    }
    if names & parameters:
        return True
    constructed = text(statement.value).startswith(("torch.nn.", "nn.", "torch.optim.", "optim."))
    modules = {
        text(other.targets[0])
        for other in source.statements()
        if isinstance(other, ast.Assign) and ("nn." in text(other.value) or text(other.value)[:1].isupper())
    }
    computed: set[str] = set()
    for other in source.statements():
        above = isinstance(other, ast.Assign) and other.lineno < statement.lineno
        if above and isinstance(other, ast.Assign) and set(names_in(other.value)) & (parameters | computed):
            computed.add(text(other.targets[0]))
    computed -= set(optimizers(source))
    return bool(names & (modules | computed)) and not constructed


def _stale(trial: Trial, called: Called, loop: Loop, outside: list[ast.Assign]) -> Suspect:
    first = loop.body[0].lineno
    lines = [statement.lineno for statement in outside]
    change = Together(
        tuple(_moves(lines, first)),
        _("Recompute inside the loop: move {lines} into the loop, to each iteration's start").format(
            lines=_("line {line}").format(line=lines[0])
            if len(lines) == 1
            else _("lines {lines}").format(lines=", ".join(str(line) for line in lines))
        ),
    )
    updated = [name for name in trial.leaves if name in text(loop)]
    what = ", ".join(f"`{name}`" for name in updated) or _("the parameters")
    retained = "retain_graph=True" in text(called.node)
    last, root = lines[-1], text(outside[-1].targets[0])
    return Suspect(
        kind="retain-graph-bandaid" if retained else "forward-outside-loop",
        line=last,
        weight=9.0 if retained else 8.4,
        changes=(change,),
        headline=_(
            "`{root}` is computed once, in line {line}, before the loop: every pass takes the same gradient of the old value."
        ).format(root=root, line=last),
        why=_(
            "The loop changes {what}, but `{root}` and its graph stay what they were in line {line}. So each step goes along the "
            "same gradient, which is stale and never changes with {what}. `retain_graph=True` in line {backward} only silences the "
            "error that would have said so. Compute `{root}` inside the loop, at each iteration."
        ).format(what=what, root=root, line=last, backward=called.line),
        supposing=_("If `{root}` were computed inside the loop, at each step").format(root=root),
        certain=retained and _updates(loop),
        stated=retained,
        lesson="autograd/retain-graph",
    )


def _moves(lines: list[int], first: int) -> Iterator[Move]:
    """Moves, one after the other, to the loop's beginning; each one changes the numbers of the lines between."""
    for already, line in enumerate(lines):
        yield Move(line - already, first)


def _updates(loop: Loop) -> bool:
    return any(
        isinstance(part, ast.AugAssign) or (isinstance(part, ast.Attribute) and part.attr in {"step", "sub_", "add_"})
        for part in ast.walk(loop)
    )


def _carried(trial: Trial, called: Called, loop: Loop) -> Iterator[Suspect]:
    """A state that is carried from pass to pass with its whole graph."""
    source = trial.source
    for statement in ast.walk(loop):
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        name = text(statement.targets[0])
        for node in ast.walk(statement.value):
            if isinstance(node, ast.Name) and node.id == name and name not in trial.leaves:
                yield Suspect(
                    kind="retain-graph-bandaid",
                    line=called.line,
                    cause_line=statement.lineno,
                    weight=8.7,
                    changes=(
                        titled(
                            _("Begin each pass with a fresh graph: `{name}.detach()` in line {line}").format(
                                name=name, line=statement.lineno
                            ),
                            WithMethod(node.lineno, name, "detach()", column_of(source, node)),
                        ),
                    ),
                    headline=_(
                        "`{name}` carries its graph from one iteration to the next, and `retain_graph=True` keeps all of it."
                    ).format(name=name),
                    why=_(
                        "In line {line} `{name}` is computed from the `{name}` of the previous iteration. Each backward goes "
                        "through all earlier steps again and adds their gradients once more. Detach the carried state."
                    ).format(line=statement.lineno, name=name),
                    supposing=_("If line {line} used `{name}.detach()`").format(line=statement.lineno, name=name),
                    lesson="autograd/retain-graph",
                )
                break


KIND = SilentKind(
    slug="retain-graph-bandaid",
    suspects=suspects,
    page=Page(
        title=_("retain_graph=True over a graph that never changes"),
        what=_(
            "A loss computed once before a loop has one gradient. Retaining its graph silences the error, and every step uses the same stale gradient."
        ),
        mend=_("Compute the loss inside the loop; `retain_graph` is then not needed."),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "xs = torch.tensor([1.0, 2.0])\n"
                "ys = torch.tensor([3.0, 6.0])\n"
                "slope = torch.tensor(1.0, requires_grad=True)\n"
                "opt = torch.optim.SGD([slope], lr=0.1)\n"
                "guess = slope * xs\n"
                "error = ((guess - ys) ** 2).mean()\n"
                "for turn in range(10):\n"
                "    opt.zero_grad()\n"
                "    error.backward(retain_graph=True)\n"
                "    opt.step()\n"
            ),
            fixed=(
                "import torch\n"
                "xs = torch.tensor([1.0, 2.0])\n"
                "ys = torch.tensor([3.0, 6.0])\n"
                "slope = torch.tensor(1.0, requires_grad=True)\n"
                "opt = torch.optim.SGD([slope], lr=0.1)\n"
                "for turn in range(10):\n"
                "    guess = slope * xs\n"
                "    error = ((guess - ys) ** 2).mean()\n"
                "    opt.zero_grad()\n"
                "    error.backward()\n"
                "    opt.step()\n"
            ),
            watch="slope",
            line=7,
            facts=(r"line 7", r"same gradient|stale", r"inside the loop|into the loop", r"slope"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "torch.manual_seed(0)\n"
                "model = nn.Linear(1, 1, bias=False)\n"
                "nn.init.zeros_(model.weight)\n"
                "opt = torch.optim.SGD(model.parameters(), lr=0.05)\n"
                "x = torch.tensor([[1.0], [2.0]])\n"
                "out = model(x)\n"
                "for step in range(5):\n"
                "    loss = ((out - 3 * x) ** 2).mean()\n"
                "    opt.zero_grad()\n"
                "    loss.backward(retain_graph=True)\n"
                "    opt.step()\n"
            ),
            fixed=(
                "import torch\n"
                "from torch import nn\n"
                "\n"
                "torch.manual_seed(0)\n"
                "model = nn.Linear(1, 1, bias=False)\n"
                "nn.init.zeros_(model.weight)\n"
                "opt = torch.optim.SGD(model.parameters(), lr=0.05)\n"
                "x = torch.tensor([[1.0], [2.0]])\n"
                "for step in range(5):\n"
                "    out = model(x)\n"
                "    loss = ((out - 3 * x) ** 2).mean()\n"
                "    opt.zero_grad()\n"
                "    loss.backward(retain_graph=True)\n"
                "    opt.step()\n"
            ),
            watch="model.weight",
            line=9,
            facts=(
                r"line 9",
                r"out",
                r"same gradient|never changes|stale|old value",
                r"inside the loop|into the loop|each (step|epoch|iteration)",
            ),
            alone=True,
        ),
    ),
)
