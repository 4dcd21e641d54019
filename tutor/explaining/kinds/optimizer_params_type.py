"""An optimiser was given something that is no list of tensors."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.optimisers import given_parameters
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    if facts.raised("params argument given to the optimizer", "optimizer can only optimize Tensors"):
        return True
    frames = facts.exception.frames if facts.exception else ()
    return facts.raised("object is not iterable") and any(
        "optim" in frame.filename and frame.function.endswith("__init__") for frame in frames
    )


def _find_type(facts: Facts) -> Finding | None:
    given = given_parameters(facts)
    if given is None:
        return None
    text = facts.code.segment(given)
    tensor = facts.raised("should be an iterable")
    module = facts.raised("object is not iterable")
    headline = (
        _("`{text}` in line {line} is a module itself; an optimiser takes its parameters: `{text}.parameters()`.")
        if module
        else _("`{text}` in line {line} is a tensor; an optimiser takes a list of tensors: `[{text}]`.")
        if tensor
        else _("`{text}` in line {line} does not hold tensors only, and an optimiser takes a list of tensors.")
    ).format(text=text, line=facts.line)
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=headline,
        why=_(
            "An optimiser changes several parameters at each step, so its first argument is a list of them, or "
            "`model.parameters()`. For a single tensor write a list with one item."
        ),
        mendings=tuple(_listed(facts, given)),
    )


def _listed(facts: Facts, given: ast.expr) -> list[Mending]:
    text, place = facts.code.of(given), (given.lineno, facts.code.of(given))
    new = [f"[{text}]"]
    if facts.raised("object is not iterable") and not isinstance(given, ast.Attribute):
        new = [f"{tight(text)}.parameters()"]
    if not isinstance(given, (ast.List, ast.Tuple)):
        new.extend([f"{tight(text)}.parameters()", f"{tight(text)}.values()"])
    if (
        isinstance(given, ast.Call)
        and called_name(given) == "named_parameters"
        and isinstance(given.func, ast.Attribute)
    ):
        new.insert(0, f"{facts.code.of(given.func.value)}.parameters()")
    if isinstance(given, ast.Attribute) and given.attr == "parameters":
        new.insert(0, f"{text}()")
    parts = given.elts if isinstance(given, ast.List) and len(given.elts) > 1 else []
    new.extend(f"[{', '.join(facts.code.of(part) for part in parts if part is not bad)}]" for bad in parts)
    return [
        Mending(
            title=_("Give the optimiser `{new}`").format(new=one),
            changes=(ReplaceExpression(*place, one, facts.code.start(given)),),
        )
        for one in new
    ]


OPTIMIZER_PARAMS_TYPE = Kind(
    slug="optimizer-params-type",
    rank=20,
    suspects=_suspects,
    find=_find_type,
    page=Page(
        title=_("An optimiser takes a list of tensors"),
        what=_("The first argument of an optimiser is an iterable of tensors: a list, or `model.parameters()`."),
        mend=_("Write `torch.optim.SGD([w], lr=0.1)` for a single tensor."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "knobs = {'a': torch.zeros(1, requires_grad=True), 'b': torch.ones(1, requires_grad=True)}\n"
                "opt = torch.optim.SGD(knobs, lr=0.1)\n"
            ),
            line=3,
            facts=("`knobs`", "list"),
        ),
    ),
)
