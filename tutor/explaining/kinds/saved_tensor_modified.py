"""A tensor that backward needs was changed in place after it had been saved."""

from __future__ import annotations

import ast

from tutor.explaining.facts import Facts
from tutor.explaining.inplace import changed_expression, cloned, out_of_place, whole
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.overwriting import Overwritten, after_backward, overwritten, saving, suspects
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    found = overwritten(facts)
    if found is None or found.by_module is not None or found.by_step:
        return None
    line, text = facts.line_of(found.changed_by), facts.text_of(found.changed_by)
    late = _is_update(facts, found)
    advice = (
        _(
            "Make the update in line {line} after the backward of line {backward}: before it, the graph still needs "
            "the old value."
        )
        if late
        else _(
            "Make a new tensor instead of writing into `{name}`; in a loop collect the parts in a list and join them "
            "with `torch.stack`, or let the operation keep a `clone()`."
        )
    ).format(line=line, backward=facts.line, name=found.name)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{text}` in line {line} writes into `{name}` in place, and the backward of line {backward} still needs "
            "its old value."
        ).format(text=text, line=line, name=found.name, backward=facts.line),
        why=saving(facts, found)
        + _(
            "Each in-place change raises the version of the whole tensor; backward found a newer version than the "
            "one saved. "
        )
        + advice,
        mendings=tuple(_mendings(facts, found, late=late)),
        about=(found.tensor,),
    )


def _is_update(facts: Facts, found: Overwritten) -> bool:
    known = facts.tensor(found.tensor)
    return known is not None and known.is_leaf and not found.changed_by.tracking


def _mendings(facts: Facts, found: Overwritten, *, late: bool) -> list[Mending]:
    mendings = out_of_place(facts, found.changed_by)
    mendings.extend(cloned(facts, _read_when_saved(facts, found)))
    if late:
        return [*after_backward(facts, found.changed_by), *mendings]
    return mendings


def _read_when_saved(facts: Facts, found: Overwritten) -> list[ast.expr]:
    """Where the saving expression reads the tensor that is changed later."""
    node, target = facts.node_of(found.saved_by), changed_expression(facts, found.changed_by)
    if not isinstance(node, ast.expr) or target is None:
        return []
    name = ast.unparse(whole(target))
    parts: list[ast.expr] = [
        part
        for part in ast.walk(node)
        if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript))
        and isinstance(part.ctx, ast.Load)
        and ast.unparse(whole(part)) == name
    ]
    outermost = [part for part in parts if not isinstance(facts.code.parents.get(part), ast.Subscript)]
    return outermost or parts[:1]


SAVED_TENSOR_MODIFIED = Kind(
    slug="saved-tensor-modified",
    rank=22,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("A saved tensor was changed in place"),
        what=_(
            "Many operations save their inputs or their result for the backward pass. Changing such a tensor in "
            "place raises its version; when backward finds another version than the one saved, it stops rather than "
            "compute nonsense."
        ),
        mend=_("Compute a new tensor (`y = y + 1`), keep a `clone()`, or make the change after the backward."),
        lesson="autograd/in-place",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def squash(values):\n"
                "    out = torch.sigmoid(values)\n"
                "    out.mul_(2)\n"
                "    return out\n"
                "seeds = torch.tensor([0.5, 1.0], requires_grad=True)\n"
                "squash(seeds).sum().backward()\n"
            ),
            line=7,
            cause_line=4,
            facts=("`out`", "line 4", "sigmoid", "SigmoidBackward0"),
        ),
        Case(
            code=(
                "import torch\n"
                "steps = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
                "path = torch.zeros(3)\n"
                "for i in range(1, 3):\n"
                "    path[i] = path[i - 1] * 0.5 + steps[i] * path[i - 1]\n"
                "path[2].backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("`path`", "line 5", "stack|clone"),
        ),
        Case(
            code=(
                "import torch\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = torch.tensor([3.0, 4.0], requires_grad=True)\n"
                "dot = (a * b).sum()\n"
                "with torch.no_grad():\n"
                "    b -= 1.0\n"
                "dot.backward()\n"
            ),
            line=7,
            cause_line=6,
            facts=("`b`", "line 6", "after the backward"),
        ),
    ),
)
