"""Sizes that do not go together, changed where the tensors are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.flows import sources_of
from tutor.explaining.kind import Mending
from tutor.explaining.operands import Operand
from tutor.words import _

_MADE_OF_SIZES: Final = frozenset({"zeros", "ones", "randn", "rand", "empty", "full", "randint", "reshape", "view"})
_SIZES_TRIED: Final = 8


def other_sizes(facts: Facts, given: list[Operand]) -> list[Mending]:
    """Each plain size in the making of the operands, replaced by a size of the others."""
    sizes = {size for one in given for size in one.shape}
    sizes |= {int(size) for size in re.findall(r"\d+", facts.exception.message)} if facts.exception else set()
    found: list[Mending] = []
    for call, name in reversed(list(_makers(facts))):
        for part in _numbers_of(call):
            for size in sorted(sizes - {part.value}, key=lambda size: -size):
                change = ReplaceExpression(part.lineno, str(part.value), str(size), facts.code.start(part))
                title = _("Make `{name}` with {size} in place of {old} in line {line}").format(
                    name=name, size=size, old=part.value, line=part.lineno
                )
                found.append(Mending(title=title, changes=(change,)))
    return found[:_SIZES_TRIED]


def _makers(facts: Facts) -> Iterator[tuple[ast.Call, str]]:
    """The calls, with plain sizes, that made what the failing statement reads, and the names given to it."""
    if not isinstance(facts.failing, ast.expr):
        return
    seen: set[ast.AST] = set()
    for source in sources_of(facts.code, facts.failing):
        for call in ast.walk(source):
            if isinstance(call, ast.Call) and call not in seen and called_name(call) in _MADE_OF_SIZES:
                seen.add(call)
                targets = [target for above in (call, *_around(facts, call)) for target in facts.code.targets(above)]
                yield call, facts.code.segment(targets[0] if targets else call)


def _around(facts: Facts, node: ast.AST) -> Iterator[ast.AST]:
    return (above for above in facts.code.ancestors(node) if isinstance(above, ast.expr))


def _numbers_of(call: ast.Call) -> list[ast.Constant]:
    parts = [
        inner for part in call.args for inner in (part.elts if isinstance(part, (ast.Tuple, ast.List)) else [part])
    ]
    return [part for part in parts if isinstance(part, ast.Constant) and type(part.value) is int and part.value > 0]
