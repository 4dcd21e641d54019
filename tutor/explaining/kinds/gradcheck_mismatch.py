"""``gradcheck`` found that a backward gives other numbers than finite differences."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_INPUT = re.compile(r"Jacobian mismatch for output (\d+) with respect to input (\d+)")
_NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")


def _find(facts: Facts) -> Finding | None:
    message = facts.exception.message if facts.exception else ""
    match = _INPUT.search(message)
    written = next((one for one in written_functions(facts) if one.backward is not None), None)
    if match is None:
        return None
    index = int(match.group(2))
    ratio = _ratio(message)
    returned = written.backward_return if written is not None else None
    name = f"`{written.name}.backward`" if written is not None else _("The backward of the function")
    argument = written.inputs[index] if written is not None and index < len(written.inputs) else str(index)
    times = _(" The right numbers are {ratio} times those.").format(ratio=f"{ratio:g}") if ratio is not None else ""
    return Finding(
        line=facts.line,
        cause_line=returned.lineno if returned is not None else facts.line,
        headline=_("{name} gives another gradient for `{argument}` than finite differences show.").format(
            name=name, argument=argument
        ),
        why=_(
            "`gradcheck` in line {line} moves each input a little, looks how the result changes (numerical), and compares that with what "
            "`backward` returns (analytical). They differ, so the formula in `backward` is not the derivative of `forward`.{times}"
        ).format(line=facts.line, times=times),
        mendings=tuple(_mendings(facts, written, returned, index, ratio)),
    )


def _ratio(message: str) -> float | None:
    """By how much the numerical derivative is larger, where it is the same for every element."""
    _head, _sep, rest = message.partition("numerical:")
    numerical, _sep, analytical = rest.partition("analytical:")
    pairs = list(zip(_NUMBER.findall(numerical), _NUMBER.findall(analytical), strict=False))
    ratios = [float(one) / float(two) for one, two in pairs if float(two)]
    if not ratios or any(float(one) and not float(two) for one, two in pairs):
        return None
    middle = round(ratios[0], 3)
    return middle if all(abs(one - middle) < 1e-3 * abs(middle) for one in ratios) and middle != 1 else None


def _mendings(
    facts: Facts, written: Written | None, returned: ast.Return | None, index: int, ratio: float | None
) -> list[Mending]:
    if written is None or returned is None or returned.value is None or ratio is None:
        return []
    parts = list(returned.value.elts) if isinstance(returned.value, ast.Tuple) else [returned.value]
    if index >= len(parts):
        return []
    part, factor = parts[index], f"{ratio:g}"
    text = facts.code.of(part)
    new = f"-({text})" if ratio == -1 else f"{factor} * ({text})"
    change = ReplaceExpression(part.lineno, text, new, facts.code.start(part))
    return [Mending(title=_("Return what finite differences show: `{new}`").format(new=new), changes=(change,))]


GRADCHECK_MISMATCH = Kind(
    slug="gradcheck-mismatch",
    rank=40,
    needs_history=False,
    suspects=lambda facts: facts.raised("Jacobian mismatch"),
    find=_find,
    page=Page(
        title=_("gradcheck disagrees with a backward"),
        what=_("`gradcheck` compares the gradient of a function with finite differences; here they differ."),
        mend=_("Derive the formula in `backward` anew: the gradient that arrives, times the derivative of `forward`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Square(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, side):\n"
                "        ctx.save_for_backward(side)\n"
                "        return side * side\n"
                "    @staticmethod\n"
                "    def backward(ctx, grad):\n"
                "        side, = ctx.saved_tensors\n"
                "        return grad * side\n"
                "side = torch.tensor([1.0, 3.0], dtype=torch.float64, requires_grad=True)\n"
                "torch.autograd.gradcheck(Square.apply, (side,))\n"
            ),
            line=12,
            cause_line=10,
            facts=("Square", "`side`", "line 10", "2 times"),
        ),
    ),
)
