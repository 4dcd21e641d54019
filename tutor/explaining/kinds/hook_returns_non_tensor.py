"""A hook that gives back something else than a tensor like the gradient."""

from __future__ import annotations

import ast
import re

from tutor.explaining.facts import Facts
from tutor.explaining.hooks import Hook, _bracketed, _hook, _looking, _replacing
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_TYPE = re.compile(r"hook '(.*?)' has changed the type of value \(was torch\.(\w+) got torch\.(\w+)\)")
_RETURNED = re.compile(r"expected Variable, but hook returned '(.*?)'")


def _find_type(facts: Facts) -> Finding | None:
    message = facts.exception.message if facts.exception else ""
    changed, returned = _TYPE.search(message), _RETURNED.search(message)
    hook = _hook(facts, changed.group(1) if changed else None)
    if hook is None or hook.returned is None or (changed is None and returned is None):
        return None
    text = facts.code.segment(hook.returned)
    if changed is not None:
        headline = _("The hook {hook} on `{tensor}` returns a tensor of another dtype: {got} instead of {was}.").format(
            hook=hook.name, tensor=hook.tensor, got=changed.group(3), was=changed.group(2)
        )
        mendings = _replacing(
            hook,
            f"{_bracketed(hook.returned, facts.code.of(hook.returned))}.to({hook.gradient}.dtype)",
            _("Give it the gradient's dtype: `{text}`"),
        )
    else:
        kind = returned.group(1) if returned else ""
        what = _("a plain number (`{kind}`)") if kind in {"float", "int", "bool"} else _("a `{kind}`")
        headline = _("The hook {hook} on `{tensor}` returns {what}; it may return a tensor or None.").format(
            hook=hook.name, tensor=hook.tensor, what=what.format(kind=kind)
        )
        mendings = [*_unpacked(hook), *_looking(hook)]
    return Finding(
        line=facts.line,
        cause_line=hook.line,
        headline=headline,
        why=_(
            "Backward in line {line} calls the hook with the gradient. If it returns a tensor, that takes the "
            "gradient's place; if it returns None, the gradient stays as it is. `{text}` in line {cause} is neither."
        ).format(line=facts.line, text=text, cause=hook.line),
        mendings=tuple(mendings),
    )


def _unpacked(hook: Hook) -> list[Mending]:
    """``[g * 2]`` and ``(g,)`` hold the tensor that was meant."""
    if isinstance(hook.returned, (ast.List, ast.Tuple)) and len(hook.returned.elts) == 1:
        inner = hook.facts.code.of(hook.returned.elts[0])
        return _replacing(hook, inner, _("Return the tensor itself: `{text}`"))
    return []


HOOK_RETURNS_NON_TENSOR = Kind(
    slug="hook-returns-non-tensor",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("but hook returned", "has changed the type of value"),
    find=_find_type,
    page=Page(
        title=_("A hook that returns something other than a tensor"),
        what=_("A hook may return a tensor, which takes the gradient's place, or None, which leaves it as it is."),
        mend=_("Return a tensor like the gradient, or nothing."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "sizes = []\n"
                "def note(g):\n"
                "    sizes.append(g)\n"
                "    return g.norm().item()\n"
                "w = torch.ones(3, requires_grad=True)\n"
                "w.register_hook(note)\n"
                "(w * w).sum().backward()\n"
            ),
            line=8,
            cause_line=5,
            facts=("`note`", "number", "float", "None", "`w`"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(3, requires_grad=True)\n"
                "h = w.exp()\n"
                "h.register_hook(lambda arriving: [arriving / 2])\n"
                "h.sum().backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("`h`", "list", "arriving / 2"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(3, requires_grad=True)\n"
                "w.register_hook(lambda g: g.double())\n"
                "w.sum().backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("dtype", "Double"),
        ),
    ),
)
