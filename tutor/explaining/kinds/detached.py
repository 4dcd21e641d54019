"""A pass that ends at ``detach()`` or ``.data``."""

from __future__ import annotations

import ast

from tutor.explaining.changes import DropMethod, RemoveStatement, Unwrap
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import Cut, is_update
from tutor.explaining.untracked import headline, mending, source_names, suspects, untracked, way
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    found = untracked(facts)
    cut = found.cut if found is not None else None
    if found is None or cut is None or cut.how != "detached" or is_update(facts, cut.event):
        return None
    line, how = facts.line_of(cut.event), _how(cut)
    name = facts.name(cut.result)
    what = f"`{name}`" if name else _("the result of `{text}`").format(text=facts.text_of(cut.event))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("`{how}` in line {line} cut {what} off from its history").format(how=how, line=line, what=what),
        ),
        why=_("`{text}` gives the values of {sources} without the graph that made them. ").format(
            text=facts.text_of(cut.event), sources=source_names(facts, cut.sources)
        )
        + way(facts, found, cut)
        + _("Leave `{how}` out where the gradient is wanted.").format(how=how),
        mendings=undone(facts, cut),
        about=(found.root, *cut.sources[:1]),
    )


def _how(cut: Cut) -> str:
    return {"data.__get__": ".data", "detach_": "detach_()"}.get(cut.event.op, "detach()")


def undone(facts: Facts, cut: Cut) -> tuple[Mending, ...]:
    """The program without the ``detach()`` or ``.data`` of a cut."""
    node = facts.node_of(cut.event)
    title = _("Keep the history: leave `{how}` out in line {line}").format(how=_how(cut), line=facts.line_of(cut.event))
    if cut.event.op == "detach_" and node is not None and isinstance(facts.code.parents.get(node), ast.Expr):
        return (mending(title, RemoveStatement(node.lineno, facts.code.start(node))),)
    if isinstance(node, (ast.Call, ast.Attribute)):
        name = "data" if cut.event.op.startswith("data") else cut.event.op
        return (
            mending(title, Unwrap(node.lineno, facts.code.of(node), facts.code.start(node))),
            mending(title, DropMethod(node.lineno, name)),
        )
    return ()


DETACHED = Kind(
    slug="detached",
    rank=20,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("Cut off by detach"),
        what=_(
            "`detach()` and `.data` give a tensor's values without the graph that made them. A backward pass that "
            "starts from there finds nothing to go back through."
        ),
        mend=_(
            "Leave the `detach()` out on the way to the loss. Detach what is only to be looked at: "
            "`print(loss.detach())`, `history.append(loss.item())`."
        ),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "rates = torch.tensor([0.1, 0.2], requires_grad=True)\n"
                "def squeezed(values):\n"
                "    flat = torch.tanh(values).detach()\n"
                "    return flat * 2\n"
                "score = squeezed(rates).sum()\n"
                "score.backward()\n"
            ),
            line=7,
            cause_line=4,
            facts=("`score`", "`flat`", "line 4", "detach"),
            fixed=(
                "import torch\n"
                "rates = torch.tensor([0.1, 0.2], requires_grad=True)\n"
                "def squeezed(values):\n"
                "    flat = torch.tanh(values)\n"
                "    return flat * 2\n"
                "score = squeezed(rates).sum()\n"
                "score.backward()\n"
            ),
        ),
        Case(
            code=(
                "import torch\n"
                "class Bridge:\n"
                "    def __init__(self):\n"
                "        self.span = torch.tensor([3.0, 4.0], requires_grad=True)\n"
                "    def load(self):\n"
                "        doubled = self.span.data * 2\n"
                "        return doubled.norm()\n"
                "Bridge().load().backward()\n"
            ),
            line=8,
            cause_line=6,
            facts=(r"\.data", r"self\.span", "line 6"),
        ),
    ),
)
