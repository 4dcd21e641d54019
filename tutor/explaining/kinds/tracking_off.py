"""Computed while tracking was off: no_grad, inference_mode, set_grad_enabled(False), as a block, decorator or call."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import (
    Change,
    Insert,
    Lift,
    Move,
    RemoveDecorator,
    RemoveStatement,
    ReplaceExpression,
    UpdateInPlace,
    WithMethod,
)
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import Cut, is_update
from tutor.explaining.untracked import Untracked, headline, mending, source_names, suspects, untracked, way
from tutor.words import _


def _cut_by_mode(facts: Facts) -> tuple[Untracked, Cut, Event] | None:
    found = untracked(facts)
    cut = found.cut if found is not None else None
    if found is None or cut is None or cut.how != "tracking-off" or cut.event.off_by is None:
        return None
    mode = facts.history.by_seq.get(cut.event.off_by)
    return None if mode is None else (found, cut, mode)


def _find(facts: Facts) -> Finding | None:
    seen = _cut_by_mode(facts)
    if seen is None or is_update(facts, seen[1].event):
        return None
    found, cut, mode = seen
    by, line = _by(mode), _mode_line(facts, mode)
    done = facts.line_of(cut.event)
    name = facts.name(cut.result) or facts.text_of(cut.event)
    function = mode.argument("function")
    where = (
        _("`{function}` is decorated with `{by}` in line {line}").format(function=function, by=by, line=line)
        if mode.argument("how") == "decorator"
        else _("`{by}` in line {line} switched tracking off").format(by=by, line=line)
    )
    return Finding(
        line=facts.line,
        cause_line=_only_statement(facts, mode) or line,
        headline=headline(facts, found, _("{where} when `{name}` was computed").format(where=where, name=name)),
        why=_(
            "`{text}` in line {done} used {sources}, which can have a gradient, but while tracking is off autograd "
            "builds no graph. "
        ).format(text=facts.text_of(cut.event), done=done, sources=source_names(facts, cut.sources))
        + way(facts, found, cut)
        + _("Use `{by}` only for what needs no gradient: updates, evaluation.").format(by=by),
        mendings=tuple(_mendings(facts, cut, mode)),
        about=(found.root, *cut.sources[:1]),
    )


def _by(mode: Event) -> str:
    by = mode.argument("by") or "no_grad"
    return {"set_grad_enabled": "set_grad_enabled(False)"}.get(by, by)


def _only_statement(facts: Facts, mode: Event) -> int | None:
    """The line of a block's only statement, which is then what to look at."""
    node = facts.node_of(mode)
    block = None if node is None else facts.code.with_block(node, mode.argument("by") or "")
    if mode.argument("how") != "block" or block is None or len(block.body) > 1:
        return None
    return block.body[0].lineno


def _mode_line(facts: Facts, mode: Event) -> int | None:
    """The line of the block or call; of the decorator, where a decorator did it."""
    line = mode.argument("line")
    if mode.argument("how") == "decorator" and line is not None and mode.argument("function") is not None:
        return int(line)
    return facts.line_of(mode)


def _mendings(facts: Facts, cut: Cut, mode: Event) -> list[Mending]:
    node, by = facts.node_of(mode), _by(mode)
    line = _mode_line(facts, mode)
    if mode.argument("how") == "decorator" and line is not None:
        name = mode.argument("by") or "no_grad"
        title = _("Let `{function}` be tracked: remove the decorator in line {line}").format(
            function=mode.argument("function"), line=line
        )
        return [mending(title, RemoveDecorator(line, name))]
    if node is None:
        return []
    block = next((above for above in (node, *facts.code.ancestors(node)) if isinstance(above, ast.With)), None)
    if mode.argument("how") == "block" and block is not None:
        return _out_of_block(facts, cut, block, by)
    return _switch_on(facts, node, cut)


def _out_of_block(facts: Facts, cut: Cut, block: ast.With, by: str) -> list[Mending]:
    manager = next(
        (facts.code.of(item.context_expr) for item in block.items if called_name(item.context_expr) in by), ""
    )
    lift = mending(
        _("Compute it with tracking on: take the block out of `{by}`").format(by=by), Lift(block.lineno, manager)
    )
    node = facts.node_of(cut.event)
    statement = None if node is None else facts.code.statement_of(node)
    if statement is None or statement not in block.body or len(block.body) == 1:
        return [lift]
    first = [one for one in block.body if one.lineno <= statement.lineno]
    title = _("Compute it before the `{by}` block: move line {line} out").format(by=by, line=statement.lineno)
    moves: list[Change] = [Move(statement.lineno, block.lineno)]
    out = mending(title, *moves)
    updates = any(isinstance(one, ast.AugAssign) for one in block.body)
    return [out, lift] if updates or first[-1] is not block.body[-1] else [lift, out]


def _switch_on(facts: Facts, node: ast.expr | ast.stmt, cut: Cut) -> list[Mending]:
    """For ``torch.set_grad_enabled(False)`` as a plain call."""
    found = []
    made = facts.node_of(cut.event)
    if isinstance(node, ast.Call) and node.args:
        text = facts.code.of(node.args[0])
        change = ReplaceExpression(node.args[0].lineno, text, "True", facts.code.start(node.args[0]))
        found.append(mending(_("Leave tracking on in line {line}").format(line=node.lineno), change))
        found.append(
            mending(
                _("Remove line {line}").format(line=node.lineno), RemoveStatement(node.lineno, facts.code.start(node))
            )
        )
    if made is not None:
        statement = facts.code.statement_of(made)
        found.append(
            mending(
                _("Switch tracking on again before line {line}").format(line=statement.lineno),
                Insert(statement.lineno, "torch.set_grad_enabled(True)"),
            )
        )
    return found


