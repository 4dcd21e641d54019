"""A tensor, or another value, that is called like a function."""

from __future__ import annotations

import ast
from typing import Final

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _find_called(facts: Facts) -> Finding | None:
    statement = facts.code.statement_at(facts.line) if facts.line else None
    frame = facts.frame
    for node in ast.walk(statement) if statement else ():
        if not isinstance(node, ast.Call):
            continue
        text = facts.code.segment(node.func)
        exact = frame is not None and frame.expression and ast.unparse(node) in frame.expression
        attribute = isinstance(node.func, ast.Attribute) and node.func.attr in {
            "grad",
            "data",
            "T",
            "shape",
            "requires_grad",
            "is_leaf",
            "grad_fn",
            "dtype",
            "device",
            "retains_grad",
            "ndim",
        }
        local = facts.local(text)
        if (
            attribute
            or (local is not None and local.tensor is not None)
            or (exact and not isinstance(node.func, ast.Attribute))
        ):
            return _called_finding(facts, node, text)
    return None


_METHODS_MEANT: Final = {
    "requires_grad": "requires_grad_",
    "retains_grad": "retain_grad",
    "shape": "size",
    "ndim": "dim",
}


def _called_finding(facts: Facts, node: ast.Call, text: str) -> Finding:
    code = facts.code
    made = code.value_of(text, node.lineno) if text.isidentifier() else None
    mendings: list[Mending] = []
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS_MEANT:
        new = f"{code.of(node.func.value)}.{_METHODS_MEANT[node.func.attr]}"
        change = ReplaceExpression(node.lineno, code.of(node.func), new, code.start(node.func))
        mendings.append(Mending(title=_("Call the method `{new}`").format(new=new), changes=(change,)))
    if not node.args and not node.keywords:
        change = ReplaceExpression(node.lineno, code.of(node), code.of(node.func), code.start(node))
        mendings.append(Mending(title=_("Leave the parentheses out: `{text}`").format(text=text), changes=(change,)))
    elif len(node.args) == 1:
        argument = code.of(node.args[0])
        for title, new in (
            (_("Multiply: `{new}`"), f"{code.of(node.func)} * ({argument})"),
            (_("Take an element: `{new}`"), f"{code.of(node.func)}[{argument}]"),
        ):
            change = ReplaceExpression(node.lineno, code.of(node), new, code.start(node))
            mendings.append(Mending(title=title.format(new=new), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=made.lineno if made is not None else facts.line,
        headline=_("`{text}` is {what}, and line {line} calls it like a function.").format(
            text=text, line=facts.line, what=_what(facts)
        ),
        why=_(
            "Parentheses after a name call it. `{text}` is a value: write it without parentheses, use `[...]` for an element, "
            "or `*` to multiply."
        ).format(text=text),
        mendings=tuple(mendings),
    )


def _what(facts: Facts) -> str:
    """What was called, in words."""
    if facts.raised("'Tensor'", "'Parameter'"):
        return _("a tensor")
    return _("None") if facts.raised("'NoneType'") else _("a value, not a method")


TENSOR_CALLED = Kind(
    slug="tensor-called",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised(
        "'Tensor' object is not callable",
        "'Parameter' object is not callable",
        "'bool' object is not callable",
        "'NoneType' object is not callable",
        "'torch.Size' object is not callable",
        "'torch.dtype' object is not callable",
    ),
    find=_find_called,
    page=Page(
        title=_("A tensor that is called like a function"),
        what=_(
            "`x.grad` and `x.T` are values, not methods; parentheses after them call a tensor, which cannot be called."
        ),
        mend=_("Leave the parentheses out."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "level = torch.tensor(2.0, requires_grad=True)\n"
                "(level ** 2).backward()\n"
                "print(level.grad())\n"
            ),
            line=4,
            facts=(r"level\.grad", "line 4", "parentheses"),
        ),
    ),
)
