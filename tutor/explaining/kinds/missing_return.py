"""A function that computes something and does not return it."""

from __future__ import annotations

import ast

from tutor.autograd import PlainValue
from tutor.explaining.changes import AddReturn, Insert
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _returns_nothing(function: ast.FunctionDef) -> bool:
    inner = [
        node for node in ast.walk(function) if isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not function
    ]
    nested = {id(node) for part in inner for node in ast.walk(part)}
    for node in ast.walk(function):
        if id(node) in nested:
            continue
        if isinstance(node, (ast.Yield, ast.YieldFrom)) or (isinstance(node, ast.Return) and not _is_none(node.value)):
            return False
    return True


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _handed_over(facts: Facts, statement: ast.stmt) -> tuple[ast.Call, ast.FunctionDef, str | None] | None:
    """A function that returns nothing and that a library was given to call: the closure of an optimiser."""
    for call in ast.walk(statement):
        for given in call.args if isinstance(call, ast.Call) else ():
            function = facts.code.function(called_name(given)) if isinstance(given, (ast.Name, ast.Attribute)) else None
            if isinstance(call, ast.Call) and function is not None and _returns_nothing(function):
                return call, function, function.name
    return None


def _callee(facts: Facts, call: ast.Call) -> ast.FunctionDef | None:
    """The learner's function that a call runs: by its name; for an object of one of their modules, ``forward``."""
    name = called_name(call)
    direct = facts.code.function(name)
    if direct is not None:
        return direct
    made = facts.code.value_of(ast.unparse(call.func)) if not isinstance(call.func, ast.Call) else call.func
    for node in facts.code.classes():
        if made is not None and called_name(made) == node.name:
            methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
            return methods.get("forward") or methods.get("__call__")
    return None


def _forgetful(facts: Facts) -> tuple[ast.Call, ast.FunctionDef, str | None] | None:
    """A call in (or behind a variable of) the failing statement that gave None since its function returns nothing."""
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if statement is None:
        return None
    parts = list(ast.walk(statement)) if not isinstance(statement, (ast.For, ast.While, ast.If)) else _header(statement)
    for node in parts:
        name: str | None = None
        call: ast.AST | None = node
        if isinstance(node, (ast.Name, ast.Attribute)):
            local = facts.local(ast.unparse(node))
            if local is None or not isinstance(local.value, PlainValue) or local.value.python_type != "NoneType":
                continue
            name = ast.unparse(node)
            scope = facts.code.scope(node)
            call = facts.code.value_of(name, node.lineno, scope) or facts.code.value_of(name)
        if isinstance(call, ast.Call):
            function = _callee(facts, call)
            if function is not None and _returns_nothing(function) and not function.name.startswith("__"):
                return call, function, name
    return _handed_over(facts, statement)


def _header(statement: ast.For | ast.While | ast.If) -> list[ast.AST]:
    return list(ast.walk(statement.iter if isinstance(statement, ast.For) else statement.test))


def _suspects(facts: Facts) -> bool:
    return facts.raised("NoneType", "None") and _forgetful(facts) is not None


def _find(facts: Facts) -> Finding | None:
    found = _forgetful(facts)
    if found is None:
        return None
    call, function, name = found
    last = function.body[-1]
    what = _("`{name}`, the result of `{function}`, is None").format(name=name, function=function.name)
    if name == function.name:
        what = _("`{name}()` gives None to `{call}`").format(name=name, call=facts.code.segment(call.func))
    elif name is None:
        what = _("`{call}` gives None").format(call=facts.code.segment(call))
    return Finding(
        line=facts.line,
        cause_line=last.lineno,
        headline=_("{what}: the function `{function}` in line {line} has no `return`.").format(
            what=what, function=function.name, line=function.lineno
        ),
        why=_(
            "A Python function that ends without `return` gives None. `{function}` computes `{text}` in line {last} and keeps "
            "it to itself, so line {line} has no tensor to work with."
        ).format(function=function.name, text=facts.code.segment(last), last=last.lineno, line=facts.line),
        mendings=tuple(_returning(facts, function)),
    )


def _returning(facts: Facts, function: ast.FunctionDef) -> list[Mending]:
    """Return what went backward, what the last statement computes, or what was assigned last."""
    last, found = function.body[-1], list[Mending]()
    title = _("Let `{function}` return what it computes").format(function=function.name)
    backward = last.value if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else None
    root = backward.func.value if backward is not None and isinstance(backward.func, ast.Attribute) else None
    if backward is not None and root is not None and called_name(backward) in {"backward", "append", "zero_", "step"}:
        found.append(_with_return(facts, function, facts.code.of(root)))
    if isinstance(last, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)):
        found.append(Mending(title=title, changes=(AddReturn(function.lineno),)))
    assigned = [node for node in ast.walk(function) if isinstance(node, (ast.Assign, ast.AugAssign))]
    for node in sorted(assigned, key=lambda node: node.lineno, reverse=True)[:2]:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name):
            found.append(_with_return(facts, function, target.id))
    return found


def _with_return(facts: Facts, function: ast.FunctionDef, text: str) -> Mending:
    last = function.body[-1]
    return Mending(
        title=_("Let `{function}` end in `return {text}`").format(function=function.name, text=text),
        changes=(Insert(last.lineno, f"return {text}", after=True, column=facts.code.start(last)),),
    )


MISSING_RETURN = Kind(
    slug="missing-return",
    rank=12,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A function without return"),
        what=_("A function that does not `return` gives None, whatever it computed."),
        mend=_("End it with `return` and the result."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Model(torch.nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.inner = torch.nn.Linear(2, 1)\n"
                "    def forward(self, x):\n"
                "        out = self.inner(x)\n"
                "model = Model()\n"
                "guess = model(torch.ones(3, 2))\n"
                "loss = guess.mean()\n"
                "loss.backward()\n"
            ),
            line=10,
            cause_line=7,
            facts=("`guess`", "None", "return", "`forward`", "line 6"),
        ),
        Case(
            code=(
                "import torch\n"
                "def squared_error(a, b):\n"
                "    difference = a - b\n"
                "    (difference ** 2).mean()\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "total = 1.0 + squared_error(w, torch.zeros(2))\n"
                "total.backward()\n"
            ),
            line=6,
            cause_line=4,
            facts=("squared_error", "None", "return"),
        ),
    ),
)
