"""Backward from a tensor with more (or fewer) than one element, without saying how to weigh them."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import ReplaceExpression, SetKeyword, WithMethod
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("grad can be implicitly created only for")


def _find(facts: Facts) -> Finding | None:
    seen = facts.failed_backward
    if seen is None:
        return None
    position, root = next(
        (
            (index, known)
            for index, known in enumerate(facts.tensor(number) for number in seen.roots)
            if known is not None and (count(known.shape) != 1 or known.dtype.startswith("complex"))
        ),
        (0, None),
    )
    if root is None:
        return None
    written = facts.written_root(position)
    name = facts.code.segment(written) or facts.name(root.id) or _("the result")
    if count(root.shape) == 1:
        return _complex(facts, name, written)
    maker = facts.maker(root.id)
    return Finding(
        line=facts.line,
        cause_line=_cause(facts, maker),
        headline=_(
            "`{name}` has shape {shape}, {count} elements, and the backward pass of line {line} has to start from one "
            "number."
        ).format(name=name, shape=shape(root.shape), count=count(root.shape), line=facts.line),
        why=_why(facts, maker, name, root.shape),
        mendings=_mendings(facts, written, maker),
        about=(root.id,),
    )


def _unreduced(facts: Facts, maker: Event | None) -> ast.Call | None:
    """The call that asked a loss for one value a sample: ``reduction="none"``."""
    if maker is None or maker.argument("reduction") != "'none'":
        return None
    for call in facts.code.calls(*(called_name(node) for node in facts.code.nodes if isinstance(node, ast.Call))):
        value = keyword(call, "reduction")
        if isinstance(value, ast.Constant) and value.value == "none":
            return call
    return None


def _cause(facts: Facts, maker: Event | None) -> int | None:
    call = _unreduced(facts, maker)
    return call.lineno if call is not None else facts.line_of(maker)


def _why(facts: Facts, maker: Event | None, name: str, size: tuple[int, ...]) -> str:
    call, line = _unreduced(facts, maker), facts.line_of(maker)
    words = ""
    if call is not None:
        words = _("The loss was asked in line {line} for one value for each element: `reduction='none'`. ").format(
            line=call.lineno
        )
    elif line is not None and facts.line is not None and line != facts.line:
        words = _("It comes from `{text}` in line {line}. ").format(text=facts.text_of(maker), line=line)
    return words + _(
        "A gradient says how one number changes. With {count} numbers autograd would have to know how much each "
        "counts. Make one number of them, `{tight}.sum()` or `{tight}.mean()`, or pass the weights: "
        "`gradient=torch.ones_like({name})` gives the same gradients as `sum()`."
    ).format(count=count(size), name=name, tight=tight(name))


def _mendings(facts: Facts, written: ast.expr | None, maker: Event | None) -> tuple[Mending, ...]:
    found: list[Mending] = []
    call = _unreduced(facts, maker)
    if call is not None:
        value = keyword(call, "reduction")
        if value is not None:
            found.append(
                Mending(
                    title=_("Let the loss take the mean: `reduction='mean'` in line {line}").format(line=value.lineno),
                    changes=(ReplaceExpression(value.lineno, facts.code.of(value), "'mean'", facts.code.start(value)),),
                )
            )
    if written is None:
        return tuple(found)
    text, column, line = facts.code.of(written), facts.code.start(written), written.lineno
    for method, what in (("sum()", _("the sum")), ("mean()", _("the mean"))):
        found.append(
            Mending(
                title=_("Go backward from {what}: `{text}.{method}`").format(
                    what=what, text=tight(facts.code.segment(written)), method=method
                ),
                changes=(WithMethod(line, text, method, column),),
            )
        )
    if facts.failed_backward is not None and len(facts.failed_backward.roots) > 1:
        change = ReplaceExpression(line, text, f"[one.sum() for one in {text}]", column)
        found.append(Mending(title=_("Go backward from the sum of each: `one.sum()`"), changes=(change,)))
    found.extend(_weights(facts, text))
    return tuple(found)


def _weights(facts: Facts, text: str) -> list[Mending]:
    failing = facts.failing
    if not isinstance(failing, ast.Call):
        return []
    is_backward = facts.failed_event is not None and facts.failed_event.op == "backward"
    name = "gradient" if is_backward else "grad_outputs" if called_name(failing) == "grad" else "grad_tensors"
    value = f"torch.ones_like({text})"
    return [
        Mending(
            title=_("Give each element the weight 1: `{name}={value}`").format(name=name, value=value),
            changes=(SetKeyword(failing.lineno, called_name(failing), name, value, facts.code.start(failing)),),
        )
    ]


def _complex(facts: Facts, name: str, written: ast.expr | None) -> Finding:
    mendings: tuple[Mending, ...] = ()
    if written is not None:
        place = (written.lineno, facts.code.of(written))
        mendings = tuple(
            Mending(
                title=_("Go backward from a real number: `{name}.{method}`").format(name=name, method=method),
                changes=(WithMethod(*place, method, facts.code.start(written)),),
            )
            for method in ("real", "abs()")
        )
    return Finding(
        line=facts.line,
        headline=_("`{name}` is a complex number, and a backward pass has to start from a real one.").format(name=name),
        why=_(
            "A gradient says in which direction a number grows, and complex numbers are not ordered. "
            "Take the real part or the absolute value, or pass `gradient=`."
        ),
        mendings=mendings,
    )


NON_SCALAR_BACKWARD = Kind(
    slug="non-scalar-backward",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("Backward from more than one number"),
        what=_(
            "`y.backward()` computes how one number changes with each input. When `y` has several elements there is no "
            "one number to start from, and autograd does not guess how to weigh them."
        ),
        mend=_(
            "Reduce first, `y.sum().backward()` or `y.mean().backward()`, or pass one weight for each element: "
            "`y.backward(gradient=torch.ones_like(y))`. For a loss object look at its `reduction`."
        ),
        lesson="autograd/backward-on-a-vector",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "prices = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)\n"
                "taxed = prices * 1.19\n"
                "taxed.backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=(r"`taxed`", r"\(3,\)", "3 elements", r"sum\(\)", "gradient="),
            fixed=(
                "import torch\n"
                "prices = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)\n"
                "taxed = prices * 1.19\n"
                "taxed.sum().backward()\n"
            ),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Fit(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.line = nn.Linear(1, 1)\n"
                "        self.loss = nn.L1Loss(reduction='none')\n"
                "    def step(self, x, y):\n"
                "        return self.loss(self.line(x), y)\n"
                "fit = Fit()\n"
                "missed = fit.step(torch.ones(4, 1), torch.zeros(4, 1))\n"
                "missed.backward()\n"
            ),
            line=12,
            cause_line=7,
            facts=("`missed`", r"\(4, 1\)", "reduction", "line 7"),
        ),
        Case(
            code=(
                "import torch\n"
                "x = torch.linspace(0, 1, 5, requires_grad=True)\n"
                "slope, = torch.autograd.grad(x ** 2, x)\n"
            ),
            line=3,
            facts=(r"x \*\* 2", "5 elements", "grad_outputs="),
        ),
    ),
)
