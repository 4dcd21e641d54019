"""A tensor built anew from the values of others: its history does not come along."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.flows import sources_of
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import Cut, made_by_expression
from tutor.explaining.numbers import as_tensors, extraction_text, kept_as_tensors
from tutor.explaining.untracked import Untracked, headline, mending, source_names, suspects, untracked, way
from tutor.words import _

_BUILDING = frozenset(
    {
        "tensor",
        "as_tensor",
        "asarray",
        "from_numpy",
        "FloatTensor",
        "Tensor",
        "DoubleTensor",
        "new_tensor",
        "scalar_tensor",
    }
)


def _find(facts: Facts) -> Finding | None:
    found = untracked(facts)
    cut = found.cut if found is not None else None
    if found is not None and cut is not None and cut.how == "number-in":
        return _taken_in(facts, found, cut)
    if found is None or cut is None or cut.how not in {"rebuilt", "number"}:
        return None
    node = _building(facts, cut)
    line = node.lineno if node is not None else facts.line_of(cut.event)
    text = facts.code.segment(node) or facts.text_of(cut.event)
    builder = facts.code.segment(node.func) if isinstance(node, ast.Call) else "torch.tensor"
    name = facts.name(cut.result) or text
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("`{builder}` in line {line} built `{name}` from values alone").format(
                builder=builder, line=line, name=name
            ),
        ),
        why=_why(facts, found, cut, text, builder),
        mendings=tuple(_mendings(facts, node)),
        about=(found.root, *cut.sources[:1]),
    )


def _taken_in(facts: Facts, found: Untracked, cut: Cut) -> Finding:
    """A plain number went into the computation: ``total = total + loss.item()``."""
    node, line = facts.node_of(cut.event), facts.line_of(cut.event)
    how, source = extraction_text(facts, cut.event), source_names(facts, cut.sources)
    mendings: list[Mending] = []
    if isinstance(node, ast.expr):
        for one in (node, facts.code.parents.get(node)):
            text = as_tensors(facts.code, one) if isinstance(one, ast.expr) else ""
            if isinstance(one, ast.expr) and text not in {"", facts.code.of(one)}:
                title = _("Use the tensor itself: `{text}` in line {line}").format(text=text, line=one.lineno)
                change = ReplaceExpression(one.lineno, facts.code.of(one), text, facts.code.start(one))
                mendings.append(mending(title, change))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("`{how}` in line {line} made a plain Python number of {source}").format(
                how=how, line=line, source=source
            ),
        ),
        why=_(
            "A Python number knows nothing of the graph it came from, so what is computed from it, "
            "`{root}`, is a constant for autograd and has no grad_fn. Leave `{how}` out: compute with the tensor, and "
            "take the number out only to print or to log it."
        ).format(root=found.written, how=how),
        mendings=tuple(mendings),
        about=(found.root, *cut.sources[:1]),
    )


def _why(facts: Facts, found: Untracked, cut: Cut, text: str, builder: str) -> str:
    words = _("`{builder}` copies numbers: `{text}` is a new tensor that knows nothing of {sources}. ").format(
        builder=builder, text=text, sources=source_names(facts, cut.sources)
    )
    if cut.how == "number":
        words += _("`{how}` in line {line} had taken the numbers out of the graph. ").format(
            how=extraction_text(facts, cut.event), line=facts.line_of(cut.event)
        )
    return (
        words
        + way(facts, found, cut)
        + _("Join tensors with `torch.stack` or `torch.cat`, or use them as they are: these keep the graph.")
    )


def _building(facts: Facts, cut: Cut) -> ast.expr | None:
    """The call that made the new tensor."""
    node = facts.node_of(cut.event) if cut.how == "rebuilt" else made_by_expression(facts, cut.result)
    if not isinstance(node, ast.expr):
        return None
    for source in sources_of(facts.code, node):
        for part in ast.walk(source):
            if isinstance(part, ast.Call) and called_name(part) in _BUILDING:
                return part
    return node


def _mendings(facts: Facts, node: ast.expr | None) -> list[Mending]:
    call = node
    if isinstance(node, ast.expr) and not (isinstance(node, ast.Call) and called_name(node) in _BUILDING):
        calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and called_name(one) in _BUILDING]
        call = calls[0] if calls else None
    if not isinstance(call, ast.Call) or not call.args:
        return []
    elsewhere = [one for one in sources_of(facts.code, call) if call not in (one, *facts.code.ancestors(one))]
    above = [change for change in kept_as_tensors(facts.code, elsewhere) if change.line != call.lineno]
    found: list[Mending] = []
    for text in _rewritten(facts, call):
        title = _("Keep the graph: `{text}` in line {line}").format(text=text, line=call.lineno)
        here = ReplaceExpression(call.lineno, facts.code.of(call), text, facts.code.start(call))
        if above:
            found.append(mending(title, *sorted([here, *above], key=lambda change: change.line, reverse=True)))
        found.append(mending(title, here))
    return found


def _rewritten(facts: Facts, call: ast.Call) -> list[str]:
    """What may stand in place of the call."""
    content = call.args[0]
    if isinstance(content, (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)):
        return [_stacked(facts, content, "stack"), _stacked(facts, content, "cat")]
    text = as_tensors(facts.code, content)
    return [text, f"torch.stack({text})", f"torch.cat({text})"]


def _stacked(facts: Facts, content: ast.expr, function: str) -> str:
    """``[a, b]`` as ``torch.stack([a, b])``; rows of rows one in the other."""
    if isinstance(content, (ast.List, ast.Tuple)):
        parts = [
            _stacked(facts, part, function)
            if isinstance(part, (ast.List, ast.Tuple))
            else as_tensors(facts.code, part)
            if not isinstance(part, ast.Constant)
            else f"torch.tensor({facts.code.of(part)})"
            for part in content.elts
        ]
        return f"torch.{function}([{', '.join(parts)}])"
    inner = as_tensors(facts.code, content)
    return f"torch.{function}({inner})" if inner.startswith("[") else f"torch.{function}([{inner.strip('()')}])"


REBUILT_OUTSIDE_GRAPH = Kind(
    slug="rebuilt-outside-graph",
    rank=20,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("A tensor rebuilt from values"),
        what=_(
            "`torch.tensor([a, b])`, `torch.tensor(x.item())` and `torch.from_numpy(...)` copy numbers into a new "
            "tensor. The graph that those numbers came from is not part of it."
        ),
        mend=_(
            "Use `torch.stack([a, b])` or `torch.cat`, or the tensor itself; `x.clone()` for a copy that keeps the "
            "graph."
        ),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Robot:\n"
                "    def __init__(self):\n"
                "        self.left = torch.tensor(0.2, requires_grad=True)\n"
                "        self.right = torch.tensor(0.4, requires_grad=True)\n"
                "    def pose(self):\n"
                "        both = torch.tensor([self.left.sin(), self.right.cos()])\n"
                "        return both\n"
                "reach = Robot().pose().norm()\n"
                "reach.backward()\n"
            ),
            line=10,
            cause_line=7,
            facts=(r"torch\.tensor", "stack", "line 7", "`both`"),
        ),
        Case(
            code=(
                "import torch\n"
                "heat = torch.tensor([1.0, 4.0], requires_grad=True)\n"
                "peak = heat.max().item()\n"
                "limit = torch.tensor(peak)\n"
                "gap = (limit - 2) ** 2\n"
                "gap.backward()\n"
            ),
            line=6,
            cause_line=4,
            facts=("item", "`limit`", "line 4", "line 3"),
        ),
        Case(
            code=(
                "import torch\n"
                "prices = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
                "bill = torch.tensor(0.0)\n"
                "for price in prices:\n"
                "    bill = bill + price.item() * 1.2\n"
                "bill.backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=(r"\.item\(\)", "`bill", "line 5", "number"),
            fixed=(
                "import torch\n"
                "prices = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
                "bill = torch.tensor(0.0)\n"
                "for price in prices:\n"
                "    bill = bill + price * 1.2\n"
                "bill.backward()\n"
            ),
        ),
        Case(
            code=(
                "import torch\n"
                "import numpy as np\n"
                "angle = torch.tensor([0.1, 0.2], requires_grad=True)\n"
                "wave = torch.from_numpy(np.sin(angle.detach().numpy()))\n"
                "wave.sum().backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("from_numpy", "line 4", r"torch\.sin"),
        ),
    ),
)
