"""Nothing that the failing tensor was computed from was asked for a gradient."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event, TensorKnown
from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.leaves import asking_for_grad, likeliest, made_on, name_of_leaf, part_of
from tutor.explaining.untracked import Untracked, headline, mending, suspects, untracked
from tutor.words import _


def _without_cut(facts: Facts) -> Untracked | None:
    found = untracked(facts)
    return found if found is not None and found.cut is None else None


def _find(facts: Facts) -> Finding | None:
    found = _without_cut(facts)
    if found is None:
        return None
    frozen = _frozen(facts, found)
    if frozen is not None:
        return _find_frozen(facts, found, frozen)
    leaf = likeliest(facts, found.lineage.origins)
    late = None if leaf is None else _asked_late(facts, leaf)
    if leaf is None:
        return _unnamed(facts, found)
    name, line = name_of_leaf(facts, leaf), made_on(facts, leaf)
    if late is not None:
        return _find_late(facts, found, leaf, late)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("`{name}`, made in line {line}{part}, was not asked for a gradient").format(
                name=name, line=line, part=part_of(facts, leaf)
            ),
        ),
        why=_others(facts, found, leaf)
        + _(
            "Autograd records only what depends on a tensor with `requires_grad=True`. Here there is none, so "
            "`{root}` has no grad_fn. Make `{name}` with `requires_grad=True` in line {line}."
        ).format(root=found.written, name=name, line=line),
        mendings=asking_for_grad(facts, leaf),
        about=(found.root, leaf.id),
    )


def _others(facts: Facts, found: Untracked, leaf: TensorKnown) -> str:
    names = [name for number in found.lineage.origins if (name := facts.name(number)) and number != leaf.id]
    own = name_of_leaf(facts, leaf)
    listed = ", ".join(f"`{name}`" for name in dict.fromkeys([own, *names[:3]]))
    return _("`{root}` was computed from {names}. ").format(root=found.written, names=listed)


def _unnamed(facts: Facts, found: Untracked) -> Finding:
    return Finding(
        line=facts.line,
        headline=headline(facts, found, _("nothing that `{root}` depends on requires grad").format(root=found.written)),
        why=_(
            "Autograd records only what depends on a tensor with `requires_grad=True`, and `{root}` was computed "
            "without one."
        ).format(root=found.written),
    )


# Asked for a gradient only after the forward pass


def _asked_late(facts: Facts, leaf: TensorKnown) -> Event | None:
    if not leaf.requires_grad:
        return None
    asked = [event for event in facts.events("requires_grad_", "requires_grad.__set__") if leaf.id in event.inputs]
    return asked[-1] if asked else None


def _find_late(facts: Facts, found: Untracked, leaf: TensorKnown, late: Event) -> Finding:
    name, line = name_of_leaf(facts, leaf), facts.line_of(late)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("`{name}` was asked for a gradient in line {line}, after it had been used").format(name=name, line=line),
        ),
        why=_(
            "Autograd records while the forward pass runs. When `{root}` was computed, `{name}` did not require grad "
            "yet, and setting `requires_grad` later does not change what was recorded. Ask for it where `{name}` is "
            "made."
        ).format(root=found.written, name=name),
        mendings=asking_for_grad(facts, leaf),
    )


# A module or parameter that was frozen


def _frozen(facts: Facts, found: Untracked) -> Event | None:
    """The event that switched ``requires_grad`` off for one of the tensors it came from."""
    origins = set(found.lineage.origins)
    for event in reversed(facts.events("requires_grad_", "requires_grad.__set__")):
        if event.argument("on") == "False" and origins & set(event.inputs):
            return event
    return None


def _find_frozen(facts: Facts, found: Untracked, frozen: Event) -> Finding:
    line = facts.line_of(frozen)
    names = [name for number in found.lineage.origins if (name := facts.name(number)) and facts.was_frozen(number)]
    owner = names[0].split(".")[0].split("[")[0] if names else ""
    whose = _("all parameters of `{owner}`").format(owner=owner) if len(names) > 1 else f"`{names[0]}`" if names else ""
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline(
            facts,
            found,
            _("line {line} froze {whose} with `requires_grad = False`").format(
                line=line, whose=whose or _("its inputs")
            ),
        ),
        why=_(
            "`{text}` in line {line} says that no gradient is wanted. Nothing else that `{root}` is computed from "
            "requires grad, so there is nothing left to learn. Leave at least the part that is to be trained with "
            "`requires_grad = True`."
        ).format(text=facts.code.segment(_statement(facts, frozen)), line=line, root=found.written),
        mendings=_thaw(facts, frozen),
    )


def _statement(facts: Facts, event: Event) -> ast.stmt | None:
    node = facts.node_of(event)
    return None if node is None else facts.code.statement_of(node)


def _thaw(facts: Facts, frozen: Event) -> tuple[Mending, ...]:
    statement = _statement(facts, frozen)
    if statement is None:
        return ()
    title = _("Leave these parameters trainable in line {line}").format(line=statement.lineno)
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and node.value is False:
            return (mending(title, ReplaceExpression(node.lineno, "False", "True", facts.code.start(node))),)
    return ()


NO_INPUT_REQUIRES_GRAD = Kind(
    slug="no-input-requires-grad",
    rank=21,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("No input requires grad"),
        what=_(
            "Autograd records only computations that depend on a tensor with `requires_grad=True`. Without one, the "
            "result has no grad_fn and there is nothing to go backward through."
        ),
        mend=_("Make the tensor you want a gradient for with `requires_grad=True`, before the forward pass."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def model(slope, shift, xs):\n"
                "    return slope * xs + shift\n"
                "xs = torch.tensor([0.0, 1.0, 2.0])\n"
                "slope = torch.zeros(1)\n"
                "shift = torch.zeros(1)\n"
                "gap = (model(slope, shift, xs) - 1).abs().mean()\n"
                "gap.backward()\n"
                "print(slope.grad)\n"
            ),
            line=8,
            cause_line=5,
            facts=("`gap`", "`slope`", "requires_grad", "line 5"),
            fixed=(
                "import torch\n"
                "def model(slope, shift, xs):\n"
                "    return slope * xs + shift\n"
                "xs = torch.tensor([0.0, 1.0, 2.0])\n"
                "slope = torch.zeros(1, requires_grad=True)\n"
                "shift = torch.zeros(1)\n"
                "gap = (model(slope, shift, xs) - 1).abs().mean()\n"
                "gap.backward()\n"
                "print(slope.grad)\n"
            ),
        ),
        Case(
            code=(
                "import torch\n"
                "class Spring:\n"
                "    def __init__(self):\n"
                "        self.stiff = torch.tensor([2, 3])\n"
                "    def energy(self):\n"
                "        return (self.stiff * 0.5).sum()\n"
                "spring = Spring()\n"
                "spring.energy().backward()\n"
            ),
            line=8,
            cause_line=4,
            facts=(r"stiff", "line 4", "requires_grad"),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "body = nn.Linear(3, 2)\n"
                "body.requires_grad_(False)\n"
                "loss = body(torch.ones(1, 3)).sum()\n"
                "loss.backward()\n"
            ),
            line=6,
            cause_line=4,
            facts=("`body`", "requires_grad = False", "line 4"),
        ),
        Case(
            code=("import torch\np = torch.tensor([1.0, 2.0])\nq = (p * p).sum()\np.requires_grad_()\nq.backward()\n"),
            line=5,
            cause_line=4,
            facts=("`p`", "line 4", "after"),
        ),
    ),
)
