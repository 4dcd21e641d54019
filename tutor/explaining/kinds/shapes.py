"""Shapes that do not go together."""

from __future__ import annotations

import ast
import re
from typing import Final

from tutor.explaining.changes import Change, ReplaceExpression, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.layouts import CHANNELS, VIEW, channels, column_of_classes, scattered, view_of
from tutor.explaining.operands import Operand, operands
from tutor.explaining.sizes import other_sizes
from tutor.words import _

_MESSAGES: Final = (
    "shapes cannot be multiplied",
    "must match the size of tensor",
    "size mismatch, got",
    "inconsistent tensor size",
    "1D tensors expected",
    "must be a matrix",
    "Expected size for first two dimensions",
    "is invalid for input of size",
    "Sizes of tensors must match except in dimension",
    "stack expects each tensor to be equal size",
    "does not broadcast with previously seen size",
    "to match target batch_size",
    "doesn't match the broadcast shape",
    "must match the existing size",
    "does not match the shape of the indexed tensor",
    "t() expects a tensor with <= 2 dimensions",
    "Expected 1-D argument",
    "vector + vector expected",
    "batch1 and batch2 must have same number of batches",
    "both arguments to matmul need to be at least 1D",
    "channels, but got",
    "normalized_shape",
    "The expanded size of the tensor",
    "Using a target size",
    "input and target shapes do not match",
    "expected a non-empty list of Tensors",
    "view size is not compatible",
    "multi-target not supported",
)
_PRODUCTS: Final = {
    "matmul",
    "mm",
    "mv",
    "addmv",
    "addmm",
    "linear",
    "bmm",
    "dot",
    "__matmul__",
    "__rmatmul__",
    "baddbmm",
}
_PAIR = re.compile(r"\((\d+)x(\d+) and (\d+)x(\d+)\)")


def _find(facts: Facts) -> Finding | None:
    given = operands(facts)
    if facts.exception is None:
        return None
    counted = CHANNELS.search(facts.exception.message)
    if counted is not None:
        return channels(facts, given, int(counted.group(1)), int(counted.group(2)))
    if facts.raised("view size is not compatible"):
        return scattered(facts, given)
    view = VIEW.search(facts.exception.message)
    if view is not None:
        return view_of(facts, given, view.group(1), int(view.group(2)))
    if _is_product(facts) and len(given) >= 2:
        return _product(facts, given)
    special = ("Sizes of tensors must match", "stack expects", "einsum()", "batch_size", "multi-target")
    if len(given) >= 2 and not facts.raised(*special):
        return _elementwise(facts, given)
    return _general(facts, given)


def _is_product(facts: Facts) -> bool:
    node, event = facts.failing, facts.failed_event
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return True
    name = event.op if event is not None else called_name(node) if isinstance(node, ast.Call) else ""
    return name in _PRODUCTS


def _named(one: Operand) -> str:
    return _("`{name}` {shape}").format(name=one.text, shape=shape(one.shape))


# Products


def _product(facts: Facts, given: list[Operand]) -> Finding:
    left, right = given[0], given[1]
    layer = _layer(facts, right)
    inner = left.shape[-1] if left.shape else 1
    rows = right.shape[-2] if len(right.shape) >= 2 else right.shape[0] if right.shape else 1
    if layer is not None:
        rows = right.shape[-1]
        headline = _("`{x}` has shape {shape}, {inner} features in each row, but `{layer}` expects {rows}.").format(
            x=left.text, shape=shape(left.shape), inner=inner, layer=layer[0], rows=rows
        )
    else:
        headline = _(
            "`{a}` of shape {one} and `{b}` of shape {two} cannot be multiplied: the inner sizes {inner} and {rows} differ."
        ).format(a=left.text, one=shape(left.shape), b=right.text, two=shape(right.shape), inner=inner, rows=rows)
    why = _(
        "In a matrix product each row of the first meets each column of the second, so the inner sizes must agree: the last "
        "size of `{a}`, {inner}, and the first of `{b}`, {rows}. In line {line}, {one} meets {two}; {inner} is not {rows}."
    ).format(
        a=left.text,
        b=layer[0] if layer is not None else right.text,
        inner=inner,
        rows=rows,
        line=facts.line,
        one=shape(left.shape),
        two=shape(right.shape[::-1] if layer is not None else right.shape),
    )
    where = _(" `{name}` gets its shape in line {line}.")
    cause = layer[1].lineno if layer is not None else right.line or left.line
    if cause is not None and cause != facts.line:
        named = layer[0] if layer is not None else right.text if right.line is not None else left.text
        why += where.format(name=named, line=cause)
    mendings = _layer_mendings(facts, layer, inner) if layer is not None else _product_mendings(facts, left, right)
    mendings += tuple(other_sizes(facts, [left, right])) if not mendings else ()
    return Finding(line=facts.line, cause_line=cause or facts.line, headline=headline, why=why, mendings=mendings)


