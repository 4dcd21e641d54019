"""A custom ``torch.autograd.Function`` as the learner wrote it."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, Insert
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts


class Written:
    """A class that derives from ``Function``, as the learner wrote it."""

    def __init__(self, facts: Facts, node: ast.ClassDef) -> None:
        self.facts, self.node, self.name = facts, node, node.name
        methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        self.forward, self.backward = methods.get("forward"), methods.get("backward") or methods.get("vjp")

    @property
    def has_setup_context(self) -> bool:
        return any(isinstance(part, ast.FunctionDef) and part.name == "setup_context" for part in self.node.body)

    @property
    def inputs(self) -> list[str]:
        """The names of forward's inputs, without ``ctx``."""
        if self.forward is None:
            return []
        names = [part.arg for part in self.forward.args.args]
        return names if self.has_setup_context else names[1:]

    @property
    def ctx(self) -> str:
        return self.forward.args.args[0].arg if self.forward and self.forward.args.args else "ctx"

    @property
    def gradients(self) -> list[str]:
        """The names of what arrives at backward, without ``ctx``."""
        return [part.arg for part in self.backward.args.args[1:]] if self.backward else []

    @property
    def backward_return(self) -> ast.Return | None:
        return last_return(self.backward)

    def calls(self) -> list[ast.Call]:
        """The calls ``Name.apply(...)``."""
        return [
            call
            for call in self.facts.code.calls("apply")
            if isinstance(call.func, ast.Attribute) and called_name(call.func.value) == self.name
        ]


def written_functions(facts: Facts) -> list[Written]:
    """The custom Functions of a program, in order."""
    return [
        Written(facts, node)
        for node in facts.code.classes()
        if any(called_name(base) == "Function" for base in node.bases)
    ]


def written_function(facts: Facts, name: str | None = None) -> Written | None:
    """The custom Function of that name; without a name the one that the failing line calls, or the only one."""
    found = written_functions(facts)
    if name is not None:
        return next((one for one in found if one.name == name), None)
    called = [one for one in found if any(call.lineno == facts.line for call in one.calls())]
    return next(iter(called or found), None)


def last_return(function: ast.FunctionDef | None) -> ast.Return | None:
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)] if function else []
    return max(returns, key=lambda node: node.lineno, default=None)


def parts_of(value: ast.expr | None) -> list[ast.expr]:
    if value is None:
        return []
    return list(value.elts) if isinstance(value, ast.Tuple) else [value]


def remember_shape(written: Written, name: str) -> tuple[Change, ...]:
    """Keeps the shape of an input in ``forward``, for ``backward`` to use as ``ctx.shape``."""
    if written.forward is None:
        return ()
    first = written.forward.body[0]
    return (Insert(first.lineno, f"{written.ctx}.shape = {name}.shape", column=written.facts.code.start(first)),)
