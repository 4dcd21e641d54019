"""Something that is not a tensor where a tensor was meant: a method that was not called, a tuple, a list."""

from __future__ import annotations

import ast
import re
from typing import Final

from tutor.explaining.changes import Change, ReplaceExpression, ReplaceStatement
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
_ATTRIBUTE = re.compile(r"'([\w.]+)' object has no attribute '(\w+)'")


# A method that was not called


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


# backward of something that is not a tensor


def _suspects_other(facts: Facts) -> bool:
    match = _ATTRIBUTE.search(facts.exception.message) if facts.exception else None
    return (
        match is not None
        and match.group(2) in {"backward", "sum", "mean", "item", "requires_grad", "grad", "detach"}
        and match.group(1) in {"tuple", "list", "dict", "ndarray", "numpy.ndarray", "str"}
    )


def _receiver(facts: Facts, attribute: str) -> ast.expr | None:
    statement = facts.code.statement_at(facts.line) if facts.line else None
    for node in ast.walk(statement) if statement else ():
        if isinstance(node, ast.Attribute) and node.attr == attribute:
            return node.value
    return None


def _find_other(facts: Facts) -> Finding | None:
    match = _ATTRIBUTE.search(facts.exception.message) if facts.exception else None
    receiver = _receiver(facts, match.group(2)) if match else None
    if match is None or receiver is None:
        return None
    kind, attribute, code = match.group(1), match.group(2), facts.code
    name = code.segment(receiver)
    statement = _assignment(facts, receiver)
    call = statement.value if statement is not None else receiver
    function = _callee(facts, call) if isinstance(call, ast.Call) else None
    returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)] if function else []
    cause = statement.lineno if statement is not None else facts.line
    why = _("Only a tensor has `{attribute}`. ").format(attribute=attribute)
    if kind == "tuple" and function is not None and returned:
        why += _(
            "`{function}` returns a tuple in line {line}: `{value}`. Unpack it, or take the part you mean: `{name}[0]`."
        ).format(function=function.name, line=returned[-1].lineno, value=code.segment(returned[-1].value), name=name)
    elif kind == "tuple":
        why += _("`{name}` holds several values, made in line {line}; unpack it, or take one: `{name}[0]`.").format(
            name=name, line=cause
        )
    elif kind == "list":
        why += _(
            "`{name}` is a list of values, made in line {line}; add them up, `sum({name})`, or join them with `torch.stack({name})`."
        ).format(name=name, line=cause)
    else:
        why += _("`{name}` became a `{kind}` in line {line}, and the graph does not follow there.").format(
            name=name, kind=kind, line=cause
        )
    return Finding(
        line=facts.line,
        cause_line=cause,
        headline=_("`{name}` is a {kind}, not a tensor, so it has no `{attribute}`.").format(
            name=name, kind=kind, attribute=attribute
        ),
        why=why,
        mendings=tuple(_other_mendings(facts, receiver, kind, statement, returned[-1].value if returned else None)),
    )


def _callee(facts: Facts, call: ast.Call) -> ast.FunctionDef | None:
    """The learner's function that a call runs: by its name; for an object of one of their modules, ``forward``."""
    direct = facts.code.function(called_name(call))
    made = call.func if isinstance(call.func, ast.Call) else facts.code.value_of(ast.unparse(call.func))
    for owner in facts.code.classes() if direct is None and made is not None else ():
        methods = {part.name: part for part in owner.body if isinstance(part, ast.FunctionDef)}
        if made is not None and called_name(made) == owner.name:
            return methods.get("forward") or methods.get("__call__")
    return direct


def _assignment(facts: Facts, receiver: ast.expr) -> ast.Assign | None:
    text = ast.unparse(receiver)
    scope = facts.code.scope(receiver)
    statements = facts.code.assignments(text, scope) or facts.code.assignments(text)
    above = [one for one in statements if isinstance(one, ast.Assign) and one.lineno < (facts.line or 0)]
    return above[-1] if above and isinstance(above[-1], ast.Assign) else None


