"""A torch function was given a number, a list or an array where it takes a tensor."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.flows import EXTRACTIONS, events_within, sources_of
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.numbers import extraction_text, kept_as_tensors
from tutor.words import _

_ARGUMENT = re.compile(
    r"(\w+)\(\): argument '\w+' (?:\(position (\d+)\) )?must be (?:Tensor|tuple of Tensors), not ([\w.]+)"
)
_ELEMENT = re.compile(r"expected Tensor as element (\d+) in argument 0, but got ([\w.]+)")


def _suspects(facts: Facts) -> bool:
    message = facts.exception.message if facts.exception else ""
    return bool(_ARGUMENT.search(message) or _ELEMENT.search(message))


def _find(facts: Facts) -> Finding | None:
    message = facts.exception.message if facts.exception else ""
    argument, element = _ARGUMENT.search(message), _ELEMENT.search(message)
    call = _call(facts, argument.group(1) if argument is not None else None)
    given = _given(call, int(argument.group(2) or 1) - 1) if call is not None and argument is not None else None
    if call is not None and element is not None:
        given = call.args[0] if call.args else None
    kind = argument.group(3) if argument is not None else element.group(2) if element is not None else ""
    if call is None or given is None:
        return None
    expressions = sources_of(facts.code, given)
    taken = next(
        (one for one in events_within(facts, expressions, *EXTRACTIONS) if set(one.inputs) & set(one.tracked)), None
    )
    line = facts.line_of(taken) or _made(facts, given)
    what = _("`{text}` is a `{kind}`").format(text=facts.code.segment(given), kind=kind)
    if element is not None:
        what = _("element {index} of `{text}` is a `{kind}`").format(
            index=element.group(1), text=facts.code.segment(given), kind=kind
        )
    return Finding(
        kind="python-number" if taken is not None else None,
        line=facts.line,
        cause_line=line,
        headline=_("`{function}` in line {line} takes tensors, and {what}.").format(
            function=facts.code.segment(call.func), line=facts.line, what=what
        ),
        why=(
            _("`{how}` in line {line} took the plain number out of the graph. Keep the tensor instead.").format(
                how=extraction_text(facts, taken), line=line
            )
            if taken is not None
            else _(
                "Autograd follows tensors only. A plain number is a constant: compute with Python's `math`, or make a tensor of it. "
                "Several tensors are joined with `torch.stack`; an array becomes a tensor with `torch.as_tensor`."
            )
        ),
        mendings=tuple(_mendings(facts, call, given, expressions, kind)),
    )


def _call(facts: Facts, name: str | None) -> ast.Call | None:
    statement = facts.code.statement_at(facts.line) if facts.line else None
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)] if statement is not None else []
    failing = [facts.failing] if isinstance(facts.failing, ast.Call) else []
    named = [one for one in (*failing, *calls) if name is None or called_name(one) == name]
    return next(iter([*named, *failing]), None)


def _given(call: ast.Call, position: int) -> ast.expr | None:
    return call.args[position] if position < len(call.args) else call.args[0] if call.args else None


def _made(facts: Facts, given: ast.expr) -> int | None:
    value = facts.code.value_of(ast.unparse(given), given.lineno, facts.code.scope(given))
    return value.lineno if value is not None else facts.line


def _mendings(facts: Facts, call: ast.Call, given: ast.expr, expressions: list[ast.expr], kind: str) -> list[Mending]:
    code, found = facts.code, list[Mending]()
    text, function = code.of(given), code.of(call.func)
    kept = kept_as_tensors(code, expressions)
    if kept:
        found.append(Mending(title=_("Keep the tensors: leave the conversion out"), changes=kept))

    def offer(title: str, node: ast.expr, new: str) -> None:
        change = ReplaceExpression(node.lineno, code.of(node), new, code.start(node))
        found.append(Mending(title=title.format(new=new), changes=(change,)))

    if kind in {"list", "tuple"}:
        offer(_("Join the tensors first: `{new}`"), given, f"torch.stack({text})")
        offer(_("Make a tensor: `{new}`"), given, f"torch.tensor({text})")
    elif kind == "generator":
        offer(_("Use Python's own: `{new}`"), call.func, called_name(call))
    elif kind.endswith("ndarray"):
        offer(_("Make a tensor of the array: `{new}`"), given, f"torch.as_tensor({text})")
    elif kind in {"float", "int", "bool"} and not isinstance(given, (ast.List, ast.Tuple, ast.ListComp)):
        offer(_("Make a tensor of it: `{new}`"), given, f"torch.tensor({text})")
    if (
        isinstance(given, (ast.Name, ast.List, ast.ListComp))
        and kind in {"float", "int"}
        and function.endswith("stack")
    ):
        offer(_("Make a tensor of the numbers: `{new}`"), call, f"torch.tensor({text})")
    return found


TENSOR_WANTED = Kind(
    slug="tensor-wanted",
    rank=30,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A tensor is wanted here"),
        what=_(
            "The functions of torch take tensors. A Python number, a list or a numpy array is none, and autograd could not "
            "follow it."
        ),
        mend=_("Keep the tensor, join several with `torch.stack`, or make one with `torch.tensor`."),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "first = torch.tensor(1.0, requires_grad=True)\n"
                "second = torch.tensor(2.0, requires_grad=True)\n"
                "total = torch.sum([first, second * 3])\n"
                "total.backward()\n"
            ),
            line=4,
            facts=("list", "stack", "line 4"),
            fixed=(
                "import torch\n"
                "first = torch.tensor(1.0, requires_grad=True)\n"
                "second = torch.tensor(2.0, requires_grad=True)\n"
                "total = torch.sum(torch.stack([first, second * 3]))\n"
                "total.backward()\n"
            ),
        ),
        Case(
            kind="python-number",
            code=(
                "import torch\n"
                "speeds = torch.tensor([1.0, 4.0], requires_grad=True)\n"
                "costs = []\n"
                "for speed in speeds:\n"
                "    costs.append((speed ** 2).item())\n"
                "torch.stack(costs).sum().backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=(r"\.item\(\)", "line 5", "line 6", "costs"),
        ),
    ),
)
