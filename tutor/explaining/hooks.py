"""Hooks as the learner wrote them, and the changes that mend what they return."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.words import _

_REGISTERING = ("register_hook", "register_post_accumulate_grad_hook")


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
