"""A factor that reaches the result as a constant: detached, turned into a number, or computed without tracking."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from tutor.explaining.changes import (
    Change,
    Lift,
    RemoveDecorator,
    RemoveStatement,
    ReplaceExpression,
    Source,
    Together,
    titled,
)
from tutor.explaining.experiments.reading import assigned_name, column_of, names_in, optimizers, text
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_REDUCTIONS = ("max", "min", "mean", "sum", "norm", "std", "var", "prod", "median", "amax", "amin", "logsumexp")
_REBUILDERS = ("tensor", "as_tensor", "from_numpy", "Tensor", "FloatTensor")
_OFF = ("no_grad", "inference_mode", "set_grad_enabled(False)")


def _is_copy(node: ast.AST) -> str | None:
    """How an expression hands on its value without its graph; None if it does not."""
    if isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.ctx, ast.Load):
        return ".data"
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"detach", "detach_", "item", "tolist", "numpy"}:
        return f".{node.func.attr}()"
    name = text(node.func)
    if name == "float" and node.args and not isinstance(node.args[0], ast.Constant):
        return "float()"
    if name.startswith("torch.") and name.split(".")[-1] in _REBUILDERS and node.args and names_in(node.args[0]):
        return f"{name}()"
    return None


def suspects(trial: Trial) -> Iterator[Suspect]:
    if trial.judged:
        source = trial.source
        for node in source.nodes:
            how = _is_copy(node)
            if how is not None and isinstance(node, ast.expr) and not _for_show(source, node):
                yield _cut(trial, node, how)
        yield from _all_at_once(trial)
    yield from _copies_that_require_grad(trial)


def _all_at_once(trial: Trial) -> Iterator[Suspect]:
    """Several cuts on one way: numbers in a list, and a tensor built of the list."""
    source = trial.source
    cuts = [
        node
        for node in source.nodes
        if isinstance(node, ast.expr) and _is_copy(node) is not None and not _for_show(source, node)
    ]
    outer = [node for node in cuts if not any(node in ast.walk(other) for other in cuts if other is not node)]
    outer.sort(key=lambda node: (node.lineno, node.col_offset), reverse=True)
    if len(outer) < 2:
        return
    changes: list[Change] = []
    for node in outer:
        how, inner = _is_copy(node) or "", _inner(node)
        if inner is None:
            return
        joined = how.endswith("tensor()") and isinstance(inner, ast.Name | ast.ListComp | ast.GeneratorExp)
        new = f"torch.stack({source.of(inner)})" if joined else source.of(inner)
        changes.append(ReplaceExpression(node.lineno, text(node), new, column_of(source, node)))
    last = outer[0]
    alone = _cut(trial, last, _is_copy(last) or "")
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


def _inner(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not text(node.func).startswith("torch."):
        return node.func.value
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def _changes(trial: Trial, node: ast.expr, how: str) -> Iterator[Change]:
    source = trial.source
    inner = _inner(node)
    column = column_of(source, node)
    if inner is None:
        return
    while _is_copy(inner) is not None:  # .detach().numpy(), torch.tensor(x.item())
        deeper = _inner(inner)
        if deeper is None:
            break
        inner = deeper
    new = source.of(inner)
    if isinstance(inner, ast.List | ast.Tuple) and how.endswith("tensor()"):
        plain = [_plain(source, part) for part in inner.elts]
        stacked = f"torch.stack([{', '.join(plain)}])"
        yield titled(
            _("Join the tensors with `torch.stack` in line {line}").format(line=node.lineno),
            ReplaceExpression(node.lineno, text(node), stacked, column),
        )
    title = _("Use `{inner}` itself in line {line}, without `{how}`").format(inner=new, line=node.lineno, how=how)
    outer = node
    parent = source.parents.get(outer)
    while isinstance(parent, ast.Call) and (_is_copy(parent) or text(parent.func) == "float"):
        outer = parent
        yield titled(title, ReplaceExpression(outer.lineno, text(outer), new, column_of(source, outer)))
        parent = source.parents.get(outer)
    yield titled(title, ReplaceExpression(node.lineno, text(node), new, column))


def _plain(source: Source, node: ast.expr) -> str:
    inner = _inner(node) if _is_copy(node) else None
    return source.of(inner if inner is not None else node)


def _kind(node: ast.expr, how: str) -> str:
    """A number taken of a reduction cuts one branch, as ``detach`` does; anything else was built anew."""
    if how in {".detach()", ".data", ".detach_()"}:
        return "detached-branch"
    inner = _inner(node)
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
    else:
        share = " " + _("That branch's part of the gradient is missing.")
    return Suspect(
        kind=_kind(node, how),
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


def _copies_that_require_grad(trial: Trial) -> Iterator[Suspect]:
    """``torch.tensor(t, requires_grad=True)``: a new leaf, from which nothing flows back to ``t``."""
    source = trial.source
    known = {seen.name: seen for seen in trial.observation.tensors}
    for node in source.nodes:
        if not isinstance(node, ast.Call) or "requires_grad=True" not in text(node) or not node.args:
            continue
        name, inner = text(node.func), node.args[0]
        if name not in {"torch.tensor", "torch.Tensor"} or not isinstance(inner, ast.Name):
            continue
        seen = known.get(inner.id)
        if seen is None or not seen.value.requires_grad:
            continue
        target = assigned_name(source, node) or text(node)
        roots = _sources(source, inner.id)
        starved = [root for root in roots if root in known and known[root].grad is None and known[root].is_leaf]
        column, line = column_of(source, node), node.lineno
        if not starved and not trial.judged:
            continue
        yield Suspect(
            kind="rebuilt-outside-graph",
            line=line,
            weight=8.6,
            changes=(
                titled(
                    _("Keep the graph: `{inner}.clone()` in line {line}, or use {inner} itself").format(
                        inner=inner.id, line=line
                    ),
                    ReplaceExpression(line, text(node), f"{inner.id}.clone()", column),
                ),
                titled(
                    _("Use `{inner}` itself in line {line}").format(inner=inner.id, line=line),
                    ReplaceExpression(line, text(node), inner.id, column),
                ),
            ),
            headline=_(
                "`{target}` in line {line} is a new tensor without history: no gradient flows back through it to {roots}."
            ).format(
                target=target, line=line, roots=", ".join(f"`{root}`" for root in (starved or roots)) or f"`{inner.id}`"
            ),
            why=_(
                "`{name}({inner}, requires_grad=True)` copies the values of `{inner}` and starts a new leaf. The backward ends "
                "at `{target}`; so {grads}. `{inner}.clone()` is a copy that stays in the graph."
            ).format(
                name=name,
                inner=inner.id,
                target=target,
                grads=", ".join(_("`{root}.grad` is None").format(root=root) for root in starved)
                or _("`{inner}` gets no gradient").format(inner=inner.id),
            ),
            supposing=_("If line {line} used `{inner}` itself").format(line=line, inner=inner.id),
            certain=bool(starved),
            stated=True,
            severity="silent" if trial.judged else "warning",
            lesson="autograd/detach",
        )


def _sources(source: Source, name: str) -> tuple[str, ...]:
    """The names that ``name`` was computed from, back to the first."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for node in source.nodes:
            if isinstance(node, ast.Assign) and text(node.targets[0]) == current:
                waiting.extend(other for other in names_in(node.value) if other not in found)
                found.extend(other for other in names_in(node.value) if other not in found)
    return tuple(found)


