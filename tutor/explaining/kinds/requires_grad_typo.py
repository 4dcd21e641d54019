"""``requires_grad`` misspelt: Python lets a tensor have any attribute."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import RenameAttribute
from tutor.explaining.code import flat
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.untracked import Untracked, headline, mending, suspects, untracked
from tutor.words import _


def _find_typo(facts: Facts) -> Finding | None:
    found = untracked(facts)
    event = None if found is None else _misspelt(facts, found)
    if found is None or event is None:
        return None
    wrong, line = event.argument("name") or "", facts.line_of(event)
    node = facts.node_of(event)
    name = facts.name(event.inputs[0]) or (facts.code.segment(node.value) if isinstance(node, ast.Attribute) else "")
    mendings: list[Mending] = []
    target = _attribute(facts, event, wrong)
    if target is not None:
        mendings.append(
            mending(
                _("Write `requires_grad` in line {line}").format(line=line),
                RenameAttribute(target.lineno, wrong, "requires_grad", facts.code.start(target)),
            )
        )
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("line {line} sets `{wrong}` on `{name}`, and the attribute is called `requires_grad`").format(
                line=line, wrong=wrong, name=name
            ),
        ),
        why=_(
            "Python lets a tensor have any attribute, so `{name}.{wrong} = {value}` raises nothing and changes "
            "nothing: `{name}.requires_grad` is still False, and `{root}` has no grad_fn."
        ).format(name=name, wrong=wrong, value=event.argument("value"), root=found.written),
        mendings=tuple(mendings),
    )


def _misspelt(facts: Facts, found: Untracked) -> Event | None:
    """The event that set an attribute meant to be ``requires_grad`` on a tensor that the pass depends on."""
    for event in facts.events("unknown-attribute"):
        name = (event.argument("name") or "").lower().replace("_", "")
        if name in _MEANT or ("grad" in name and "req" in name):
            known = facts.tensor(event.inputs[0])
            if event.inputs[0] in found.lineage.origins or (known is not None and not known.requires_grad):
                return event
    return None


_MEANT = frozenset({"requiregrad", "requiresgrads", "requiresgradient", "requiregradient", "requiregrads", "needsgrad"})


def _attribute(facts: Facts, event: Event, wrong: str) -> ast.Attribute | None:
    statement = _statement(facts, event)
    if not isinstance(statement, ast.Assign):
        return None
    targets = [part for target in statement.targets for part in flat(target)]
    return next((part for part in targets if isinstance(part, ast.Attribute) and part.attr == wrong), None)


def _statement(facts: Facts, event: Event) -> ast.stmt | None:
    node = facts.node_of(event)
    return None if node is None else facts.code.statement_of(node)


REQUIRES_GRAD_TYPO = Kind(
    slug="requires-grad-typo",
    rank=18,
    suspects=suspects,
    find=_find_typo,
    page=Page(
        title=_("requires_grad misspelt"),
        what=_(
            "Python lets you set any attribute on a tensor. `x.require_grad = True` sets one that nobody reads; "
            "autograd looks at `requires_grad`."
        ),
        mend=_("Write `x.requires_grad = True`, or `x.requires_grad_()`, which raises an error when misspelt."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Knob:\n"
                "    def __init__(self):\n"
                "        self.turn = torch.tensor(0.5)\n"
                "        self.turn.requiers_grad = True\n"
                "knob = Knob()\n"
                "loud = knob.turn * 3\n"
                "loud.backward()\n"
            ),
            line=8,
            cause_line=5,
            facts=("requiers_grad", "requires_grad", r"turn", "line 5"),
        ),
    ),
)
