"""The shape of a gradient that the ``backward`` of a custom Function returns."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import Change, ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import (
    Written,
    parts_of,
    remember_shape,
    written_function,
)
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_SHAPE = re.compile(r"Function (\w+)Backward returned an invalid gradient at index (\d+) - got \[(.*?)\] but expected")
_EXPECTED = re.compile(r"expected shape compatible with \[(.*?)\]")


def _find_shape(facts: Facts) -> Finding | None:
    message = facts.exception.message if facts.exception else ""
    match, wanted = _SHAPE.search(message), _EXPECTED.search(message)
    written = written_function(facts, match.group(1)) if match else None
    if match is None or wanted is None or written is None:
        return None
    index, got, want = int(match.group(2)), _size(match.group(3)), _size(wanted.group(1))
    returned = written.backward_return
    name = written.inputs[index] if index < len(written.inputs) else str(index + 1)
    return Finding(
        line=facts.line,
        cause_line=returned.lineno if returned else None,
        headline=_(
            "`{function}.backward` returns a gradient of shape {got} for `{name}`, which has shape {want}."
        ).format(function=written.name, got=got, want=want, name=name),
        why=_(
            "A gradient holds one number for each element of its input, so it must have the input's shape. "
            "What line {line} returns has shape {got}; for `{name}` it must be {want}."
        ).format(line=returned.lineno if returned else "?", got=got, want=want, name=name),
        mendings=tuple(_shape_mendings(written, index, got, want)),
    )


def _size(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part.strip())


def _shape_mendings(written: Written, index: int, got: tuple[int, ...], want: tuple[int, ...]) -> list[Mending]:
    returned = written.backward_return
    parts = parts_of(returned.value) if returned else []
    if returned is None or index >= len(parts) or index >= len(written.inputs):
        return []
    code, part, name = written.facts.code, parts[index], written.inputs[index]
    text, place = code.of(part), (part.lineno, code.start(part))
    changed = text if isinstance(part, (ast.Name, ast.Call, ast.Attribute, ast.Constant)) else f"({text})"
    grad = written.gradients[0] if written.gradients else "grad_output"
    found: list[Mending] = []

    def offer(title: str, new: str, *, needs_shape: bool = False) -> None:
        change: Change = ReplaceExpression(place[0], text, new, place[1])
        changes = (change, *remember_shape(written, name)) if needs_shape else (change,)
        found.append(Mending(title=title, changes=changes))

    for method in ("sum", "mean"):
        if isinstance(part, ast.Call) and called_name(part) == method and len(got) <= len(want):
            for dim in range(len(want) + 1):
                new = f"{grad}.{method}({dim})"
                if new != text:
                    offer(_("Sum over the other dimension: `{text}`").format(text=new), new)
    if grad not in {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}:
        offer(_("Multiply by `{grad}`, the gradient that arrives").format(grad=grad), f"{grad} * {changed}")
    if len(got) == len(want) == 2 and got == want[::-1]:
        offer(_("Transpose it: `{text}.T`").format(text=changed), f"{changed}.T")
        return found
    if sorted(got) != sorted(want) or len(got) != len(want):
        offer(
            _("Spread it over the shape of `{name}`: `.expand({ctx}.shape)`").format(name=name, ctx=written.ctx),
            f"{changed}.expand({written.ctx}.shape)",
            needs_shape=True,
        )
        offer(
            _("Sum it to the shape of `{name}`: `.sum_to_size({ctx}.shape)`").format(name=name, ctx=written.ctx),
            f"{changed}.sum_to_size({written.ctx}.shape)",
            needs_shape=True,
        )
    offer(
        _("Give it the shape of `{name}`: `.reshape({ctx}.shape)`").format(name=name, ctx=written.ctx),
        f"{changed}.reshape({written.ctx}.shape)",
        needs_shape=True,
    )
    return found


FUNCTION_WRONG_GRADIENT_SHAPE = Kind(
    slug="function-wrong-gradient-shape",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("returned an invalid gradient at index") and facts.raised("expected shape"),
    find=_find_shape,
    page=Page(
        title=_("backward returns a gradient of the wrong shape"),
        what=_("A gradient has one number for each element of its input, so it must have the input's shape."),
        mend=_(
            "Give each gradient the shape of its input: multiply by `grad_output`, `expand` what `forward` summed, "
            "sum what `forward` broadcast, transpose back what it transposed."
        ),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Total(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, rows):\n"
                "        return rows.sum()\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return 2 * g.reshape(1)\n"
                "rows = torch.ones(2, 3, requires_grad=True)\n"
                "Total.apply(rows).backward()\n"
            ),
            line=10,
            cause_line=8,
            facts=("Total", "`rows`", r"\(1,\)", r"\(2, 3\)"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Flip(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, board):\n"
                "        return board.T\n"
                "    @staticmethod\n"
                "    def backward(ctx, upstream):\n"
                "        return upstream\n"
                "board = torch.ones(2, 3, requires_grad=True)\n"
                "(Flip.apply(board) * torch.ones(3, 2)).sum().backward()\n"
            ),
            line=10,
            cause_line=8,
            facts=("Flip", "`board`", r"\(3, 2\)", r"\(2, 3\)", r"\.T"),
        ),
    ),
)