def _layer(facts: Facts, weight: Operand) -> tuple[str, ast.Call] | None:
    """The ``nn.Linear`` whose weight this is: how the learner names it, and the call that made it."""
    event = facts.failed_event
    if event is None or event.op != "linear":
        return None
    size = weight.shape
    for call in facts.code.calls("Linear"):
        numbers = [part.value for part in call.args if isinstance(part, ast.Constant)]
        sizes = [one.value.value for one in call.keywords if isinstance(one.value, ast.Constant)]
        if [*numbers, *sizes][:2] == list(size[::-1]):
            targets = facts.code.targets(call)
            return (facts.code.segment(targets[0]) if targets else facts.code.segment(call)), call
    calls = facts.code.calls("Linear")
    if len(calls) == 1:
        targets = facts.code.targets(calls[0])
        return (facts.code.segment(targets[0]) if targets else facts.code.segment(calls[0])), calls[0]
    return None


def _layer_mendings(facts: Facts, layer: tuple[str, ast.Call] | None, inner: int) -> tuple[Mending, ...]:
    if layer is None:
        return ()
    call = layer[1]
    first = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "in_features"), None)
    if first is None:
        return ()
    change = ReplaceExpression(first.lineno, facts.code.of(first), str(inner), facts.code.start(first))
    title = _("Let `{layer}` expect {inner} features: line {line}").format(
        layer=layer[0], inner=inner, line=call.lineno
    )
    return (Mending(title=title, changes=(change,)),)


def _product_mendings(facts: Facts, left: Operand, right: Operand) -> tuple[Mending, ...]:
    found: list[Mending] = []
    one, two = left.shape, right.shape

    def offer(title: str, *changes: Change | None) -> None:
        kept = tuple(change for change in changes if change is not None)
        if len(kept) == len(changes):
            found.append(Mending(title=title, changes=kept))

    inner = one[-1] if one else 1
    if len(two) == 2 and two[-1] == inner:
        offer(_("Transpose `{name}`: `{name}.T`").format(name=right.text), _method(facts, right, "T"))
    if len(two) > 2 and two[-1] == inner:
        offer(_("Transpose `{name}`: `{name}.mT`").format(name=right.text), _method(facts, right, "mT"))
    rows = two[-2] if len(two) >= 2 else two[0] if two else 1
    if len(one) == 2 and one[0] == rows:
        offer(_("Transpose `{name}`: `{name}.T`").format(name=left.text), _method(facts, left, "T"))
    node = facts.failing
    if isinstance(node, ast.BinOp) and two and two[-1] == (one[-2] if len(one) >= 2 else one[0] if one else 1):
        code = facts.code
        text = f"{code.of(node.right)} @ {code.of(node.left)}"
        offer(
            _("Multiply in the other order: `{text}`").format(text=text),
            ReplaceExpression(node.lineno, code.of(node), text, code.start(node)),
        )
    if len(one) == len(two) == 1 and one == two:
        return tuple(found)
    found.extend(_resized(facts, right, inner, index=-2 if len(two) >= 2 else 0))
    return tuple(found)


def _resized(facts: Facts, operand: Operand, size: int, index: int) -> list[Mending]:
    """Makes a tensor of plain sizes, ``torch.zeros(4, 2)``, with the size that fits."""
    made = _made(facts, operand)
    if not isinstance(made, ast.Call) or called_name(made) not in {"zeros", "ones", "randn", "rand", "empty"}:
        return []
    sizes: list[ast.expr] = list(made.args)
    if len(sizes) == 1 and isinstance(sizes[0], (ast.Tuple, ast.List)):
        sizes = list(sizes[0].elts)
    if len(sizes) != len(operand.shape) or not sizes:
        return []
    part = sizes[index]
    change = ReplaceExpression(part.lineno, facts.code.of(part), str(size), facts.code.start(part))
    new = list(operand.shape)
    new[index] = size
    title = _("Make `{name}` with shape {shape} in line {line}").format(
        name=operand.text, shape=shape(tuple(new)), line=made.lineno
    )
    return [Mending(title=title, changes=(change,))]


def _made(facts: Facts, operand: Operand) -> ast.expr | None:
    node = facts.node_of(facts.maker(operand.number)) if operand.number is not None else None
    if isinstance(node, ast.expr):
        return node
    return facts.code.value_of(operand.text) if operand.text.isidentifier() else None


def _method(facts: Facts, operand: Operand, method: str) -> Change | None:
    node = operand.node
    if node is None:
        return None
    return WithMethod(node.lineno, facts.code.of(node), method, facts.code.start(node))


# Element by element


def _elementwise(facts: Facts, given: list[Operand]) -> Finding:
    left, right = given[0], next((one for one in given[1:] if one.shape != given[0].shape), given[1])
    differing = _differing(left.shape, right.shape)
    sizes = _(" and ").join(str(size) for size in differing) if differing else ""
    text = facts.code.segment(facts.failing)
    headline = _("`{a}` has shape {one} and `{b}` has shape {two}, and `{text}` needs shapes that match.").format(
        a=left.text, one=shape(left.shape), b=right.text, two=shape(right.shape), text=text
    )
    why = _(
        "Element by element, shapes are compared from the last size backwards: each pair must be equal, or one of them 1."
    )
    if sizes:
        why += _(" Here {sizes} meet in line {line}, and must match.").format(sizes=sizes, line=facts.line)
    cause = right.line or left.line
    if cause is not None and cause != facts.line:
        named = right.text if right.line is not None else left.text
        why += _(" `{name}` gets its shape in line {line}.").format(name=named, line=cause)
    return Finding(
        line=facts.line,
        cause_line=cause or facts.line,
        headline=headline,
        why=why,
        mendings=(*_elementwise_mendings(facts, left, right), *other_sizes(facts, [left, right])),
    )


