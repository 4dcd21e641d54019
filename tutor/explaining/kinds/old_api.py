"""What earlier versions of torch had, as old books and posts still show it."""

from __future__ import annotations

import ast
import re
from typing import Final

from tutor.explaining.changes import Change, DropArgument, ReplaceExpression, ReplaceText
from tutor.explaining.code import Code, called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_REPLACED: Final = {
    "symeig": "torch.linalg.eigh",
    "eig": "torch.linalg.eig",
    "solve": "torch.linalg.solve",
    "lstsq": "torch.linalg.lstsq",
    "matrix_rank": "torch.linalg.matrix_rank",
    "qr": "torch.linalg.qr",
    "cholesky": "torch.linalg.cholesky",
    "gels": "torch.linalg.lstsq",
    "gesv": "torch.linalg.solve",
    "ger": "torch.outer",
    "potrf": "torch.linalg.cholesky",
    "trtrs": "torch.linalg.solve_triangular",
}
_REVERSED: Final = {"solve", "lstsq", "gels", "gesv"}


def _indexed(facts: Facts) -> ast.Subscript | None:
    """``loss.data[0]``: how one read a number before there were tensors without dimensions."""
    statement = facts.code.statement_at(facts.line) if facts.line else None
    for node in ast.walk(statement) if statement else ():
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            return node
    return None


def _renamed(facts: Facts) -> ast.Call | None:
    return next(
        (
            call
            for call in facts.code.calls("backward", "grad")
            if any(one.arg == "retain_variables" for one in call.keywords)
        ),
        None,
    )


def _removed(facts: Facts) -> ast.Call | None:
    return next((call for call in facts.code.calls(*_REPLACED) if call.lineno == facts.line), None)


def _volatile(facts: Facts) -> ast.Call | None:
    return next(
        (call for call in facts.code.calls("Variable") if any(one.arg == "volatile" for one in call.keywords)), None
    )


def _suspects(facts: Facts) -> bool:
    if facts.raised("invalid index of a 0-dim tensor"):
        return _indexed(facts) is not None
    if facts.raised("retain_variables"):
        return _renamed(facts) is not None
    if facts.raised("is now removed", "has no attribute"):
        return _removed(facts) is not None
    if facts.raised("Legacy autograd function with non-static forward"):
        return _legacy(facts) is not None
    return facts.exception is None and _volatile(facts) is not None


def _legacy(facts: Facts) -> Written | None:
    """A Function in the old style: ``forward(self, x)`` without ``@staticmethod``."""
    return next((one for one in written_functions(facts) if one.forward and not one.forward.decorator_list), None)


def _find(facts: Facts) -> Finding | None:
    if facts.exception is None:
        return _find_volatile(facts)
    if facts.raised("0-dim"):
        return _find_indexed(facts)
    if facts.raised("retain_variables"):
        return _find_renamed(facts)
    if facts.raised("Legacy autograd function"):
        return _find_legacy(facts)
    return _find_removed(facts)


def _find_legacy(facts: Facts) -> Finding | None:
    written = _legacy(facts)
    if written is None or written.forward is None:
        return None
    code = facts.code
    methods = [part for part in (written.forward, written.backward) if part is not None and not part.decorator_list]
    made = [call for call in code.calls(written.name) if not (isinstance(call.func, ast.Attribute))]
    changes: list[Change] = [
        ReplaceExpression(call.lineno, code.of(call), f"{written.name}.apply", code.start(call))
        for call in reversed(made)
    ]
    changes.extend(ReplaceText(one.lineno, code.start(one), "def ", _static(code, one)) for one in methods)
    changes.sort(key=lambda change: getattr(change, "line", 0), reverse=True)
    return Finding(
        line=facts.line,
        cause_line=written.forward.lineno,
        headline=_("`{name}` is written in the style of torch 0.1: `forward` in line {line} is not static.").format(
            name=written.name, line=written.forward.lineno
        ),
        why=_(
            "Today `forward` and `backward` are `@staticmethod`s whose first argument is `ctx`, and the Function is called "
            "through `{name}.apply(x)`; it is never made into an object, as line {line} does."
        ).format(name=written.name, line=facts.line),
        mendings=(
            Mending(
                title=_("Make both static and call `{name}.apply`").format(name=written.name), changes=tuple(changes)
            ),
        ),
    )


def _static(code: Code, method: ast.FunctionDef) -> str:
    return f"@staticmethod\n{code.indentation(method.lineno)}def "


