"""A factor that reaches the result as a constant: detached, turned into a number, or built anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from tutor.explaining.changes import (
    Change,
    ReplaceExpression,
    Source,
    Together,
    titled,
)
from tutor.explaining.experiments.copies import copied, how_copied, in_torch, uncopied
from tutor.explaining.experiments.reading import (
    assigned_name,
    assignments,
    backwards,
    column_of,
    names_in,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_REDUCTIONS = ("max", "min", "mean", "sum", "norm", "std", "var", "prod", "median", "amax", "amin", "logsumexp")


def suspects(trial: Trial) -> Iterator[Suspect]:
    if trial.judged:
        source = trial.source
        for node in source.nodes:
            how = how_copied(source, node)
            if how is not None and isinstance(node, ast.expr) and not _for_show(source, node):
                yield _cut(trial, node, how)
        yield from _all_at_once(trial)
    elif any(seen.grad is not None for seen in trial.observation.tensors):
        yield from _starving(trial)


def _starving(trial: Trial) -> Iterator[Suspect]:
    """Copies that the result is computed from, of a leaf that therefore got no gradient: told by the run alone."""
    source = trial.source
    starved = {
        seen.name
        for seen in trial.observation.tensors
        if seen.is_leaf and seen.value.requires_grad and seen.grad is None
    }
    needed = {name for called in backwards(source) for name in _behind(source, called.node)}
    for node in source.nodes:
        how = how_copied(source, node) if starved else None
        if how is None or not isinstance(node, ast.expr) or _kind(source, node, how) != "rebuilt-outside-graph":
            continue
        from_leaves = sorted(starved & {text(part) for part in ast.walk(node)})
        if from_leaves and assigned_name(source, node) in needed and "requires_grad" not in text(node):
            none = _("So `{leaf}.grad` is None after the backward.").format(leaf=from_leaves[0])
            found = _cut(trial, node, how)
            yield replace(found, certain=True, severity="warning", why=f"{found.why} {none}")


def _behind(source: Source, node: ast.AST) -> set[str]:
    """The names that an expression is computed from, through all assignments."""
    found = set(names_in(node))
    for _round in source.tree.body:
        found |= {name for target, one in assignments(source) if target in found for name in names_in(one.value)}
    return found


def _all_at_once(trial: Trial) -> Iterator[Suspect]:
    """Several cuts on one way: numbers in a list, and a tensor built of the list."""
    source = trial.source
    cuts = [
        node
        for node in source.nodes
        if isinstance(node, ast.expr) and how_copied(source, node) is not None and not _for_show(source, node)
    ]
    outer = [node for node in cuts if not any(node in ast.walk(other) for other in cuts if other is not node)]
    outer.sort(key=lambda node: (node.lineno, node.col_offset), reverse=True)
    if len(outer) < 2:
        return
    changes: list[Change] = []
    for node in outer:
        how, inner = how_copied(source, node) or "", copied(source, node)
        if inner is None:
            return
        joined = how.endswith("tensor()") and isinstance(inner, ast.Name | ast.ListComp | ast.GeneratorExp)
        new = f"torch.stack({source.of(inner)})" if joined else source.of(inner)
        changes.append(ReplaceExpression(node.lineno, text(node), new, column_of(source, node)))
    last = outer[0]
    alone = _cut(trial, last, how_copied(source, last) or "")
    yield replace(
        alone,
        weight=7.6,
        changes=(Together(tuple(changes), _("Keep the tensors themselves; join them with `torch.stack`")),),
    )


def _for_show(source: Source, node: ast.expr) -> bool:
    """Whether the value only goes to ``print``, or is an edit of ``.data``."""
    statement = source.statement_of(node)
    printed = isinstance(statement, ast.Expr) and text(statement.value).startswith("print(")
    inner = source.parents.get(node)
    return printed or (isinstance(inner, ast.Attribute) and inner.attr.endswith("_") and text(node).endswith(".data"))


def _changes(trial: Trial, node: ast.expr, how: str) -> Iterator[Change]:
    source = trial.source
    inner = copied(source, node)
    column = column_of(source, node)
    if inner is None:
        return
    while how_copied(source, inner) is not None:  # .detach().numpy(), torch.tensor(x.item())
        deeper = copied(source, inner)
        if deeper is None:
            break
        inner = deeper
    new = in_torch(source, inner)
    if how.startswith("math."):
        new = f"torch.{text(node.func).removeprefix('math.')}{source.of(node)[len(source.of(node.func)) :]}"  # type: ignore[attr-defined]
    if how.endswith("tensor()") and isinstance(inner, ast.Name | ast.ListComp):
        yield titled(
            _("Join the tensors with `torch.stack` in line {line}").format(line=node.lineno),
            ReplaceExpression(node.lineno, text(node), f"torch.stack({new})", column),
        )
    if isinstance(inner, ast.List | ast.Tuple) and how.endswith("tensor()"):
        plain = [uncopied(source, part) for part in inner.elts]
        stacked = f"torch.stack([{', '.join(plain)}])"
        yield titled(
            _("Join the tensors with `torch.stack` in line {line}").format(line=node.lineno),
            ReplaceExpression(node.lineno, text(node), stacked, column),
        )
    title = _("Use `{inner}` itself in line {line}, without `{how}`").format(inner=new, line=node.lineno, how=how)
    outer = node
    parent = source.parents.get(outer)
    while isinstance(parent, ast.Call) and (how_copied(source, parent) or text(parent.func) == "float"):
        outer = parent
        yield titled(title, ReplaceExpression(outer.lineno, text(outer), new, column_of(source, outer)))
        parent = source.parents.get(outer)
    yield titled(title, ReplaceExpression(node.lineno, text(node), new, column))


def _kind(source: Source, node: ast.expr, how: str) -> str:
    """A number taken of a reduction cuts one branch, as ``detach`` does; anything else was built anew."""
    if how in {".detach()", ".data", ".detach_()"}:
        return "detached-branch"
    inner = copied(source, node)
    reduced = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _REDUCTIONS
    return "detached-branch" if how == ".item()" and reduced else "rebuilt-outside-graph"


def _cut(trial: Trial, node: ast.expr, how: str) -> Suspect:
    source = trial.source
    name = assigned_name(source, node)
    shown = f"`{name}`" if name else f"`{text(node)}`"
    what = _("a plain Python number") if how in {".item()", "float()", ".tolist()"} else _("a copy without its history")
    ratio = trial.main.ratio
    share = ""
    if ratio is not None and 0 < abs(ratio) < 1:
        share = " " + _("Only {part} of the gradient arrives; the rest is missing.").format(part=f"{ratio:.3g}")
    elif trial.main.found_none:
        share = " " + _("`{label}` is None, because no gradient comes through.").format(label=trial.main.label)
    elif trial.judged:
        share = " " + _("That branch's part of the gradient is missing.")
    return Suspect(
        kind=_kind(source, node, how),
        line=node.lineno,
        weight=8.1 if name else 7.9,
        changes=tuple(_changes(trial, node, how)),
        headline=_("{name} is a constant for autograd, because line {line} cuts it off with `{how}`.").format(
            name=shown, line=node.lineno, how=how
        ),
        why=_(
            "`{how}` gives {what}: not tracked, so no gradient flows back through {name} to what it was computed from."
        ).format(how=how, what=what, name=shown)
        + share,
        supposing=_("If line {line} kept {name} in the graph, without `{how}`").format(
            line=node.lineno, name=shown, how=how
        ),
        lesson="autograd/detach",
    )


DETACHED = SilentKind(
    slug="detached-branch",
    suspects=suspects,
    page=Page(
        title=_("One branch is cut off"),
        what=_(
            "A detached tensor is a constant for autograd. If it is one factor of a product, the other factor's gradient still arrives, so nothing is raised: a part is simply missing."
        ),
        mend=_("Use the tensor itself, without `.detach()`, `.data` or `.item()`."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "class Scale(torch.nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.gain = torch.nn.Parameter(torch.tensor([2.0, 3.0]))\n"
                "\n"
                "    def forward(self, x):\n"
                "        size = (self.gain ** 2).sum().detach()\n"
                "        return (self.gain * x / size).sum()\n"
                "\n"
                "model = Scale()\n"
                "model(torch.ones(2)).backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "class Scale(torch.nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.gain = torch.nn.Parameter(torch.tensor([2.0, 3.0]))\n"
                "\n"
                "    def forward(self, x):\n"
                "        size = (self.gain ** 2).sum()\n"
                "        return (self.gain * x / size).sum()\n"
                "\n"
                "model = Scale()\n"
                "model(torch.ones(2)).backward()\n"
            ),
            watch="model.gain.grad",
            line=9,
            facts=(r"size", r"detach", r"constant", r"line 9"),
        ),
    ),
)
