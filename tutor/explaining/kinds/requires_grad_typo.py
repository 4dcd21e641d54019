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
    if facts.exception is None:
        return _find_unnoticed(facts)
    found = untracked(facts)
    event = None if found is None else _misspelt(facts, found)
    if found is None or event is None:
        return None
    wrong, line = event.argument("name") or "", facts.line_of(event)
    node = facts.node_of(event)
    name = facts.name(event.inputs[0]) or (facts.code.segment(node.value) if isinstance(node, ast.Attribute) else "")
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
        mendings=_spelt(facts, event, wrong),
    )


def _spelt(facts: Facts, event: Event, wrong: str) -> tuple[Mending, ...]:
    target = _attribute(facts, event, wrong)
    if target is None:
        return ()
    title = _("Write `requires_grad` in line {line}").format(line=target.lineno)
    return (mending(title, RenameAttribute(target.lineno, wrong, "requires_grad", facts.code.start(target))),)


def _suspects(facts: Facts) -> bool:
    return suspects(facts) or (facts.observation.outcome == "ok" and _written(facts))


def _written(facts: Facts) -> bool:
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_meant(node.attr)
        for node in facts.code.nodes
    )


def _find_unnoticed(facts: Facts) -> Finding | None:
    """Nothing has failed yet: the tensor just does not require grad."""
    event = next((one for one in facts.events("unknown-attribute") if _is_meant(one.argument("name") or "")), None)
    known = None if event is None else facts.tensor(event.inputs[0])
    if event is None or known is None or known.requires_grad:
        return None
    wrong, line, node = event.argument("name") or "", facts.line_of(event), facts.node_of(event)
    name = facts.name(known.id) or (facts.code.segment(node.value) if isinstance(node, ast.Attribute) else "x")
    return Finding(
        severity="warning",
        line=line,
        cause_line=line,
        headline=_(
            "`{name}` does not require grad: in line {line} `{wrong}` is set, and the attribute is called `requires_grad`."
        ).format(name=name, line=line, wrong=wrong),
        why=_(
            "Python lets a tensor have any attribute, so `{name}.{wrong} = {value}` raises nothing and changes "
            "nothing: `{name}.requires_grad` is still False, and autograd records nothing for it."
        ).format(name=name, wrong=wrong, value=event.argument("value")),
        mendings=_spelt(facts, event, wrong),
    )


def _is_meant(name: str) -> bool:
    plain = name.lower().replace("_", "")
    return plain != "requiresgrad" and (plain in _MEANT or ("grad" in plain and "req" in plain))


def _misspelt(facts: Facts, found: Untracked) -> Event | None:
    """The event that set an attribute meant to be ``requires_grad`` on a tensor that the pass depends on."""
    for event in facts.events("unknown-attribute"):
        if _is_meant(event.argument("name") or ""):
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
    suspects=_suspects,
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