def tracking_off(trial: Trial) -> Iterator[Suspect]:
    """A block, a decorator or a switch that turns tracking off around a part of the forward pass."""
    if not trial.judged:
        return
    source = trial.source
    for statement in source.statements():
        if isinstance(statement, ast.With):
            for item in statement.items:
                manager = text(item.context_expr)
                if any(off in manager for off in _OFF) and not _is_update(source, statement):
                    made = [text(one.targets[0]) for one in ast.walk(statement) if isinstance(one, ast.Assign)]
                    yield _off(
                        statement.lineno,
                        statement.body[0].lineno,
                        manager,
                        made,
                        titled(
                            _("Take line {line} out of `{manager}`").format(
                                line=statement.body[0].lineno, manager=manager
                            ),
                            Lift(statement.lineno, manager),
                        ),
                    )
        elif isinstance(statement, ast.FunctionDef):
            for decorator in statement.decorator_list:
                manager = text(decorator)
                if any(off in manager for off in ("no_grad", "inference_mode")):
                    yield _off(
                        decorator.lineno,
                        decorator.lineno,
                        f"@{manager}",
                        [statement.name],
                        titled(
                            _("Remove `@{manager}` from `{name}`").format(manager=manager, name=statement.name),
                            RemoveDecorator(statement.lineno, manager),
                        ),
                    )
        elif isinstance(statement, ast.Expr) and "set_grad_enabled(False)" in text(statement):
            line = statement.lineno
            yield _off(
                line,
                line,
                "set_grad_enabled(False)",
                _made_after(source, statement),
                titled(
                    _("Leave tracking on: remove line {line}").format(line=line),
                    RemoveStatement(line, column_of(source, statement)),
                ),
            )
        elif isinstance(statement, ast.Expr) and "requires_grad_(False)" in text(statement):
            line = statement.lineno
            yield _off(
                line,
                line,
                "requires_grad_(False)",
                [text(statement.value).split(".")[0]],
                titled(_("Remove line {line}").format(line=line), RemoveStatement(line, column_of(source, statement))),
            )


