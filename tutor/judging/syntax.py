"""The words of the language that ``uses`` and ``avoids`` know beside names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

_NODES: Final[Mapping[str, tuple[type[ast.AST], ...]]] = {
    "and": (ast.And,),
    "assert": (ast.Assert,),
    "async": (ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith),
    "await": (ast.Await,),
    "break": (ast.Break,),
    "class": (ast.ClassDef,),
    "continue": (ast.Continue,),
    "def": (ast.FunctionDef, ast.AsyncFunctionDef),
    "del": (ast.Delete,),
    "except": (ast.ExceptHandler,),
    "for": (ast.For, ast.AsyncFor, ast.comprehension),
    "from": (ast.ImportFrom,),
    "global": (ast.Global,),
    "if": (ast.If, ast.IfExp),
    "import": (ast.Import, ast.ImportFrom),
    "in": (ast.In, ast.NotIn),
    "is": (ast.Is, ast.IsNot),
    "lambda": (ast.Lambda,),
    "match": (ast.Match,),
    "nonlocal": (ast.Nonlocal,),
    "not": (ast.Not, ast.IsNot, ast.NotIn),
    "or": (ast.Or,),
    "pass": (ast.Pass,),
    "raise": (ast.Raise,),
    "return": (ast.Return,),
    "try": (ast.Try, ast.TryStar),
    "while": (ast.While,),
    "with": (ast.With, ast.AsyncWith),
    "yield": (ast.Yield, ast.YieldFrom),
}


def _is_any(types: tuple[type[ast.AST], ...]) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, types)


def _is_constant(value: object) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, ast.Constant) and node.value is value


def _has_else(node: ast.AST) -> bool:
    return isinstance(node, ast.IfExp) or (not isinstance(node, ast.expr) and bool(getattr(node, "orelse", None)))


def _is_elif(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)


def _renames(node: ast.AST) -> bool:
    if isinstance(node, ast.alias):
        return node.asname is not None
    return isinstance(node, ast.withitem) and node.optional_vars is not None


KEYWORDS: Final[Mapping[str, Callable[[ast.AST], bool]]] = {
    **{word: _is_any(types) for word, types in _NODES.items()},
    "as": _renames,
    "elif": _is_elif,
    "else": _has_else,
    "finally": lambda node: bool(getattr(node, "finalbody", None)),
    "None": _is_constant(None),
    "True": _is_constant(True),
    "False": _is_constant(False),
}
"""A loop is a loop in a comprehension too."""

_BINARY: Final[Mapping[str, type[ast.operator]]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
    "@": ast.MatMult,
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "<<": ast.LShift,
    ">>": ast.RShift,
}
_UNARY: Final[Mapping[str, type[ast.unaryop]]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert}
_COMPARED: Final[Mapping[str, type[ast.cmpop]]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


def _operation(word: str) -> Callable[[ast.AST], bool]:
    binary, unary = _BINARY.get(word), _UNARY.get(word)

    def holds(node: ast.AST) -> bool:
        if isinstance(node, (ast.BinOp, ast.AugAssign)):
            return binary is not None and isinstance(node.op, binary)
        return unary is not None and isinstance(node, ast.UnaryOp) and isinstance(node.op, unary)

    return holds


def _augmented(word: str) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, ast.AugAssign) and isinstance(node.op, _BINARY[word])


def _comparison(word: str) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, ast.Compare) and any(isinstance(op, _COMPARED[word]) for op in node.ops)


OPERATORS: Final[Mapping[str, Callable[[ast.AST], bool]]] = {
    **{word: _operation(word) for word in (*_BINARY, "~")},
    **{f"{word}=": _augmented(word) for word in _BINARY},
    **{word: _comparison(word) for word in _COMPARED},
    ":=": lambda node: isinstance(node, ast.NamedExpr),
    "[]": lambda node: isinstance(node, ast.Subscript),
}
"""``+`` is also found in ``+=``; ``+=`` is only found where it is written."""