def _differing(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, int] | None:
    pairs = zip(reversed(one), reversed(two), strict=False)
    return next(((a, b) for a, b in pairs if a != b and 1 not in {a, b}), None)


def _elementwise_mendings(facts: Facts, left: Operand, right: Operand) -> list[Mending]:
    found: list[Mending] = []

    def offer(operand: Operand, method: str, title: str) -> None:
        change = _method(facts, operand, method)
        if change is not None:
            words = title.format(name=operand.text, method=method)
            found.append(Mending(title=words, changes=(change,)))

    for one, other in ((left, right), (right, left)):
        if len(one.shape) == 2 and one.shape[::-1] == other.shape:
            offer(one, "T", _("Transpose `{name}`: `{name}.{method}`"))
        elif count(one.shape) == count(other.shape) and one is right:
            offer(
                one, f"reshape({', '.join(map(str, other.shape))})", _("Give `{name}` the other's shape: `.{method}`")
            )
        elif len(one.shape) == 1 and len(other.shape) == 2 and one.shape[0] == other.shape[0]:
            offer(one, "unsqueeze(1)", _("Make a column of `{name}`: `{name}.{method}`"))
    differing = _differing(left.shape, right.shape)
    if differing is not None and len(left.shape) == len(right.shape) == 1:
        found.extend(_resized(facts, right, left.shape[0], index=0))
        shorter, longer = sorted((left, right), key=lambda one: one.shape[0])
        node = longer.node
        if node is not None:
            text = facts.code.of(node)
            change = ReplaceExpression(node.lineno, text, f"{text}[:{shorter.shape[0]}]", facts.code.start(node))
            title = _("Use only the first {count} elements of `{name}`").format(
                count=shorter.shape[0], name=longer.text
            )
            found.append(Mending(title=title, changes=(change,)))
    return found


# Sizes where the tensors are made


def _general(facts: Facts, given: list[Operand]) -> Finding:
    text = facts.code.segment(facts.failing)
    named = ", ".join(_named(one) for one in given)
    message = facts.exception.message.split("\n")[0] if facts.exception else ""
    headline = _("The shapes in `{text}`, line {line}, do not go together.").format(text=text, line=facts.line)
    if named:
        headline = _("The shapes in `{text}`, line {line}, do not go together: {named}.").format(
            text=text, line=facts.line, named=named
        )
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=headline,
        why=_(
            "torch says: {message}. Print the shapes just before this line and compare them with what it needs."
        ).format(message=message.rstrip(".")),
        mendings=(*column_of_classes(facts, given), *other_sizes(facts, given)),
    )


SHAPE_MISMATCH = Kind(
    slug="shape-mismatch",
    rank=30,
    suspects=lambda facts: facts.raised(*_MESSAGES),
    find=_find,
    page=Page(
        title=_("Shapes that do not go together"),
        what=_(
            "In a product `A @ B` the last size of `A` and the first of `B` must agree. Element by element, sizes are compared "
            "from the last one backwards: equal, or one of them 1."
        ),
        mend=_("Print the shapes. Transpose, reshape, or make the tensor with the size that fits."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def predict(batch, table):\n"
                "    return batch @ table\n"
                "rows = torch.ones(6, 4)\n"
                "table = torch.zeros(3, 4, requires_grad=True)\n"
                "predict(rows, table).sum().backward()\n"
            ),
            line=3,
            cause_line=5,
            facts=("`batch`", "`table`", r"\(6, 4\)", r"\(3, 4\)", "inner", r"table\.T", "line 3"),
        ),
        Case(
            code=(
                "import torch\n"
                "net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(6, 1))\n"
                "pixels = torch.ones(5, 3)\n"
                "net(pixels).sum().backward()\n"
            ),
            line=4,
            cause_line=2,
            facts=("8", "6", "features"),
        ),
        Case(
            code=(
                "import torch\n"
                "speeds = torch.ones(4, requires_grad=True)\n"
                "times = torch.ones(3)\n"
                "ways = speeds * times\n"
                "ways.sum().backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`speeds`", "`times`", r"\(4,\)", r"\(3,\)", "4 and 3"),
        ),
        Case(
            code="import torch\nflat = torch.arange(12.0)\ngrid = flat.view(5, 3)\n",
            line=3,
            facts=("`flat`", "12 elements", "5, 3", "15"),
        ),
        Case(
            code="import torch\nleft, right = torch.ones(2, 3), torch.ones(2, 4)\nboth = torch.cat([left, right])\n",
            line=3,
            facts=("`left`", "`right`", r"\(2, 3\)", r"\(2, 4\)"),
            mended=False,
        ),
    ),
)
