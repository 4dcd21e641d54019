"""What the names of a program stand for: ``g`` after ``from torch.autograd import grad as g``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

_IMPLIED: Final = "torch"
_Scoped: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name, and what its root is: something imported, a variable of the program's own, or a name that the
    program gives no meaning to (a builtin, a variable of the setup)."""

    parts: tuple[str, ...]
    root: Literal["imported", "own", "given"]

    @property
    def dotted(self) -> str:
        return ".".join(self.parts)


@dataclass(slots=True)
class _Binding:
    line: int
    path: Path | None
    """What an import gives."""
    alias: ast.expr | None = None
    """The expression that a plain assignment ``name = expression`` gives."""


@dataclass(slots=True)
class _Scope:
    parent: _Scope | None
    bindings: dict[str, list[_Binding]] = field(default_factory=dict)

    def bind(self, name: str, binding: _Binding) -> None:
        known = self.bindings.setdefault(name, [])
        if known and known[-1].alias is not None and known[-1].line == binding.line:
            return  # the target of the assignment that is known already
        known.append(binding)


class Names:
    """The names of a program, each by the scope it is used in.

    ``before``: source that ran earlier in the same namespace (the step's setup). Assumes that it parses.
    """

    def __init__(self, tree: ast.Module, before: ast.Module | None = None) -> None:
        module = _Scope(None)
        module.bind(_IMPLIED, _Binding(-1, Path((_IMPLIED,), "imported")))
        self._scopes: dict[ast.AST, _Scope] = {}
        if before is not None:
            self._fill(before, module, line=0)
        self._fill(tree, module, line=None)

    def resolve(self, node: ast.expr, depth: int = 8) -> Path | None:
        """Return what a name or a chain of attributes stands for; None for anything else.

        ``getattr(y, "backward")`` is the attribute that it names. A method of an expression (``(a * b).sum``) has the
        root ``…``.
        """
        if depth == 0:
            return None
        if isinstance(node, ast.Name):
            return self._name(node, depth)
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value, depth) or Path(("…",), "own")
            return Path((*base.parts, node.attr), base.root)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            match node.args:
                case [value, ast.Constant(value=str(name)), *_]:
                    base = self.resolve(value, depth) or Path(("…",), "own")
                    return Path((*base.parts, name), base.root)
        return None

    def _name(self, node: ast.Name, depth: int) -> Path | None:
        scope: _Scope | None = self._scopes.get(node)
        at = node.lineno
        while scope is not None:
            bindings = scope.bindings.get(node.id)
            if bindings:
                latest = [binding for binding in bindings if binding.line < at] or bindings[-1:]
                return self._bound(node.id, latest[-1], depth)
            scope, at = scope.parent, 1 << 60
        return Path((node.id,), "given")

    def _bound(self, name: str, binding: _Binding, depth: int) -> Path:
        if binding.path is not None:
            return binding.path
        if binding.alias is not None and isinstance(binding.alias, (ast.Name, ast.Attribute, ast.Call)):
            stands_for = self.resolve(binding.alias, depth - 1)
            if stands_for is not None and (stands_for.root != "own" or len(stands_for.parts) > 1):
                return stands_for
        return Path((name,), "own")

    def _fill(self, tree: ast.AST, scope: _Scope, line: int | None) -> None:
        waiting: list[tuple[ast.AST, _Scope]] = [(tree, scope)]
        while waiting:
            node, inside = waiting.pop()
            self._scopes[node] = inside
            for name, binding in _bound_by(node):
                inside.bind(name, binding if line is None else _Binding(line, binding.path, binding.alias))
            inner = _Scope(inside) if isinstance(node, _Scoped) else inside
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                for argument in ast.walk(node.args):
                    if isinstance(argument, ast.arg):
                        inner.bind(argument.arg, _Binding(node.lineno - 1, None))
            waiting.extend((child, inner) for child in reversed(list(ast.iter_child_nodes(node))))


def _bound_by(node: ast.AST) -> Iterator[tuple[str, _Binding]]:
    """The names that one node gives a meaning to. What an assignment gives holds from the next line on."""
    match node:
        case ast.Import(names=names):
            for name in names:
                parts = tuple(name.name.split("."))
                path = Path(parts if name.asname else parts[:1], "imported")
                yield name.asname or parts[0], _Binding(node.lineno - 1, path)
        case ast.ImportFrom(module=module, names=names):
            for name in names:
                path = Path((*(module or "").split("."), name.name), "imported")
                yield name.asname or name.name, _Binding(node.lineno - 1, path)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, _Binding(node.lineno, None, value)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, _Binding(node.lineno - 1, None)
        case ast.ExceptHandler(name=str(name)):
            yield name, _Binding(node.lineno - 1, None)
        case ast.Name(id=name, ctx=ast.Store()):
            yield name, _Binding(node.lineno, None)
