"""Checkpointing: the forward pass is run again during backward."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, SetKeyword, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    calls = facts.code.calls("checkpoint", "checkpoint_sequential")
    if not calls:
        return False
    warned = any("None of the inputs have requires_grad=True" in one.message for one in facts.observation.warnings)
    return warned or facts.raised("torch.utils.checkpoint is incompatible with .grad()")


def _find(facts: Facts) -> Finding | None:
    incompatible = facts.raised("torch.utils.checkpoint is incompatible with .grad()")
    calls = facts.code.calls("checkpoint", "checkpoint_sequential")
    warned = next((one.line for one in facts.observation.warnings if "None of the inputs" in one.message), None)
    call = next((one for one in calls if one.lineno == warned), calls[0])
    code = facts.code
    changes: list[Mending] = [
        Mending(
            title=_("Use the newer way: `use_reentrant=False`"),
            changes=(SetKeyword(call.lineno, called_name(call), "use_reentrant", "False", code.start(call)),),
        )
    ]
    if incompatible:
        return Finding(
            line=facts.line,
            cause_line=call.lineno,
            headline=_(
                "The checkpoint in line {line} is of the reentrant kind, which works with `backward()` only."
            ).format(line=call.lineno),
            why=_(
                "A reentrant checkpoint starts a backward pass of its own within yours, so it cannot be asked for the gradient "
                "of single tensors by `torch.autograd.grad` or `inputs=`. With `use_reentrant=False` it can."
            ),
            mendings=tuple(changes),
        )
    inputs = [part for part in call.args[1:] if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript))]
    names = ", ".join(f"`{code.segment(part)}`" for part in inputs) or _("its inputs")
    if inputs:
        text = code.of(inputs[0])
        change: Change = WithMethod(inputs[0].lineno, text, "requires_grad_()", code.start(inputs[0]))
        changes.append(
            Mending(
                title=_("Let the input require grad: `{name}.requires_grad_()`").format(name=text), changes=(change,)
            )
        )
    return Finding(
        severity="error" if facts.exception is not None else "warning",
        line=facts.line if facts.exception is not None else call.lineno,
        cause_line=call.lineno,
        headline=_(
            "None of the inputs of the checkpoint in line {line}, {names}, requires grad, so no gradient comes through it."
        ).format(line=call.lineno, names=names),
        why=_(
            "A reentrant checkpoint runs `{function}` without recording it, and looks only at the tensors it is given: if none "
            "of them requires grad, it takes the result to need no gradient, even when parameters inside do. "
            "`use_reentrant=False` looks at the parameters too."
        ).format(function=code.segment(call.args[0]) if call.args else "?"),
        mendings=tuple(changes),
    )


CHECKPOINT_NO_INPUT_REQUIRES_GRAD = Kind(
    slug="checkpoint-no-input-requires-grad",
    rank=10,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A checkpoint whose inputs do not require grad"),
        what=_(
            "`torch.utils.checkpoint` with `use_reentrant=True` records its result only if one of the tensors given to it "
            "requires grad. The parameters used inside are not looked at."
        ),
        mend=_("Pass `use_reentrant=False`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.utils.checkpoint import checkpoint\n"
                "torch.manual_seed(0)\n"
                "block = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())\n"
                "pixels = torch.ones(1, 2)\n"
                "hidden = checkpoint(block, pixels, use_reentrant=True)\n"
                "hidden.sum().backward()\n"
            ),
            line=7,
            cause_line=6,
            facts=("`pixels`", "line 6", "use_reentrant=False", "require"),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch.utils.checkpoint import checkpoint\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "y = checkpoint(torch.exp, w, use_reentrant=True)\n"
                "print(torch.autograd.grad(y.sum(), w))\n"
            ),
            line=5,
            cause_line=4,
            facts=("reentrant",),
        ),
    ),
)
