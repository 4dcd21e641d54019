"""A custom Function that returns something else than a tensor."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import (
    Written,
    last_return,
    parts_of,
    remember_shape,
    written_functions,
)
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.numbers import as_tensors
from tutor.words import _

_RETURNED = re.compile(r"expected Variable or None \(got ([\w.]+)\)")


def _suspects_returned(facts: Facts) -> bool:
    return facts.raised("expected Variable or None") or (
        facts.raised("' object has no attribute") and _plain_forward(facts) is not None
    )


def _plain_forward(facts: Facts) -> tuple[Written, ast.Return] | None:
    """A Function whose ``forward`` ends in ``.item()`` and the like, and whose result the failing line uses."""
    for written in written_functions(facts):
        returned = last_return(written.forward)
        value = returned.value if returned else None
        if returned is None or not isinstance(value, ast.Call) or called_name(value) not in _NUMBERS:
            continue
        names = {ast.unparse(part) for call in written.calls() for part in facts.code.targets(call)}
        node = facts.code.statement_at(facts.line) if facts.line else None
        read = (
            {ast.unparse(part) for part in ast.walk(node) if isinstance(part, (ast.Name, ast.Call))} if node else set()
        )
        if names & read or {ast.unparse(call) for call in written.calls()} & read:
            return written, returned
    return None


_NUMBERS = frozenset({"item", "tolist", "float", "int", "numpy"})


def _find_plain_forward(facts: Facts, written: Written, returned: ast.Return) -> Finding:
    value, code = returned.value, facts.code
    mendings: list[Mending] = []
    if value is not None:
        text, kept = code.of(value), as_tensors(code, value)
        change = ReplaceExpression(value.lineno, text, kept, code.start(value))
        mendings.append(Mending(title=_("Return the tensor: `{text}`").format(text=kept), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=returned.lineno,
        headline=_(
            "`{name}.forward` returns a plain number (`{text}` in line {line}), and autograd needs a tensor."
        ).format(name=written.name, text=code.segment(value), line=returned.lineno),
        why=_(
            "Only a tensor can carry the node of `{name}` in the graph. A float that `forward` returns is passed on as "
            "it is, without grad_fn, so there is nothing to go backward from in line {line}."
        ).format(name=written.name, line=facts.line),
        mendings=tuple(mendings),
    )


def _find_returned(facts: Facts) -> Finding | None:
    plain_forward = _plain_forward(facts)
    if plain_forward is not None and not facts.raised("expected Variable or None"):
        return _find_plain_forward(facts, *plain_forward)
    match = _RETURNED.search(facts.exception.message if facts.exception else "")
    candidates = [one for one in written_functions(facts) if one.backward_return is not None]
    if match is None or not candidates:
        return None
    plain = (ast.Constant, ast.List)
    written = next(
        (
            one
            for one in candidates
            if any(isinstance(part, plain) or "item" in ast.unparse(part) for part in parts_of(_value(one)))
        ),
        candidates[-1],
    )
    returned = written.backward_return
    assert returned is not None  # noqa: S101 -- the candidates were chosen by it
    kind = match.group(1)
    what = _("a plain number (`{kind}`)") if kind in {"float", "int", "bool"} else _("a `{kind}`")
    what = what.format(kind=kind)
    return Finding(
        line=facts.line,
        cause_line=returned.lineno,
        headline=_("`{name}.backward` returns {what}, and autograd expects a tensor.").format(
            name=written.name, what=what
        ),
        why=_(
            "What `backward` returns in line {line} is passed on to the nodes before it, so it must be a tensor with "
            "the shape of the input, or `None` where no gradient is needed. A gradient is the one that arrives, "
            "`{grad}`, times the derivative of your function."
        ).format(line=returned.lineno, grad=written.gradients[0] if written.gradients else "grad_output"),
        mendings=tuple(_returned_mendings(written, returned)),
    )


def _value(written: Written) -> ast.expr | None:
    return written.backward_return.value if written.backward_return else None


def _returned_mendings(written: Written, returned: ast.Return) -> list[Mending]:
    grad = written.gradients[0] if written.gradients else "grad_output"
    code, found = written.facts.code, []
    for index, part in enumerate(parts_of(returned.value)):
        text, start = code.of(part), code.start(part)
        if isinstance(part, ast.Constant) and part.value is None:
            continue
        new = f"{grad} * {text}"
        if isinstance(part, (ast.List, ast.Tuple)):
            new = f"{grad} * torch.tensor({text})"
        elif ast.unparse(part).endswith(".item()"):
            new = text.rsplit(".item()", 1)[0]
        elif grad in {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}:
            new = f"torch.as_tensor({text})"
        replace = ReplaceExpression(part.lineno, text, new, start)
        found.append(Mending(title=_("Return a tensor: `{new}`").format(new=new), changes=(replace,)))
        if index < len(written.inputs):
            spread = ReplaceExpression(part.lineno, text, f"({new}).expand({written.ctx}.shape)", start)
            name = written.inputs[index]
            found.append(
                Mending(
                    title=_("Return a tensor with the shape of `{name}`").format(name=name),
                    changes=(spread, *remember_shape(written, name)),
                )
            )
    return found


FUNCTION_RETURNED_NO_TENSOR = Kind(
    slug="function-returned-no-tensor",
    rank=20,
    needs_history=False,
    suspects=_suspects_returned,
    find=_find_returned,
    page=Page(
        title=_("backward returns something that is no tensor"),
        what=_("What a custom Function's `backward` returns goes on as a gradient, so it must be a tensor or `None`."),
        mend=_("Multiply the gradient that arrives by the derivative: `return grad_output * 3.0`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Triple(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, v):\n"
                "        return v * 3\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return 3\n"
                "v = torch.ones(2, requires_grad=True)\n"
                "Triple.apply(v).sum().backward()\n"
            ),
            line=10,
            cause_line=8,
            facts=("Triple", "number", "int", "tensor", "line 8"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Sum(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, numbers):\n"
                "        return numbers.sum()\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return [1.0, 1.0]\n"
                "numbers = torch.ones(2, requires_grad=True)\n"
                "Sum.apply(numbers).backward()\n"
            ),
            line=10,
            cause_line=8,
            facts=("Sum", "list", "tensor"),
        ),
    ),
)
