"""A method or a class that was named and not called."""

from __future__ import annotations

import ast
from typing import Final

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_METHODS: Final = {"builtin_function_or_method", "method", "function", "builtin_method", "method_descriptor"}
_RESULTS: Final = {
    "sum",
    "mean",
    "item",
    "detach",
    "norm",
    "exp",
    "log",
    "abs",
    "max",
    "min",
    "clone",
    "parameters",
    "prod",
    "sqrt",
}


def _uncalled(facts: Facts) -> tuple[ast.expr, str | None] | None:
    """The expression without its parentheses, and the variable that holds it: ``loss = (x * x).sum``."""
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if statement is None:
        return None
    code = facts.code
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and not _is_called(code.parents.get(node), node) and _is_method(facts, node):
            return node, None
        held = _held(facts, node)
        if held is not None:
            return held
    return None


def _held(facts: Facts, node: ast.AST) -> tuple[ast.expr, str | None] | None:
    """The method that a variable holds, or that a function of the learner's returns."""
    code = facts.code
    if isinstance(node, ast.Call):
        function = code.function(called_name(node))
        returns = [part.value for part in ast.walk(function) if isinstance(part, ast.Return)] if function else []
        value = next((part for part in returns if part is not None), None)
        if isinstance(value, ast.Name):
            value = code.value_of(value.id, scope=function)
        name = code.segment(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not _is_called(code.parents.get(node), node):
        if code.function(node.id) is not None:
            return node, None
        value = code.value_of(node.id, node.lineno, code.scope(node)) or code.value_of(node.id)
        name = node.id
    else:
        return None
    return (value, name) if isinstance(value, ast.Attribute) and value.attr in _RESULTS else None


def _is_called(parent: ast.AST | None, node: ast.AST) -> bool:
    return isinstance(parent, ast.Call) and parent.func is node


def _is_method(facts: Facts, node: ast.Attribute) -> bool:
    """Whether an attribute of a tensor is surely a method: ``x.sum + 1``, ``loss.item * 2``."""
    operand = isinstance(facts.code.parents.get(node), (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Attribute))
    return operand and node.attr in _RESULTS


def _suspects_uncalled(facts: Facts) -> bool:
    seen = facts.exception
    if seen is None:
        return False
    if "NoneType" in seen.message and _idle(facts) is not None:
        return True
    if "__init__() takes" in seen.message and _class_called(facts) is not None:
        return True
    return any(f"'{kind}'" in seen.message for kind in _METHODS) and _uncalled(facts) is not None


def _class_called(facts: Facts) -> tuple[ast.Call, ast.expr] | None:
    """``Net(x)``, where ``Net()(x)`` was meant, or ``net = Net`` and then ``net(x)``; with what lacks its parentheses."""
    modules = {node.name for node in facts.code.classes() if node.bases}
    statement = facts.code.statement_at(facts.line) if facts.line else None
    for node in ast.walk(statement) if statement is not None else ():
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, (ast.Name, ast.Attribute)):
            continue
        if called_name(node) in modules:
            return node, node.func
        value = facts.code.value_of(ast.unparse(node.func))
        if isinstance(value, ast.Name) and value.id in modules:
            return node, value
    return None


def _find_class(facts: Facts, call: ast.Call, named: ast.expr) -> Finding:
    code, text = facts.code, facts.code.segment(named)
    change = ReplaceExpression(named.lineno, code.of(named), f"{code.of(named)}()", code.start(named))
    return Finding(
        line=facts.line,
        cause_line=named.lineno,
        headline=_(
            "`{call}` in line {line} hands its arguments to the making of `{text}`: the parentheses of `{text}()` are missing."
        ).format(call=code.segment(call), line=facts.line, text=text),
        why=_(
            "`{text}` is the class. `{text}()` in line {named} makes the module, and the module is what is called with a tensor: "
            "`{text}()(x)`."
        ).format(text=text, named=named.lineno),
        mendings=(Mending(title=_("Make the module: `{text}()`").format(text=text), changes=(change,)),),
    )


def _idle(facts: Facts) -> ast.Attribute | None:
    """A statement that only names ``loss.backward``, above the line that found no gradient."""
    for node in facts.code.nodes:
        named = node.value if isinstance(node, ast.Expr) else None
        if isinstance(named, ast.Attribute) and named.attr == "backward" and named.lineno <= (facts.line or 0):
            return named if "grad" in facts.program.source else None
    return None


def _find_uncalled(facts: Facts) -> Finding | None:
    called = _class_called(facts) if facts.raised("__init__() takes") else None
    if called is not None:
        return _find_class(facts, *called)
    idle = _idle(facts) if facts.raised("NoneType") else None
    found = (idle, None) if idle is not None else _uncalled(facts)
    if found is None:
        return None
    node, name = found
    code, text = facts.code, facts.code.segment(node)
    what = _("`{name}` is not a number but the method `{text}` itself").format(name=name, text=text)
    if name is None:
        what = _("`{text}` is the function itself, not its result").format(text=text)
    arguments = facts.code.function(text) if isinstance(node, ast.Name) else None
    mendings: tuple[Mending, ...] = ()
    if arguments is None or not arguments.args.args:
        change = ReplaceExpression(node.lineno, code.of(node), f"{code.of(node)}()", code.start(node))
        mendings = (Mending(title=_("Call it: `{text}()`").format(text=text), changes=(change,)),)
    return Finding(
        line=facts.line,
        cause_line=node.lineno,
        headline=_("{what}: the parentheses are missing in line {line}.").format(what=what, line=node.lineno),
        why=_(
            "Without parentheses a method is only named, not called. `{text}` in line {line} gives the method; `{text}()` "
            "gives its result."
        ).format(text=text, line=node.lineno)
        + (_(" So no backward has run, and every `.grad` is still None.") if idle is not None else ""),
        mendings=mendings,
    )


MISSING_CALL_PARENTHESES = Kind(
    slug="missing-call-parentheses",
    rank=14,
    needs_history=False,
    suspects=_suspects_uncalled,
    find=_find_uncalled,
    page=Page(
        title=_("A method that is named but not called"),
        what=_("`x.sum` is the method; `x.sum()` is its result. A line that only names a method does nothing."),
        mend=_("Add the parentheses."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "pull = torch.ones(3, requires_grad=True)\n"
                "def cost(p):\n"
                "    total = (p * p).sum\n"
                "    return total\n"
                "cost(pull).backward()\n"
            ),
            line=6,
            cause_line=4,
            facts=("parentheses", "line 4"),
        ),
        Case(
            code=(
                "import torch\npull = torch.ones(3, requires_grad=True)\ntotal = (pull * pull).sum\ntotal.backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`total`", "parentheses", "line 3", r"sum\(\)"),
        ),
    ),
)