# The parameter itself was replaced by an untracked one


def _find_rebound(facts: Facts) -> Finding | None:
    seen = _cut_by_mode(facts)
    if seen is None or not is_update(facts, seen[1].event):
        return None
    found, cut, mode = seen
    bound, node = facts.binding(cut.event), facts.node_of(cut.event)
    statement = bound[0] if bound is not None else None if node is None else facts.code.statement_of(node)
    line, by = statement.lineno if statement is not None else facts.line_of(cut.event), _by(mode)
    name = facts.assigned_name(cut.event) or facts.name(cut.result) or "w"
    text = facts.code.segment(statement)
    return Finding(
        kind="leaf-rebound-under-no-grad",
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("line {line} replaced `{name}` by a new tensor that does not require grad").format(line=line, name=name),
        ),
        why=_(
            "`{text}` does not change the tensor that required grad: it computes a new one, under `{by}`, and calls "
            "that `{name}` from then on. So the next forward pass has nothing to learn. Change the tensor in place, "
            "`{name} -= …`, or ask the new one for gradients with `requires_grad_()`."
        ).format(text=text, by=by, name=name),
        mendings=(*_in_place(facts, statement, name), *_asked_again(facts, node)),
    )


def _in_place(facts: Facts, statement: ast.stmt | None, name: str) -> tuple[Mending, ...]:
    if not isinstance(statement, ast.Assign):
        return ()
    value = statement.value
    return (
        mending(
            _("Change `{name}` in place: `{name} -= …`").format(name=name),
            UpdateInPlace(statement.lineno, no_grad=False, column=facts.code.start(statement)),
        ),
        mending(
            _("Make the new tensor a leaf that requires grad: `.requires_grad_()`"),
            WithMethod(value.lineno, facts.code.of(value), "requires_grad_()", facts.code.start(value)),
        ),
    )


def _asked_again(facts: Facts, node: ast.expr | ast.stmt | None) -> list[Mending]:
    """Where a helper computes the new tensor: ask there."""
    if not isinstance(node, ast.expr):
        return []
    change = WithMethod(node.lineno, facts.code.of(node), "requires_grad_()", facts.code.start(node))
    return [mending(_("Ask the new tensor for gradients in line {line}").format(line=node.lineno), change)]


TRACKING_OFF = Kind(
    slug="tracking-off",
    rank=20,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("Tracking was off"),
        what=_(
            "Inside `torch.no_grad()`, `torch.inference_mode()` or after `torch.set_grad_enabled(False)` autograd "
            "builds no graph. What is computed there has no history, and no gradient can come back from it."
        ),
        mend=_(
            "Take the forward pass out of the block or remove the decorator; keep it around updates and evaluation."
        ),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Net(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.fc = nn.Linear(2, 1)\n"
                "    @torch.no_grad()\n"
                "    def forward(self, x):\n"
                "        return self.fc(x)\n"
                "net = Net()\n"
                "cost = net(torch.ones(3, 2)).mean()\n"
                "cost.backward()\n"
            ),
            line=12,
            cause_line=7,
            facts=("no_grad", "`cost`", "forward"),
        ),
        Case(
            code=(
                "import torch\n"
                "torch.set_grad_enabled(False)\n"
                "gain = torch.tensor(2.0, requires_grad=True)\n"
                "power = gain ** 2\n"
                "power.backward()\n"
            ),
            line=5,
            cause_line=2,
            facts=("set_grad_enabled", "`power`", "`gain`"),
        ),
        Case(
            code=(
                "import torch\n"
                "gain = torch.tensor(2.0, requires_grad=True)\n"
                "with torch.inference_mode():\n"
                "    power = gain ** 2\n"
                "power.backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("inference_mode", "`power`", "line 3"),
        ),
    ),
)

LEAF_REBOUND_UNDER_NO_GRAD = Kind(
    slug="leaf-rebound-under-no-grad",
    rank=19,
    suspects=suspects,
    find=_find_rebound,
    page=Page(
        title=_("The parameter was replaced under no_grad"),
        what=_(
            "`w = w - lr * w.grad` under `torch.no_grad()` makes a new tensor that does not require grad and gives "
            "it the old name. The next backward finds nothing to learn."
        ),
        mend=_("Change the tensor in place: `w -= lr * w.grad`."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Fit:\n"
                "    def __init__(self):\n"
                "        self.bend = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "    def step(self):\n"
                "        miss = (self.bend ** 2).sum()\n"
                "        miss.backward()\n"
                "        with torch.no_grad():\n"
                "            self.bend = self.bend - 0.1 * self.bend.grad\n"
                "fit = Fit()\n"
                "fit.step()\n"
                "fit.step()\n"
            ),
            line=7,
            cause_line=9,
            facts=(r"self\.bend", "no_grad", "line 9", "-="),
        ),
    ),
)