def _find_indexed(facts: Facts) -> Finding | None:
    node = _indexed(facts)
    if node is None:
        return None
    code = facts.code
    whole = code.of(node.value).removesuffix(".data")
    text = f"{whole}.item()"
    change = ReplaceExpression(node.lineno, code.of(node), text, code.start(node))
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "`{name}` is a single number without dimensions, so there is no element [0] to take in line {line}."
        ).format(name=whole, line=facts.line),
        why=_(
            "In early versions of torch a loss was a vector with one element, read with `{old}`. Since version 0.4 it has no "
            "dimensions: `{new}` gives its value as a Python number."
        ).format(old=code.segment(node), new=text),
        mendings=(Mending(title=_("Read the number: `{new}`").format(new=text), changes=(change,)),),
    )


def _find_renamed(facts: Facts) -> Finding | None:
    call = _renamed(facts)
    if call is None:
        return None
    code = facts.code
    text = code.of(call)
    new = re.sub(r"\bretain_variables\b", "retain_graph", text)
    return Finding(
        line=facts.line,
        cause_line=call.lineno,
        headline=_("`retain_variables` in line {line} is now called `retain_graph`.").format(line=call.lineno),
        why=_("The argument was renamed in version 0.2: what is kept is the graph and what its nodes saved."),
        mendings=(
            Mending(
                title=_("Write `{new}`").format(new=new),
                changes=(ReplaceExpression(call.lineno, text, new, code.start(call)),),
            ),
        ),
    )


def _find_removed(facts: Facts) -> Finding | None:
    call = _removed(facts)
    if call is None:
        return None
    code, name = facts.code, called_name(call)
    func = code.of(call.func)
    new = _REPLACED[name]
    method = isinstance(call.func, ast.Attribute) and not func.startswith("torch.")
    arguments = [code.of(part) for part in call.args]
    if method and isinstance(call.func, ast.Attribute):
        arguments.insert(0, code.of(call.func.value))
    if name in _REVERSED and len(arguments) == 2:
        arguments.reverse()
    text = f"{new}({', '.join(arguments)})"
    change = ReplaceExpression(call.lineno, code.of(call), text, code.start(call))
    turned = _(" Mind that its two arguments are in the other order.") if name in _REVERSED else ""
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{old}` in line {line} was removed from torch; `{new}` took its place.").format(
            old=func, line=facts.line, new=new
        ),
        why=_("The functions of linear algebra moved to `torch.linalg` and follow numpy there.{turned}").format(
            turned=turned
        ),
        mendings=(Mending(title=_("Write `{new}`").format(new=text), changes=(change,)),),
    )


def _find_volatile(facts: Facts) -> Finding | None:
    call = _volatile(facts)
    if call is None:
        return None
    return Finding(
        severity="warning",
        line=call.lineno,
        cause_line=call.lineno,
        headline=_("`volatile` in line {line} has no effect any more.").format(line=call.lineno),
        why=_(
            "`Variable(..., volatile=True)` switched recording off in early versions. Now a `Variable` is simply a tensor; compute "
            "under `with torch.no_grad():` instead."
        ),
        mendings=(
            Mending(
                title=_("Leave `volatile` out"),
                changes=(DropArgument(call.lineno, "Variable", "volatile", facts.code.start(call)),),
            ),
        ),
    )


OLD_API = Kind(
    slug="old-api",
    rank=25,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("Code for an earlier torch"),
        what=_(
            "Old books and posts use names that were changed or removed: `loss.data[0]`, `retain_variables`, `torch.symeig`."
        ),
        mend=_("Use `loss.item()`, `retain_graph`, `torch.linalg`, `torch.no_grad()`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "for step in range(2):\n"
                "    cost = (w * w).sum()\n"
                "    cost.backward()\n"
                "    print(step, cost.data[0])\n"
            ),
            line=6,
            facts=("`cost`", r"cost\.item\(\)", "line 6"),
        ),
        Case(
            code="import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ny.backward(retain_variables=True)\ny.backward()\n",
            line=4,
            facts=("retain_variables", "retain_graph"),
        ),
        Case(
            code="import torch\na = torch.eye(2) * 2\nb = torch.ones(2, 1)\nx = torch.solve(b, a)\n",
            line=4,
            facts=(r"torch\.linalg\.solve\(a, b\)",),
        ),
    ),
)
