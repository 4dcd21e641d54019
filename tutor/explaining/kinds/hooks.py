"""Hooks on gradients: what they may return, and on which tensors they can be registered."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import Change, ReplaceExpression, SetKeyword
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_SIZE = re.compile(r"hook '(.*?)' has changed the size of value")
_TYPE = re.compile(r"hook '(.*?)' has changed the type of value \(was torch\.(\w+) got torch\.(\w+)\)")
_RETURNED = re.compile(r"expected Variable, but hook returned '(.*?)'")
_REGISTERING = ("register_hook", "register_post_accumulate_grad_hook")
_FACTORIES = {"tensor", "zeros", "ones", "full", "rand", "randn", "arange", "linspace", "empty", "eye", "zeros_like"}


class Hook:
    """A hook as the learner wrote it: a lambda or a named function, and the call that registered it."""

    def __init__(self, facts: Facts, call: ast.Call, body: ast.Lambda | ast.FunctionDef) -> None:
        self.facts, self.call, self.body = facts, call, body

    @property
    def line(self) -> int:
        """Where the result is returned."""
        return self.returned.lineno if self.returned is not None else self.body.lineno

    @property
    def name(self) -> str:
        return f"`{self.body.name}`" if isinstance(self.body, ast.FunctionDef) else _("`lambda`")

    @property
    def tensor(self) -> str:
        """What it is registered on, as written."""
        owner = self.call.func.value if isinstance(self.call.func, ast.Attribute) else self.call
        return self.facts.code.segment(owner)

    @property
    def gradient(self) -> str:
        return self.body.args.args[0].arg if self.body.args.args else "gradient"

    @property
    def returned(self) -> ast.expr | None:
        if isinstance(self.body, ast.Lambda):
            return self.body.body
        returns = [node for node in ast.walk(self.body) if isinstance(node, ast.Return)]
        return returns[-1].value if returns else None


def hooks(facts: Facts) -> list[Hook]:
    found = []
    for call in facts.code.calls(*_REGISTERING):
        body = _body(facts, call.args[0] if call.args else None)
        if isinstance(body, (ast.Lambda, ast.FunctionDef)):
            found.append(Hook(facts, call, body))
    return found


def _body(facts: Facts, given: ast.expr | None) -> ast.AST | None:
    """The function behind what was registered: a name, a method, a partial, or a call that makes the hook."""
    if isinstance(given, ast.Name):
        return facts.code.function(given.id) or facts.code.value_of(given.id)
    if isinstance(given, ast.Attribute):
        return facts.code.function(given.attr)
    if isinstance(given, ast.Call) and called_name(given) == "partial" and given.args:
        return _body(facts, given.args[0])
    maker = facts.code.function(called_name(given)) if isinstance(given, ast.Call) else None
    for node in ast.walk(maker) if maker is not None else ():
        if isinstance(node, ast.Return) and facts.code.scope(node) is maker:
            inner = [one for one in ast.walk(maker) if isinstance(one, ast.FunctionDef) and one is not maker]
            named = next((one for one in inner if isinstance(node.value, ast.Name) and one.name == node.value.id), None)
            return named or node.value
    return given


def _hook(facts: Facts, name: str | None) -> Hook | None:
    """The hook that failed: by its name; among lambdas and unnamed ones, the one that returns no gradient."""
    found = hooks(facts)
    named = [one for one in found if isinstance(one.body, ast.FunctionDef) and one.body.name == name]
    lambdas = [one for one in found if isinstance(one.body, ast.Lambda)] if name in {None, "<lambda>"} else []
    doubtful = [one for one in (*lambdas, *found) if not _keeps(one)]
    return next(iter(named or doubtful or lambdas or found), None)


def _keeps(hook: Hook) -> bool:
    """Whether a hook plainly returns a tensor like the gradient it was given: ``g * 2``, ``g.clamp(0)``."""
    value = hook.returned
    if value is None:
        return True
    if isinstance(value, ast.BinOp):
        return any(isinstance(side, ast.Name) and side.id == hook.gradient for side in (value.left, value.right))
    return called_name(value) in {"clamp", "clone", "neg", "abs", "nan_to_num", "sign", "print"}


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


def _bracketed(node: ast.expr, text: str) -> str:
    return text if isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)) else f"({text})"


def _replacing(hook: Hook, new: str, title: str) -> list[Mending]:
    value = hook.returned
    if value is None:
        return []
    old = hook.facts.code.of(value)
    change = ReplaceExpression(value.lineno, old, new, hook.facts.code.start(value))
    return [Mending(title=title.format(text=new), changes=(change,))]


def _looking(hook: Hook) -> list[Mending]:
    value = hook.returned
    if value is None:
        return []
    return _replacing(
        hook,
        f"print({hook.facts.code.of(value)})",
        _("Only look at the gradient: `{text}` returns None, which leaves it as it is"),
    )


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