def _other_mendings(
    facts: Facts, receiver: ast.expr, kind: str, statement: ast.Assign | None, value: ast.expr | None
) -> list[Mending]:
    code, found = facts.code, []
    text, start = code.of(receiver), code.start(receiver)

    def offer(title: str, *changes: Change) -> None:
        found.append(Mending(title=title, changes=changes))

    if kind == "tuple":
        size = len(value.elts) if isinstance(value, ast.Tuple) else 2
        if statement is not None and isinstance(statement.targets[0], ast.Name) and isinstance(value, ast.Tuple):
            rest = ", ".join("_" for _one in range(size - 1))
            new = f"{text}, {rest} = {code.of(statement.value)}" if rest else f"{text}, = {code.of(statement.value)}"
            offer(
                _("Unpack the tuple: `{new}`").format(new=new),
                ReplaceStatement(statement.lineno, new, code.start(statement)),
            )
        if statement is not None and isinstance(statement.value, ast.Tuple) and len(statement.value.elts) == 1:
            inner = code.of(statement.value.elts[0])
            offer(
                _("Leave out the comma in line {line}").format(line=statement.lineno),
                ReplaceStatement(statement.lineno, f"{text} = {inner}", code.start(statement)),
            )
        offer(
            _("Take its first part: `{text}[0]`").format(text=text),
            ReplaceExpression(receiver.lineno, text, f"{text}[0]", start),
        )
    elif kind == "dict":
        keys = [key.value for key in value.keys if isinstance(key, ast.Constant)] if isinstance(value, ast.Dict) else []
        for key in keys:
            new = f"{text}[{key!r}]"
            offer(_("Take the part `{new}`").format(new=new), ReplaceExpression(receiver.lineno, text, new, start))
    elif kind == "list":
        offer(
            _("Add the parts up: `sum({text})`").format(text=text),
            ReplaceExpression(receiver.lineno, text, f"sum({text})", start),
        )
        new = f"torch.stack({text}).sum()"
        offer(
            _("Join them to one tensor: `{new}`").format(new=new), ReplaceExpression(receiver.lineno, text, new, start)
        )
    elif statement is not None:
        for ending in (".detach().numpy()", ".numpy()", ".tolist()", ".detach().cpu().numpy()"):
            made = code.of(statement.value)
            if made.endswith(ending):
                new = made.removesuffix(ending)
                offer(
                    _("Keep the tensor in line {line}: `{new}`").format(line=statement.lineno, new=new),
                    ReplaceExpression(statement.value.lineno, made, new, code.start(statement.value)),
                )
    return found


# A tensor that is called


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

NOT_A_TENSOR_BACKWARD = Kind(
    slug="not-a-tensor-backward",
    rank=20,
    needs_history=False,
    suspects=_suspects_other,
    find=_find_other,
    page=Page(
        title=_("backward of something that is not a tensor"),
        what=_(
            "Only tensors have `backward`. A tuple, a list or a numpy array may hold tensors or their values, but is none."
        ),
        mend=_("Unpack the tuple, add up the list, or keep the tensor instead of its numpy copy."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def measure(guess):\n"
                "    gap = guess - 1.0\n"
                "    return gap.pow(2).sum(), gap.abs().max()\n"
                "guess = torch.zeros(2, requires_grad=True)\n"
                "result = measure(guess)\n"
                "result.backward()\n"
            ),
            line=7,
            cause_line=6,
            facts=("`result`", "tuple", "line 4", "npack", r"\[0\]"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "losses = [(w * k).sum() for k in range(3)]\n"
                "losses.backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`losses`", "list", r"sum\(losses\)"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "loss = (w * w).sum().detach().numpy()\n"
                "loss.backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("ndarray", "line 3"),
        ),
    ),
)

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
