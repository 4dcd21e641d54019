"""How many gradients the ``backward`` of a custom Function returns."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceStatement
from tutor.explaining.facts import Facts
from tutor.explaining.functions import (
    Written,
    last_return,
    parts_of,
    written_function,
)
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _, ngettext

_COUNT = re.compile(r"function (\w+)Backward returned an incorrect number of gradients \(expected (\d+), got (\d+)\)")


def _find_count(facts: Facts) -> Finding | None:
    match = _COUNT.search(facts.exception.message if facts.exception else "")
    written = written_function(facts, match.group(1)) if match else None
    if match is None or written is None:
        return None
    expected, got = int(match.group(2)), int(match.group(3))
    returned = written.backward_return
    inputs = ", ".join(f"`{name}`" for name in written.inputs)
    gradients = ngettext("{count} gradient", "{count} gradients", got).format(count=got)
    takes = ngettext("{count} input", "{count} inputs", expected).format(count=expected)
    line = returned.lineno if returned else None
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_("`{name}.backward` returns {gradients}, but `{name}.forward` takes {takes}: {inputs}.").format(
            name=written.name, gradients=gradients, takes=takes, inputs=inputs
        ),
        why=_(
            "Autograd matches what `backward` returns, in line {line}, with the inputs of `forward`, one for one and "
            "in the same order ({expected} wanted, {got} returned). An input that needs no gradient, such as a plain "
            "number, still has its place: return `None` for it."
        ).format(line=line, expected=expected, got=got),
        mendings=tuple(_count_mendings(written, expected, got)),
    )


def _count_mendings(written: Written, expected: int, got: int) -> list[Mending]:
    returned = written.backward_return
    if returned is None or returned.value is None:
        return []
    code = written.facts.code
    parts = [code.of(part) for part in parts_of(returned.value)]
    if len(parts) != got or expected != len(written.inputs):
        return []
    if got > expected:
        kept = ", ".join(parts[:expected])
        title = _("Return only the gradients of {inputs}").format(
            inputs=", ".join(f"`{name}`" for name in written.inputs)
        )
        return [
            Mending(title=title, changes=(ReplaceStatement(returned.lineno, f"return {kept}", code.start(returned)),))
        ]
    missing = written.inputs[got:]
    found: list[Mending] = []
    derived = [_derived(written, name) for name in missing]
    if all(derived):
        text = ", ".join([*parts, *(one or "" for one in derived)])
        found.append(
            Mending(
                title=_("Return the gradient of {names} as well: `{text}`").format(
                    names=", ".join(f"`{name}`" for name in missing), text=text
                ),
                changes=(ReplaceStatement(returned.lineno, f"return {text}", code.start(returned)),),
            )
        )
    text = ", ".join([*parts, *("None" for _name in missing)])
    found.append(
        Mending(
            title=_("Return `None` for {names}, which needs no gradient: `return {text}`").format(
                names=", ".join(f"`{name}`" for name in missing), text=text
            ),
            changes=(ReplaceStatement(returned.lineno, f"return {text}", code.start(returned)),),
        )
    )
    return found


def _derived(written: Written, name: str) -> str | None:
    """The gradient of an input that ``forward`` adds, subtracts, multiplies or divides and that requires grad here."""
    index = written.inputs.index(name)
    tracked = any(_needs(written, call, index) for call in written.calls())
    returned = last_return(written.forward)
    value = returned.value if returned else None
    if not tracked or not written.gradients or not isinstance(value, ast.BinOp):
        return None
    left, right, grad = ast.unparse(value.left), ast.unparse(value.right), written.gradients[0]
    if name not in {left, right} or not left.isidentifier() or not right.isidentifier():
        return None
    other = right if name == left else left
    local = {node.id for node in ast.walk(written.backward or written.node) if isinstance(node, ast.Name)}
    first = name == left
    match value.op:
        case ast.Add():
            return grad
        case ast.Sub():
            return grad if first else f"-{grad}"
        case ast.Mult():
            return f"{grad} * {other}" if other in local else None
        case ast.Div():
            divided = f"-{grad} * {left} / {right} ** 2"
            return (f"{grad} / {other}" if other in local else None) if first else (divided if left in local else None)
        case _:
            return None


def _needs(written: Written, call: ast.Call, index: int) -> bool:
    if index >= len(call.args) or not isinstance(call.args[index], ast.Name):
        return index < len(call.args) and not isinstance(call.args[index], ast.Constant)
    name = call.args[index].id  # type: ignore[attr-defined]
    seen = next((tensor for tensor in written.facts.observation.tensors if tensor.name == name), None)
    return seen.value.requires_grad if seen is not None else True


FUNCTION_GRADIENT_COUNT = Kind(
    slug="function-gradient-count",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("returned an incorrect number of gradients"),
    find=_find_count,
    page=Page(
        title=_("backward returns too few or too many gradients"),
        what=_(
            "A custom `torch.autograd.Function` returns from `backward` one gradient for each input of `forward`, in "
            "the same order. Autograd counts them."
        ),
        mend=_("Return a tuple with one entry for each input, and `None` for those that need no gradient."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Blend(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, ink, paper, share):\n"
                "        ctx.share = share\n"
                "        return share * ink + (1 - share) * paper\n"
                "    @staticmethod\n"
                "    def backward(ctx, arriving):\n"
                "        return ctx.share * arriving, (1 - ctx.share) * arriving\n"
                "ink = torch.tensor([1.0, 0.5], requires_grad=True)\n"
                "paper = torch.tensor([0.0, 0.2], requires_grad=True)\n"
                "Blend.apply(ink, paper, 0.25).sum().backward()\n"
            ),
            line=12,
            cause_line=9,
            facts=("`Blend", "2 gradients", "3 inputs", "`share`", "None", "line 9"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Ratio(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, top, bottom):\n"
                "        ctx.save_for_backward(top, bottom)\n"
                "        return top / bottom\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        top, bottom = ctx.saved_tensors\n"
                "        return g / bottom\n"
                "def run(p, q):\n"
                "    return Ratio.apply(p, q)\n"
                "p = torch.tensor(2.0, requires_grad=True)\n"
                "q = torch.tensor(4.0, requires_grad=True)\n"
                "run(p, q).backward()\n"
            ),
            line=15,
            cause_line=10,
            facts=("Ratio", r"-g \* top / bottom \*\* 2"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Half(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        return x / 2\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return g / 2, g\n"
                "x = torch.ones(2, requires_grad=True)\n"
                "Half.apply(x).sum().backward()\n"
            ),
            line=10,
            cause_line=8,
            facts=("2 gradients", "1 input"),
        ),
    ),
)