def _is_update(source: Source, block: ast.With) -> bool:
    """Whether the block only updates parameters: there it belongs."""
    own = set(optimizers(source))
    return all(
        isinstance(part, ast.AugAssign)
        or (isinstance(part, ast.Expr) and any(name in text(part) for name in own | {"print"}))
        for part in block.body
    )


def _made_after(source: Source, statement: ast.stmt) -> list[str]:
    return [
        text(other.targets[0])
        for other in source.block_of(statement)
        if isinstance(other, ast.Assign) and other.lineno > statement.lineno
    ][:1]


def _off(line: int, body: int, manager: str, made: list[str], change: Change) -> Suspect:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(made)) or _("what is computed there")
    return Suspect(
        kind="tracking-off",
        line=body,
        cause_line=line if line == body else None,
        weight=8.3,
        changes=(change,),
        headline=_("{names} is computed under `{manager}` (line {line}), so autograd treats it as a constant.").format(
            names=names, manager=manager, line=line
        ),
        why=_(
            "`{manager}` in line {line} switches tracking off: what is computed in line {body} has no graph, and the gradient "
            "that should flow through {names} is missing."
        ).format(manager=manager, line=line, body=body, names=names),
        supposing=_("If {names} were computed with tracking on, without `{manager}` in line {line}").format(
            names=names, manager=manager, line=line
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

REBUILT = SilentKind(
    slug="rebuilt-outside-graph",
    suspects=lambda _trial: (),
    page=Page(
        title=_("A tensor built anew from values"),
        what=_(
            "`.item()`, `float()`, numpy and `torch.tensor(...)` carry values, not graphs. What is built from them is a constant."
        ),
        mend=_("Compute with the tensors themselves; join them with `torch.stack` or `torch.cat`."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "m = torch.tensor(2.0, requires_grad=True)\n"
                "pair = torch.tensor([m * 2, m * 3])\n"
                "out = (pair * m).sum()\n"
                "out.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "m = torch.tensor(2.0, requires_grad=True)\n"
                "pair = torch.stack([m * 2, m * 3])\n"
                "out = (pair * m).sum()\n"
                "out.backward()\n"
            ),
            watch="m.grad",
            line=3,
            facts=(r"pair", r"torch\.tensor", r"stack", r"line 3"),
        ),
        Wrong(
            code=(
                "import torch\n"
                "v = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "w = float(v[0]) * v\n"
                "w.sum().backward()\n"
            ),
            fixed=(
                "import torch\nv = torch.tensor([1.0, 2.0], requires_grad=True)\nw = v[0] * v\nw.sum().backward()\n"
            ),
            watch="v.grad",
            line=3,
            facts=(r"float", r"constant", r"line 3"),
        ),
    ),
)

OFF = SilentKind(
    slug="tracking-off",
    suspects=tracking_off,
    page=Page(
        title=_("Tracking was off"),
        what=_("Under `torch.no_grad()` nothing is recorded. A part of the forward pass computed there is a constant."),
        mend=_("Move the computation out of the block; keep the block for updates and measurements."),
        lesson="autograd/detach",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "@torch.no_grad()\n"
                "def weight(x):\n"
                "    return torch.sigmoid(x)\n"
                "\n"
                "x = torch.tensor([0.5, 2.0], requires_grad=True)\n"
                "(weight(x) * x).sum().backward()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "def weight(x):\n"
                "    return torch.sigmoid(x)\n"
                "\n"
                "x = torch.tensor([0.5, 2.0], requires_grad=True)\n"
                "(weight(x) * x).sum().backward()\n"
            ),
            watch="x.grad",
            line=3,
            facts=(r"no_grad", r"weight", r"line 3"),
        ),
    ),
)
