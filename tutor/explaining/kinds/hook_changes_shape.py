"""A hook that gives back a gradient of another shape."""

from __future__ import annotations

import re

from tutor.explaining.facts import Facts, shape
from tutor.explaining.hooks import _REGISTERING, Hook, _bracketed, _hook, _looking, _replacing
from tutor.explaining.kind import Case, Finding, Kind, Page
from tutor.words import _

_SIZE = re.compile(r"hook '(.*?)' has changed the size of value")


def _find_size(facts: Facts) -> Finding | None:
    match = _SIZE.search(facts.exception.message if facts.exception else "")
    hook = _hook(facts, match.group(1)) if match else None
    if hook is None or hook.returned is None:
        return None
    text = facts.code.of(hook.returned)
    size, given = _sizes(facts, hook)
    expanded = f"{_bracketed(hook.returned, text)}.expand_as({hook.gradient})"
    return Finding(
        line=facts.line,
        cause_line=hook.line,
        headline=_("The hook {hook} on `{tensor}` changes the shape of the gradient.").format(
            hook=hook.name, tensor=hook.tensor
        ),
        why=_(
            "What a hook returns takes the gradient's place, so it must have the same shape as the gradient it was "
            "given{size}. {hook} in line {line} returns `{text}`, which has {other}. A hook that only looks "
            "returns nothing."
        ).format(
            hook=hook.name,
            line=hook.line,
            text=facts.code.segment(hook.returned),
            size=f", {size}" if size else "",
            other=_("shape {shape}").format(shape=given) if given else _("another"),
        ),
        mendings=(
            *_replacing(hook, expanded, _("Spread the result over the gradient's shape: `{text}`")),
            *_looking(hook),
        ),
    )


def _sizes(facts: Facts, hook: Hook) -> tuple[str, str]:
    """The shapes of the gradient and of what the hook made of it, as far as they are known."""
    seen = next((one for one in facts.observation.tensors if one.name == hook.tensor), None)
    registered = next((one for one in facts.events(*_REGISTERING) if facts.node_of(one) is hook.call), None)
    known = facts.tensor(registered.inputs[0]) if registered is not None and registered.inputs else None
    size = shape(known.shape) if known is not None else shape(seen.value.shape) if seen else ""
    made = next((one for one in reversed(facts.history.events) if facts.node_of(one) is hook.returned), None)
    given = facts.tensor(made.outputs[0]) if made is not None and made.outputs else None
    return size, shape(given.shape) if given is not None else ""


HOOK_CHANGES_SHAPE = Kind(
    slug="hook-changes-shape",
    rank=20,
    suspects=lambda facts: facts.raised("has changed the size of value"),
    find=_find_size,
    page=Page(
        title=_("A hook that changes the gradient's shape"),
        what=_("What a hook returns takes the gradient's place on the way back, so it must have the gradient's shape."),
        mend=_("Return a tensor of the same shape, or nothing if the hook only looks."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def squash(grad):\n"
                "    return grad.sum(dim=0)\n"
                "table = torch.ones(2, 3, requires_grad=True)\n"
                "double = table * 2\n"
                "double.register_hook(squash)\n"
                "double.sum().backward()\n"
            ),
            line=7,
            cause_line=3,
            facts=("`squash`", "`double`", "same shape", r"\(2, 3\)", "line 3"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(3, requires_grad=True)\n"
                "w.register_hook(lambda g: g * 2)\n"
                "w.register_hook(lambda g: g.mean())\n"
                "(w * w).sum().backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("`w`", "same shape"),
        ),
    ),
)
