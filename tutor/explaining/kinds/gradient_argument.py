"""The weights that a backward pass starts with: of the wrong shape, not a tensor, or another argument in their place."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import DropArgument, ReplaceExpression
from tutor.explaining.changes.expressions import tight
from tutor.explaining.changes.raw import Respell
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_NAMES = ("gradient", "grad_outputs", "grad_tensors")
_MISMATCH = re.compile(r"has a shape of torch\.Size\((\[[^\]]*\])\) and (?:output|tensor)\w*\[(\d+)\] has a shape of")
_GOT = re.compile(r"but got (?:<class ')?([\w.]+)")
_ITERABLE = re.compile(r"'(\w+)' object is not iterable")


def _weights(facts: Facts) -> ast.expr | None:
    """The argument that gives the weights, as written."""
    call = facts.failing
    if not isinstance(call, ast.Call):
        return None
    named = next((value for name in _NAMES if (value := keyword(call, name)) is not None), None)
    if named is not None:
        return named
    method = facts.failed_event is not None and facts.failed_event.op == "backward"
    place = 0 if method else 1 if called_name(call) == "backward" else 2
    return call.args[place] if len(call.args) > place else None


def _start(facts: Facts, position: int = 0) -> tuple[str, tuple[int, ...]] | None:
    """The tensor that the pass starts from, as written, and its shape."""
    seen = facts.failed_backward
    written = facts.written_root(position)
    known = None if seen is None or position >= len(seen.roots) else facts.tensor(seen.roots[position])
    if known is None:
        return None
    text = facts.code.segment(written) or facts.name(known.id) or _("the result")
    return text, known.shape


# Another shape than the result's


def _find_shape(facts: Facts) -> Finding | None:
    seen = _MISMATCH.search(facts.exception.message) if facts.exception else None
    start = _start(facts, int(seen.group(2))) if seen is not None else None
    weights = _weights(facts)
    if seen is None or start is None:
        return None
    name, size = start
    given = tuple(int(part) for part in seen.group(1).strip("[]").split(",") if part.strip())
    written = facts.code.segment(weights)
    return Finding(
        line=facts.line,
        cause_line=_made(facts, weights),
        headline=_(
            "`{weights}` has shape {given}, but `{name}` in line {line} has shape {size}: each needs one weight."
        ).format(weights=written or "gradient", given=shape(given), name=name, line=facts.line, size=shape(size)),
        why=_(
            "The argument of `backward` says how much each element of `{name}` counts, so it must have the shape of "
            "`{name}`: {size}, {count} elements, not {given}. For equal weights use `torch.ones_like({name})`."
        ).format(name=name, size=shape(size), count=count(size), given=shape(given)),
        mendings=tuple(_of_the_same_shape(facts, weights, name, count(given) == count(size))),
    )


def _made(facts: Facts, weights: ast.expr | None) -> int | None:
    if weights is None:
        return facts.line
    if isinstance(weights, ast.Name):
        value = facts.code.value_of(weights.id, facts.line)
        return value.lineno if value is not None else facts.line
    return weights.lineno


def _of_the_same_shape(facts: Facts, weights: ast.expr | None, name: str, same_count: bool) -> list[Mending]:
    if weights is None:
        return []
    text = facts.code.of(weights)
    ones = f"torch.ones_like({name})"
    tried = [f"{tight(text)}.reshape({tight(name)}.shape)", ones] if same_count else [ones]
    tried.append(f"{tight(text)}.expand_as({name})")
    return [
        Mending(
            title=_("Pass weights of the right shape: `{new}`").format(new=new),
            changes=(ReplaceExpression(weights.lineno, text, new, facts.code.start(weights)),),
        )
        for new in tried
    ]


# A list or a number


def _find_type(facts: Facts) -> Finding | None:
    weights = _weights(facts)
    start = _start(facts)
    if weights is None or start is None or _is_flag(facts, weights):
        return None
    name, size = start
    kind = _type_of(facts, weights)
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "`{call}` in line {line} was given a {kind}, and it needs a tensor of shape {size}, one weight for each "
            "element of `{name}`."
        ).format(call=facts.code.segment(facts.failing), line=facts.line, kind=kind, size=shape(size), name=name),
        why=_(
            "The first argument of `backward` is `gradient`: a tensor of the shape of `{name}`, {size}. `{weights}` "
            "is a {kind}. Write `torch.tensor(...)`, or `torch.ones_like({name})` for the weight 1 everywhere."
        ).format(name=name, size=shape(size), weights=facts.code.segment(weights), kind=kind),
        mendings=tuple(_as_a_tensor(facts, weights, name, size)),
    )


def _type_of(facts: Facts, weights: ast.expr) -> str:
    names = {ast.List: "list", ast.Tuple: "tuple", ast.ListComp: "list"}
    if type(weights) in names:
        return names[type(weights)]
    if isinstance(weights, ast.Constant):
        return type(weights.value).__name__
    local = facts.local(weights.id) if isinstance(weights, ast.Name) else None
    message = facts.exception.message if facts.exception else ""
    seen = _ITERABLE.search(message) or _GOT.search(message)
    return (
        local.value.python_type
        if local is not None and hasattr(local.value, "python_type")
        else (seen.group(1) if seen is not None else _("value that is not a tensor"))
    )


def _as_a_tensor(facts: Facts, weights: ast.expr, name: str, size: tuple[int, ...]) -> list[Mending]:
    text, place = facts.code.of(weights), facts.code.start(weights)
    is_one = isinstance(weights, ast.Constant) and weights.value == 1
    new = [f"torch.tensor({text})", f"torch.tensor({text}, dtype={tight(name)}.dtype)"]
    if size and not isinstance(weights, (ast.List, ast.Tuple)):
        new = [f"torch.ones_like({name})" if is_one else f"torch.full_like({name}, {text})", *new]
    new.append(f"torch.ones_like({name})")
    found = [
        Mending(
            title=_("Pass a tensor: `{new}`").format(new=one),
            changes=(ReplaceExpression(weights.lineno, text, one, place),),
        )
        for one in new
    ]
    call = facts.failing
    if not size and isinstance(call, ast.Call) and called_name(call) == "backward":
        drop = DropArgument(call.lineno, "backward", 0 if call.args else "gradient", facts.code.start(call))
        found.append(Mending(title=_("Leave it out: a scalar needs no weight"), changes=(drop,)))
    return found


# An option in the place of the weights


def _is_flag(facts: Facts, weights: ast.expr) -> bool:
    if isinstance(weights, ast.Constant):
        return isinstance(weights.value, bool)
    local = facts.local(weights.id) if isinstance(weights, ast.Name) else None
    return local is not None and getattr(local.value, "python_type", "") == "bool"


def _find_mixup(facts: Facts) -> Finding | None:
    weights, call = _weights(facts), facts.failing
    if weights is None or not isinstance(call, ast.Call) or not _is_flag(facts, weights):
        return None
    given = facts.code.segment(weights)
    method = facts.failed_event is not None and facts.failed_event.op == "backward"
    first = "gradient" if method else "grad_outputs"
    named = f"retain_graph={given}"
    other = f"create_graph={given}"
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "`{call}` in line {line} passes `{given}` as `{first}`, the weights; `{named}` was probably meant."
        ).format(call=facts.code.segment(call), line=facts.line, given=given, first=first, named=named),
        why=_(
            "Positional arguments go by their place, and this place belongs to `{first}`, which must be a tensor. "
            "Options are passed by name: `{named}` keeps the graph for another backward, `{other}` records the "
            "gradient itself."
        ).format(first=first, named=named, other=other),
        mendings=tuple(
            Mending(
                title=_("Pass it by name: `{text}`").format(text=text),
                changes=(Respell(weights.lineno, facts.code.of(weights), text, facts.code.start(weights)),),
            )
            for text in (named, other)
        ),
    )


def _in_a_pass(facts: Facts) -> bool:
    return facts.raised("gradients can be either Tensors or None", "object is not iterable", "invalid gradient") and (
        "backward" in facts.program.source or "grad(" in facts.program.source
    )


GRADIENT_SHAPE_MISMATCH = Kind(
    slug="gradient-shape-mismatch",
    rank=20,
    suspects=lambda facts: facts.raised("Mismatch in shape: grad_output"),
    find=_find_shape,
    page=Page(
        title=_("The weights have another shape than the result"),
        what=_(
            "`y.backward(gradient)` takes one weight for each element of `y`: `gradient` must have the shape of `y`."
        ),
        mend=_("Use `torch.ones_like(y)`, or weights of `y`'s shape."),
        lesson="autograd/backward-on-a-vector",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "loads = torch.ones(2, 3, requires_grad=True)\n"
                "bent = loads ** 2\n"
                "share = torch.ones(3)\n"
                "bent.backward(share)\n"
            ),
            line=5,
            facts=("`bent`", r"\(2, 3\)", r"\(3,\)", "share"),
        ),
        Case(
            code=(
                "import torch\n"
                "a = torch.ones(4, requires_grad=True)\n"
                "b = a.exp()\n"
                "g, = torch.autograd.grad(b, a, grad_outputs=torch.ones(4, 1))\n"
            ),
            line=4,
            facts=("`b`", r"\(4,\)", r"\(4, 1\)"),
        ),
    ),
)

GRADIENT_NOT_A_TENSOR = Kind(
    slug="gradient-not-a-tensor",
    rank=21,
    suspects=_in_a_pass,
    find=_find_type,
    page=Page(
        title=_("The weights are not a tensor"),
        what=_("The argument of `backward` must be a tensor, not a list or a number."),
        mend=_("Write `y.backward(torch.tensor([1.0, 1.0]))` or `torch.ones_like(y)`; a scalar needs no argument."),
        lesson="autograd/backward-on-a-vector",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "pulse = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "(pulse * 2).backward(gradient=(1.0, 0.5))\n"
            ),
            line=3,
            facts=("tensor", "tuple", r"\(2,\)"),
        ),
        Case(
            code=("import torch\ns = torch.tensor(2.0, requires_grad=True)\nt = s * s\nt.backward(1.0)\n"),
            line=4,
            facts=("`t`", "float", "tensor"),
        ),
    ),
)

POSITIONAL_ARGUMENT_MIXUP = Kind(
    slug="positional-argument-mixup",
    rank=20,
    suspects=_in_a_pass,
    find=_find_mixup,
    page=Page(
        title=_("An option in the place of the weights"),
        what=_("`y.backward(True)` passes True as `gradient`. The options come after it, and are best passed by name."),
        mend=_("Write `y.backward(retain_graph=True)`."),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "p = torch.tensor(2.0, requires_grad=True)\n"
                "q = p ** 3\n"
                "slope, = torch.autograd.grad(q, p, True)\n"
                "bend, = torch.autograd.grad(slope, p)\n"
            ),
            line=4,
            facts=("create_graph=True", "grad_outputs", "line 4"),
        ),
    ),
)
