"""``torch.no_grad`` without its parentheses, or without anything under it."""

from __future__ import annotations

import ast
from typing import Final

from tutor.explaining.changes import Change, RemoveStatement, ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_MODES: Final = ("no_grad", "enable_grad", "inference_mode")


def _named(facts: Facts) -> ast.expr | None:
    """``with torch.no_grad:``, in the failing line."""
    for node in facts.code.nodes:
        if isinstance(node, ast.With) and node.lineno == facts.line:
            for item in node.items:
                if not isinstance(item.context_expr, ast.Call) and called_name(item.context_expr) in _MODES:
                    return item.context_expr
    return None


def _alone(facts: Facts) -> ast.Expr | None:
    """``torch.no_grad()`` as a statement of its own."""
    for node in facts.code.nodes:
        if (
            isinstance(node, ast.Expr)
            and called_name(node.value) in _MODES
            and isinstance(node.value, (ast.Call, ast.Attribute))
        ):
            return node
    return None


def _suspects(facts: Facts) -> bool:
    if facts.raised("context manager protocol", "__enter__"):
        return _named(facts) is not None
    return facts.exception is None and _alone(facts) is not None


def _find(facts: Facts) -> Finding | None:
    return _find_named(facts) if facts.exception is not None else _find_alone(facts)


def _find_named(facts: Facts) -> Finding | None:
    node = _named(facts)
    if node is None:
        return None
    text = facts.code.of(node)
    change: Change = ReplaceExpression(node.lineno, text, f"{text}()", facts.code.start(node))
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{text}` in line {line} is not called: the parentheses are missing.").format(
            text=text, line=facts.line
        ),
        why=_(
            "`with` needs an object that switches recording off and on again, and `{text}()` makes one. `{text}` is only its class."
        ).format(text=text),
        mendings=(Mending(title=_("Call it: `with {text}():`").format(text=text), changes=(change,)),),
    )


def _find_alone(facts: Facts) -> Finding | None:
    statement = _alone(facts)
    if statement is None:
        return None
    text, line = facts.code.segment(statement.value), statement.lineno
    return Finding(
        severity="warning",
        line=line,
        cause_line=line,
        headline=_("`{text}` in line {line} has no effect: nothing stands under it.").format(text=text, line=line),
        why=_(
            "`{text}` makes an object that switches recording off only between `with` and the end of the block. On a line of its own "
            "it is thrown away at once. Write `with {call}:` and indent what is not to be recorded."
        ).format(text=text, call=text if text.endswith(")") else f"{text}()"),
        mendings=(Mending(title=_("Remove line {line}").format(line=line), changes=(RemoveStatement(line),)),),
    )


NO_GRAD_NOT_CALLED = Kind(
    slug="no-grad-not-called",
    rank=25,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("no_grad without parentheses, or without a block"),
        what=_(
            "`torch.no_grad` is a class. `with torch.no_grad():` makes an object of it and switches recording off in the block."
        ),
        mend=_("Write `with torch.no_grad():` with the parentheses, and indent the block."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def update(w, rate):\n"
                "    with torch.no_grad:\n"
                "        w -= rate * w.grad\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "(w * w).sum().backward()\n"
                "update(w, 0.1)\n"
            ),
            line=3,
            cause_line=3,
            facts=("no_grad", "parentheses", r"torch\.no_grad\(\)", "line 3"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "torch.no_grad()\n"
                "y = w * 2\n"
                "print(y.requires_grad)\n"
            ),
            line=3,
            facts=("no effect", "with"),
        ),
    ),
)
