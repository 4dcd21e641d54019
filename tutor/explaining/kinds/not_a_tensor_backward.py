"""``backward`` and its like asked of a tuple, a list or a dict."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import Change, ReplaceExpression, ReplaceStatement
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_ATTRIBUTE = re.compile(r"'([\w.]+)' object has no attribute '(\w+)'")


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
