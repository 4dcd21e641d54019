"""A pass that starts at a tensor without history: the facts that several kinds share."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

from tutor.explaining.changes import Change
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.explaining.lineage import Cut, Lineage, lineage, made_by_expression
from tutor.words import _

_ELEMENT = re.compile(r"element (\d+) of tensors does not require grad")
_TARGETS = ("target", "label", "truth", "answer", "wanted", "expected", "goal", "y_true", "gold")


@dataclass(frozen=True, slots=True)
class Untracked:
    """The tensor (number ``root``) at which the pass was to start, as the program writes it, and its lineage."""

    root: int
    written: str
    call: str
    lineage: Lineage

    @property
    def cut(self) -> Cut | None:
        return self.lineage.cuts[0] if self.lineage.cuts else None


def suspects(facts: Facts) -> bool:
    return facts.raised("does not require grad and does not have a grad_fn")


@lru_cache(maxsize=4)
def untracked(facts: Facts) -> Untracked | None:
    """What is known of the failed pass; None when it failed for another reason or was not recorded."""
    seen, message = facts.failed_backward, facts.exception.message if facts.exception else ""
    element = _ELEMENT.search(message)
    if seen is None or element is None or int(element.group(1)) >= len(seen.roots):
        return None
    root = seen.roots[int(element.group(1))]
    written = facts.written_root(int(element.group(1)))
    call = facts.failing if isinstance(facts.failing, ast.Call) else None
    text = facts.code.segment(call)
    if len(text) > 50 and call is not None:
        text = f"{facts.code.segment(call.func)}(…)"
    return Untracked(
        root=root,
        written=facts.code.segment(written) or facts.name(root) or _("the result"),
        call=text or "backward()",
        lineage=_ordered(facts, lineage(facts, root)),
    )


def _ordered(facts: Facts, found: Lineage) -> Lineage:
    """Cuts of what is only compared with come last: a target is meant to have no history."""

    def is_target(cut: Cut) -> bool:
        name = (facts.name(cut.result) or "").lower()
        return any(word in name for word in _TARGETS)

    return Lineage(tuple(sorted(found.cuts, key=is_target)), found.origins)


def headline(facts: Facts, found: Untracked, cause: str) -> str:
    """One sentence: where it failed, on what, and the cause."""
    return _("`{call}` in line {line} has nothing to go back through: {cause}.").format(
        call=found.call, line=facts.line, cause=cause
    )


def way(facts: Facts, found: Untracked, cut: Cut) -> str:
    """How the failing tensor depends on the place of the cut, where that is not plain."""
    made = made_by_expression(facts, cut.result) if cut.how == "number" else facts.node_of(cut.event)
    name = facts.name(cut.result) or facts.code.segment(made)
    if cut.result == found.root or name == found.written:
        return _("So `{root}` does not require grad and has no grad_fn. ").format(root=found.written)
    return _("`{root}` is computed from `{name}`, so it does not require grad either and has no grad_fn. ").format(
        root=found.written, name=name
    )


def mending(title: str, *changes: Change) -> Mending:
    return Mending(title=title, changes=changes)


def source_names(facts: Facts, numbers: tuple[int, ...]) -> str:
    """Names of the tensors that lost their connection, for a sentence."""
    names = [name for number in numbers if (name := facts.name(number))]
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names[:3])) or _("what it was computed from")
