"""An optimiser was given a tensor that was computed."""

from __future__ import annotations

import ast

from tutor.explaining.changes import DropArgument, ReplaceExpression, WithMethod
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import made_by_expression
from tutor.explaining.optimisers import given_parameters
from tutor.words import _


def _find_non_leaf(facts: Facts) -> Finding | None:
    given = given_parameters(facts)
    number = _computed(facts)
    if given is None or number is None:
        return None
    maker = facts.maker(number)
    made, name = facts.line_of(maker), facts.name(number) or facts.text_of(maker)
    sources = [source for one in (maker.inputs if maker is not None else ()) if (source := facts.name(one))]
    of = _(" from `{source}`").format(source=sources[0]) if sources and sources[0] != name else ""
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{name}` is not a leaf: it was computed{of} in line {made}, and an optimiser can only change leaves."
        ).format(name=name, of=of, made=made),
        why=_(
            "`{text}` makes `{name}` the result of a tracked computation. Its values follow from what it was "
            "computed from, so an update in line {line} would be lost, and its `.grad` stays None. Optimise the leaf "
            "itself, or make `{name}` a leaf: compute it first and ask for gradients last, with `requires_grad_()`."
        ).format(text=facts.text_of(maker), name=name, line=facts.line),
        mendings=tuple(_leaves(facts, number, given)),
    )


def _computed(facts: Facts) -> int | None:
    """The tensor among those last looked at which is not a leaf."""
    written = given_parameters(facts)
    names = {ast.unparse(part) for part in ast.walk(written)} if written is not None else set()
    for named in facts.history.names:
        known = facts.tensor(named.tensor)
        if named.name in names and known is not None and not known.is_leaf:
            return known.id
    nodes = set(ast.walk(written)) if written is not None else set()
    for event in reversed(facts.history.events):
        if facts.node_of(event) in nodes:
            return next((one for one in event.outputs if (known := facts.tensor(one)) and not known.is_leaf), None)
    computed = [known for known in facts.history.tensors if not known.is_leaf and known.alive]
    return computed[-1].id if computed else None


def _leaves(facts: Facts, number: int, given: ast.expr) -> list[Mending]:
    found = _leaf_from_the_start(facts, number)
    maker = facts.maker(number)
    leaf = next(
        (
            one
            for one in (maker.inputs if maker else ())
            if (known := facts.tensor(one)) and known.is_leaf and known.requires_grad
        ),
        None,
    )
    name, names = facts.name(leaf) if leaf is not None else None, facts.names(number)
    if name is not None:
        for part in ast.walk(given):
            if isinstance(part, ast.expr) and ast.unparse(part) in names:
                found.append(
                    Mending(
                        title=_("Optimise the leaf `{name}`").format(name=name),
                        changes=(ReplaceExpression(part.lineno, facts.code.of(part), name, facts.code.start(part)),),
                    )
                )
    return found


def _leaf_from_the_start(facts: Facts, number: int) -> list[Mending]:
    """``torch.randn(3, requires_grad=True) * 0.01`` as ``(torch.randn(3) * 0.01).requires_grad_()``."""
    made = made_by_expression(facts, number)
    if made is None:
        return []
    asked = [
        node for node in ast.walk(made) if isinstance(node, ast.Call) and keyword(node, "requires_grad") is not None
    ]
    text, column = facts.code.of(made), facts.code.start(made)
    title = _("Compute it first, then ask for gradients: `.requires_grad_()` in line {line}").format(line=made.lineno)
    if asked:
        drop = DropArgument(asked[0].lineno, called_name(asked[0]), "requires_grad")
        return [Mending(title=title, changes=(WithMethod(made.lineno, text, "requires_grad_()", column), drop))]
    detached = ReplaceExpression(made.lineno, text, f"{tight(text)}.detach().requires_grad_()", column)
    return [Mending(title=title, changes=(detached,))]


OPTIMIZER_NON_LEAF = Kind(
    slug="optimizer-non-leaf",
    rank=20,
    suspects=lambda facts: facts.raised("can't optimize a non-leaf Tensor"),
    find=_find_non_leaf,
    page=Page(
        title=_("An optimiser got a computed tensor"),
        what=_(
            "Optimisers change leaves. `torch.randn(3, requires_grad=True) * 0.01` is the result of a "
            "multiplication, no leaf."
        ),
        mend=_("Compute first, ask for gradients last: `(torch.randn(3) * 0.01).requires_grad_()`."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Aim:\n"
                "    def __init__(self):\n"
                "        self.angles = torch.zeros(2, requires_grad=True).double()\n"
                "aim = Aim()\n"
                "opt = torch.optim.Adam([aim.angles], lr=0.1)\n"
            ),
            line=6,
            cause_line=4,
            facts=("angles", "leaf", "line 4"),
        ),
    ),
)
