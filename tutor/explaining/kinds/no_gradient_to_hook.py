"""A hook on a tensor that will never get a gradient."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, ReplaceExpression, SetKeyword
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.hooks import _REGISTERING
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_FACTORIES = {"tensor", "zeros", "ones", "full", "rand", "randn", "arange", "linspace", "empty", "eye", "zeros_like"}


def _find_untracked(facts: Facts) -> Finding | None:
    call = next((one for one in facts.code.calls(*_REGISTERING, "retain_grad") if one.lineno == facts.line), None)
    if call is None or not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    name = facts.code.segment(owner)
    made = facts.code.value_of(ast.unparse(owner), call.lineno, facts.code.scope(call))
    if made is None:
        made = facts.code.value_of(ast.unparse(owner), call.lineno)
    changes: tuple[Change, ...] = ()
    if isinstance(made, ast.Call) and called_name(made) in _FACTORIES:
        changes = (SetKeyword(made.lineno, called_name(made), "requires_grad", "True", facts.code.start(made)),)
    mendings = [Mending(title=_("Ask for its gradient: `requires_grad=True`"), changes=changes)] if changes else []
    text = facts.code.of(owner)
    mendings.append(
        Mending(
            title=_("Ask for its gradient first: `{name}.requires_grad_()`").format(name=name),
            changes=(ReplaceExpression(call.lineno, text, f"{text}.requires_grad_()", facts.code.start(owner)),),
        )
    )
    event = facts.failed_event
    maker = facts.maker(event.inputs[0]) if event is not None and event.inputs else None
    if maker is not None and isinstance(node := facts.node_of(maker), ast.expr):
        made = node
    where = (
        _(" It is made in line {line}, without `requires_grad=True`.").format(line=made.lineno)
        if made is not None
        else ""
    )
    return Finding(
        line=facts.line,
        cause_line=made.lineno if made is not None else facts.line,
        headline=_(
            "No gradient will ever arrive at `{name}`, so the hook in line {line} would never be called."
        ).format(name=name, line=facts.line),
        why=_("A hook waits for the gradient of a tensor, and `{name}` does not require grad.{where}").format(
            name=name, where=where
        ),
        mendings=tuple(mendings),
    )


NO_GRADIENT_TO_HOOK = Kind(
    slug="no-gradient-to-hook",
    rank=20,
    suspects=lambda facts: facts.raised("cannot register a hook on a tensor that doesn't require gradient"),
    find=_find_untracked,
    page=Page(
        title=_("A hook on a tensor that gets no gradient"),
        what=_(
            "A hook is called when the gradient of its tensor is computed. A tensor that does not require grad has "
            "none."
        ),
        mend=_("Make the tensor with `requires_grad=True`, or hook one that depends on such a tensor."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def watch(tensor, label):\n"
                "    tensor.register_hook(lambda g: print(label, g))\n"
                "speed = torch.tensor([1.0, 2.0])\n"
                "watch(speed, 'speed')\n"
                "(speed * speed).sum()\n"
            ),
            line=3,
            facts=("`tensor`", "require"),
        ),
        Case(
            code="import torch\nload = torch.rand(3)\nload.register_hook(print)\nload.sum()\n",
            line=3,
            cause_line=2,
            facts=("`load`", "line 2", "requires_grad=True", "line 3"),
        ),
    ),
)
