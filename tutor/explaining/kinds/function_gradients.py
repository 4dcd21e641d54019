"""What the ``backward`` of a custom Function returns: how many gradients, of which shape and type."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import Change, ReplaceExpression, ReplaceStatement
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import (
    Written,
    last_return,
    parts_of,
    remember_shape,
    written_function,
    written_functions,
)
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.numbers import as_tensors
from tutor.words import _, ngettext

_COUNT = re.compile(r"function (\w+)Backward returned an incorrect number of gradients \(expected (\d+), got (\d+)\)")
_SHAPE = re.compile(r"Function (\w+)Backward returned an invalid gradient at index (\d+) - got \[(.*?)\] but expected")
_EXPECTED = re.compile(r"expected shape compatible with \[(.*?)\]")
_RETURNED = re.compile(r"expected Variable or None \(got ([\w.]+)\)")


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
