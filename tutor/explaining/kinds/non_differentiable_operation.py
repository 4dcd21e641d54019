"""An operation whose result has no derivative: comparisons, indices, counts, casts to integers."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import DropMethod, RenameAttribute, ReplaceExpression, SetKeyword, Unwrap
from tutor.explaining.changes.expressions import inner_of, tight
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import Cut
from tutor.explaining.untracked import Untracked, headline, mending, source_names, suspects, untracked, way
from tutor.words import _

_COMPARING = {"gt": ">", "lt": "<", "ge": ">=", "le": "<=", "eq": "==", "ne": "!=", "__eq__": "==", "__ne__": "!="}
_INDICES = frozenset(
    {"argmax", "argmin", "argsort", "nonzero", "searchsorted", "bucketize", "argwhere", "max", "min", "topk"}
)
_CASTS = frozenset({"long", "int", "short", "bool", "to", "type", "byte", "char"})


def _find(facts: Facts) -> Finding | None:
    found = untracked(facts)
    cut = found.cut if found is not None else None
    if found is None or cut is None or cut.how != "non-differentiable":
        return None
    line = facts.line_of(cut.event)
    operation = _operation(facts, cut.event)
    if cut.event.op in _WRITES:
        return _written_into(facts, found, cut)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts, found, _("`{operation}` in line {line} is not differentiable").format(operation=operation, line=line)
        ),
        why=_reason(facts, cut) + way(facts, found, cut) + _advice(cut.event),
        mendings=tuple(_mendings(facts, found, cut)),
        about=(found.root, *cut.sources[:1]),
    )


_WRITES = frozenset({"__setitem__", "setitem", "copy_", "fill_", "index_put_", "masked_fill_", "add_"})


def _written_into(facts: Facts, found: Untracked, cut: Cut) -> Finding:
    """Values written into a tensor of whole numbers."""
    known, line = facts.tensor(cut.result), facts.line_of(cut.event)
    name, dtype = facts.name(cut.result) or facts.text_of(cut.event), known.dtype if known is not None else "int64"
    node = facts.node_of(facts.maker(cut.result))
    mendings: list[Mending] = []
    if isinstance(node, ast.Call):
        floats = SetKeyword(node.lineno, called_name(node), "dtype", "torch.float32", facts.code.start(node))
        title = _("Make `{name}` of floats in line {line}").format(name=name, line=node.lineno)
        mendings.append(mending(title, floats))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("line {line} writes into `{name}`, which holds whole numbers ({dtype})").format(
                line=line, name=name, dtype=dtype
            ),
        ),
        why=_(
            "`{text}` rounds what is written to integers, and no gradient passes through that: `{name}` does not require "
            "grad. Make `{name}` with a floating-point dtype."
        ).format(text=facts.text_of(cut.event), name=name),
        mendings=tuple(mendings),
        about=(found.root, *cut.sources[:1]),
    )


def _operation(facts: Facts, event: Event) -> str:
    if event.op in _COMPARING and isinstance(facts.node_of(event), ast.Compare):
        return _COMPARING[event.op]
    return event.op.removesuffix(".__get__").strip("_") or event.op


def _reason(facts: Facts, cut: Cut) -> str:
    text, sources = facts.text_of(cut.event), source_names(facts, cut.sources)
    known = facts.tensor(cut.result)
    if cut.event.op in _COMPARING:
        return _(
            "The comparison `{text}` says yes or no: a small change of {sources} does not change it, so there is no "
            "gradient. "
        ).format(text=text, sources=sources)
    if cut.event.op in _INDICES:
        return _(
            "`{text}` gives an index, a whole number: it jumps from one integer to the next, and a small change of "
            "{sources} does not change it. "
        ).format(text=text, sources=sources)
    return _(
        "`{text}` gives {dtype} values, whole numbers that do not move with {sources}: no gradient passes. "
    ).format(text=text, dtype=known.dtype if known else _("integer"), sources=sources)


def _advice(event: Event) -> str:
    if event.op in _COMPARING:
        return _(
            "Learn from a smooth measure instead, such as `torch.sigmoid`, `cross_entropy` or `mse_loss`, and keep the "
            "comparison for reporting."
        )
    if event.op in _INDICES:
        return _("Use the value itself (`max`, `amax`), or a smooth choice such as `softmax` or `cross_entropy`.")
    return _("Keep floating-point numbers on the way to the loss.")


def _mendings(facts: Facts, found: Untracked, cut: Cut) -> list[Mending]:
    node = facts.node_of(cut.event)
    if node is None:
        return []
    mendings = _loss_instead(facts, found, cut)
    if cut.event.op in {"argmax", "argmin"} and isinstance(node, ast.Call):
        short = cut.event.op[3:]
        new = short if not (node.keywords or len(node.args) > (called_name(node.func) == "torch")) else f"a{short}"
        title = _("Use the value instead of its index: `{new}` in line {line}").format(new=new, line=node.lineno)
        mendings.append(mending(title, RenameAttribute(node.lineno, cut.event.op, new)))
        mendings.append(mending(title, RenameAttribute(node.lineno, cut.event.op, f"a{short}")))
    elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
        mendings.extend(_smooth(facts, node, cut.event))
    elif cut.event.op in _CASTS and isinstance(node, ast.Call):
        mendings.extend(_without_rounding(facts, node))
        title = _("Stay with floating-point numbers: leave `{cast}` out in line {line}").format(
            cast=f".{called_name(node)}()", line=node.lineno
        )
        mendings.append(mending(title, DropMethod(node.lineno, called_name(node))))
    elif isinstance(node, ast.Attribute) and node.attr == "indices":
        title = _("Use `values` instead of `indices` in line {line}").format(line=node.lineno)
        mendings.append(mending(title, RenameAttribute(node.lineno, "indices", "values")))
    return [*mendings, *_values(facts, cut, node), *_left_out(facts, node)]


_ROUNDING = frozenset({"round", "floor", "ceil", "trunc", "sign"})


def _without_rounding(facts: Facts, node: ast.Call) -> list[Mending]:
    """``w.round().int()``: rounding lets no gradient through either."""
    inner = inner_of(node)
    within = inner_of(inner) if isinstance(inner, ast.Call) and called_name(inner) in _ROUNDING else None
    if within is None:
        return []
    text = facts.code.of(within)
    change = ReplaceExpression(node.lineno, facts.code.of(node), text, facts.code.start(node))
    return [
        mending(
            _("Stay with floating-point numbers: `{text}` in line {line}").format(text=text, line=node.lineno), change
        )
    ]


def _values(facts: Facts, cut: Cut, node: ast.AST) -> list[Mending]:
    """The values that came beside the indices: of ``sort``, ``topk``, ``max`` with a dimension."""
    if isinstance(node, ast.Call) and cut.event.op == "argsort":
        text = facts.code.of(node)
        new = f"{text.replace('argsort', 'sort', 1)}.values"
        title = _("Use the sorted values: `{new}` in line {line}").format(new=new, line=node.lineno)
        return [mending(title, ReplaceExpression(node.lineno, text, new, facts.code.start(node)))]
    targets = facts.code.targets(node)
    pair = targets[0].elts if targets and isinstance(targets[0], ast.Tuple) else []
    if len(pair) != 2:
        return []
    values, indices = (facts.code.of(part) for part in pair)
    reads = [
        part
        for part in facts.code.nodes
        if isinstance(part, ast.Name) and part.id == indices and isinstance(part.ctx, ast.Load)
    ]
    changes = [ReplaceExpression(part.lineno, indices, values, facts.code.start(part)) for part in reversed(reads)]
    title = _("Use the values `{values}`, not the indices `{indices}`").format(values=values, indices=indices)
    return [mending(title, *changes)] if changes else []


def _left_out(facts: Facts, node: ast.AST) -> list[Mending]:
    if not isinstance(node, ast.Call):
        return []
    text, column, name = facts.code.of(node), facts.code.start(node), called_name(node)
    title = _("Leave `{name}` out in line {line}").format(name=name, line=node.lineno)
    found = [mending(title, Unwrap(node.lineno, text, column))]
    inner = inner_of(node)
    if inner is not None and name in {"count_nonzero", "any", "all"}:
        new = f"{tight(facts.code.of(inner))}.abs().sum()"
        smooth = _("Use a smooth measure: `{new}` in line {line}").format(new=new, line=node.lineno)
        found.append(mending(smooth, ReplaceExpression(node.lineno, text, new, column)))
    return found


def _smooth(facts: Facts, node: ast.Compare, event: Event) -> list[Mending]:
    """``a > b`` as ``torch.sigmoid(a - b)``; equality as closeness."""
    left, right = (tight(facts.code.of(part)) for part in (node.left, node.comparators[0]))
    one, two = (right, left) if event.op in {"lt", "le"} else (left, right)
    zero = two in {"0", "0.0"}
    new = f"torch.sigmoid({one} - {two})" if not zero else f"torch.sigmoid({one.strip('()') if one[0] == '(' else one})"
    if event.op.strip("_") in {"eq", "ne"}:
        new = f"torch.exp(-({left} - {right}).abs())" if event.op.strip("_") == "eq" else f"({left} - {right}).abs()"
    title = _("Use a smooth measure: `{new}` in line {line}").format(new=new, line=node.lineno)
    return [mending(title, ReplaceExpression(node.lineno, facts.code.of(node), new, facts.code.start(node)))]


def _loss_instead(facts: Facts, found: Untracked, cut: Cut) -> list[Mending]:
    """For an accuracy used as a loss: the loss that fits scores and labels, in place of the whole expression."""
    scores = _scores(facts, cut)
    labels = _labels(facts, cut)
    maker = facts.maker(found.root)
    name = facts.name(found.root)
    node = facts.node_of(maker)
    statement = None if node is None else facts.code.statement_of(node)
    if scores is None or labels is None or name is None or not isinstance(statement, ast.Assign):
        return []
    functions = ("cross_entropy",) if cut.event.op in _INDICES else ("binary_cross_entropy_with_logits", "mse_loss")
    return [
        mending(
            _("Learn from `{function}`, which is smooth, in line {line}").format(
                function=function, line=statement.lineno
            ),
            ReplaceExpression(
                statement.value.lineno,
                facts.code.of(statement.value),
                f"torch.nn.functional.{function}({scores}, {labels})",
                facts.code.start(statement.value),
            ),
        )
        for function in functions
    ]


def _scores(facts: Facts, cut: Cut) -> str | None:
    """The expression of the differentiable tensor that was compared or searched."""
    node = facts.node_of(cut.event)
    if isinstance(node, ast.Compare):
        return facts.code.of(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if ast.unparse(node.func.value) == "torch":
            return facts.code.of(node.args[0]) if node.args else None
        return facts.code.of(node.func.value)
    return None


def _labels(facts: Facts, cut: Cut) -> str | None:
    """What the decision is compared with, later, on the way to the loss."""
    for event in facts.events("eq", "ne", "__eq__", "__ne__"):
        node = facts.node_of(event)
        if event.seq >= cut.event.seq and isinstance(node, ast.Compare) and len(node.comparators) == 1:
            return facts.code.of(node.comparators[0])
    return None


NON_DIFFERENTIABLE_OPERATION = Kind(
    slug="non-differentiable-operation",
    rank=20,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("An operation without derivative"),
        what=_(
            "Comparisons, `argmax`, counting and casts to integers give values that do not move when their input "
            "moves a little. Autograd cuts the graph there."
        ),
        mend=_(
            "Learn from something smooth: the value instead of its index, a sigmoid, a cross-entropy; count for "
            "reports only."
        ),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "torch.manual_seed(0)\n"
                "net = nn.Linear(3, 4)\n"
                "rows, classes = torch.ones(2, 3), torch.tensor([0, 3])\n"
                "guess = net(rows).argmax(dim=1)\n"
                "wrong = (guess != classes).float().mean()\n"
                "wrong.backward()\n"
            ),
            line=8,
            cause_line=6,
            facts=("argmax", "`wrong`", "line 6", "cross_entropy"),
        ),
        Case(
            code=(
                "import torch\n"
                "def hits(values, limit):\n"
                "    return (values > limit).sum()\n"
                "heights = torch.tensor([0.2, 0.9], requires_grad=True)\n"
                "over = hits(heights, 0.5)\n"
                "over.backward()\n"
            ),
            line=6,
            cause_line=3,
            facts=("comparison", "line 3", "sigmoid", "`over`"),
        ),
        Case(
            code=(
                "import torch\n"
                "ratio = torch.tensor([1.5, 2.5], requires_grad=True)\n"
                "whole = ratio.long()\n"
                "total = (whole * 2.0).sum()\n"
                "total.backward()\n"
            ),
            line=5,
            cause_line=3,
            facts=("long", "int64", "line 3", "`ratio`"),
        ),
    ),
)
