"""``torch.func`` and ``torch.autograd.functional``: what the functions given to them may do and must return."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import (
    Change,
    DropArgument,
    RemoveStatement,
    ReplaceExpression,
    WithMethod,
)
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.transforms import name_of, returned, transformed
from tutor.words import _

_DIMS = re.compile(r"got tensor with (\d+) dims")
_TYPE = re.compile(r"(?:got|has type) <class '([\w.]+)'>")
_INDEPENDENT = re.compile(r"Output (\d+) of the user-provided function is independent of input (\d+)")
_WITH_RESPECT = re.compile(r"with respect to input (\d+) is independent")


def _on_result(facts: Facts, value: ast.expr | None) -> list[Mending]:
    """Makes one number of what a function returns."""
    if value is None:
        return []
    text, start = facts.code.of(value), facts.code.start(value)
    if isinstance(value, ast.Tuple) and value.elts:
        first = value.elts[0]
        change: Change = ReplaceExpression(value.lineno, text, facts.code.of(first), start)
        return [
            Mending(title=_("Return one tensor: `{text}`").format(text=facts.code.segment(first)), changes=(change,))
        ]
    for ending in (".item()", ".tolist()"):
        if text.endswith(ending):
            change = ReplaceExpression(value.lineno, text, text.removesuffix(ending), start)
            title = _("Return the tensor itself, without `{ending}`").format(ending=ending)
            return [Mending(title=title, changes=(change,))]
    return [
        Mending(
            title=_("Return one number: `{text}.{method}`").format(
                text=f"({text})" if isinstance(value, ast.BinOp) else text, method=method
            ),
            changes=(WithMethod(value.lineno, text, method, start),),
        )
        for method in ("sum()", "mean()")
    ]


def _with_transform(facts: Facts, call: ast.Call, new: str, title: str) -> Mending:
    func = call.func
    old = facts.code.of(func)
    prefix = "torch.func." if isinstance(func, ast.Name) else old.rsplit(".", 1)[0] + "."
    change = ReplaceExpression(call.lineno, old, prefix + new, facts.code.start(func))
    return Mending(title=title, changes=(change,))


# A scalar is wanted


def _find_non_scalar(facts: Facts) -> Finding | None:
    found = transformed(facts)
    if found is None or facts.exception is None:
        return None
    call, given, body = found
    value, name = returned(body), name_of(facts, given)
    dims, kind = _DIMS.search(facts.exception.message), _TYPE.search(facts.exception.message)
    if dims is not None:
        what = _("a tensor with {count} dimensions").format(count=dims.group(1))
        if dims.group(1) == "1":
            what = _("a vector, a tensor with one dimension")
    else:
        what = _("a `{kind}`, not a tensor").format(kind=kind.group(1) if kind else "?")
    line = value.lineno if value is not None else None
    mendings = _on_result(facts, value)
    if dims is not None and called_name(call) == "grad":
        mendings.append(_with_transform(facts, call, "jacrev", _("Ask for the whole Jacobian: `torch.func.jacrev`")))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "{name} returns {what}; `{transform}` needs a function that returns one number, a scalar tensor."
        ).format(name=name, what=what, transform=facts.code.segment(call.func)),
        why=_(
            "A gradient says how one number changes with the input.{where} Reduce the result with `sum()` or `mean()`; use "
            "`torch.func.jacrev` for the derivative of every element, or `torch.func.vmap` to treat each sample by itself."
        ).format(where=_(" What {name} returns is made in line {line}.").format(name=name, line=line) if line else ""),
        mendings=tuple(mendings),
    )


def _find_output(facts: Facts) -> Finding | None:
    found = transformed(facts)
    if found is None or facts.exception is None:
        return None
    call, given, body = found
    value, name = returned(body), name_of(facts, given)
    transform = facts.code.segment(call.func)
    line = value.lineno if value is not None else None
    kind = _TYPE.search(facts.exception.message)
    if kind is not None:
        headline = _("{name} returns a `{kind}`; `{transform}` needs a function that returns a tensor.").format(
            name=name, kind=kind.group(1), transform=transform
        )
    else:
        headline = _(
            "{name} returns several numbers; `{transform}` needs a function that returns a single one."
        ).format(name=name, transform=transform)
    mendings = _on_result(facts, value)
    if called_name(call) == "hessian":
        mendings.append(
            Mending(
                title=_("Ask for the first derivatives of every element: `jacobian`"),
                changes=(
                    ReplaceExpression(
                        call.lineno,
                        facts.code.of(call.func),
                        "torch.autograd.functional.jacobian",
                        facts.code.start(call.func),
                    ),
                ),
            )
        )
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=headline,
        why=_(
            "`{transform}` differentiates one number, a single element.{where} Make one of it, for instance with `sum()`, "
            "if that is what you want to differentiate."
        ).format(
            transform=transform,
            where=_(" {name} makes its result in line {line}.").format(name=name, line=line) if line else "",
        ),
        mendings=tuple(mendings),
    )


# backward inside


def _find_backward(facts: Facts) -> Finding | None:
    found = transformed(facts)
    if found is None or facts.exception is None:
        return None
    call, given, body = found
    name, transform = name_of(facts, given), facts.code.segment(call.func)
    statement = facts.code.statement_at(facts.line) if facts.line else None
    mendings: list[Mending] = []
    if statement is not None and facts.line is not None:
        removal: list[Change] = [RemoveStatement(facts.line)]
        value = returned(body)
        if value is not None and isinstance(value, ast.Attribute) and value.attr == "grad":
            root = next(
                (node for node in ast.walk(statement) if isinstance(node, ast.Attribute) and node.attr == "backward"),
                None,
            )
            if root is not None:
                text = facts.code.of(root.value)
                removal.insert(0, ReplaceExpression(value.lineno, facts.code.of(value), text, facts.code.start(value)))
        if called_name(call) == "vmap" and isinstance(value, ast.Attribute):
            text = facts.code.of(given)
            removal.insert(0, ReplaceExpression(call.lineno, text, f"torch.func.grad({text})", facts.code.start(given)))
        title = _("Take line {line} out: `{transform}` goes backward by itself").format(
            line=facts.line, transform=transform
        )
        mendings.append(Mending(title=title, changes=tuple(sorted(removal, key=_position, reverse=True))))
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "In line {line} a gradient is asked for inside {name}, which `{transform}` is already differentiating."
        ).format(line=facts.line, name=name, transform=transform),
        why=_(
            "`torch.func` works with functions: you give it one that computes a value, and it gives you one that computes "
            "the gradient. `backward()`, `.grad` and `requires_grad_()` have no place inside, in line {line}. Return the "
            "value and let `torch.func.grad` differentiate it."
        ).format(line=facts.line),
        mendings=tuple(mendings),
    )


def _position(change: Change) -> int:
    return getattr(change, "line", 0)


# strict mode


def _find_ignored(facts: Facts) -> Finding | None:
    found = transformed(facts)
    if found is None or facts.exception is None:
        return None
    call, given, body = found
    message, name = facts.exception.message, name_of(facts, given)
    match = _INDEPENDENT.search(message)
    index = int(match.group(2)) if match else None
    respect = _WITH_RESPECT.search(message)
    index = index if index is not None or respect is None else int(respect.group(1))
    parameters = [part.arg for part in body.args.args] if body is not None else []
    argument = f"`{parameters[index]}`" if index is not None and index < len(parameters) else _("its input")
    value = returned(body)
    second = "jacobian of the user-provided function" in message
    if second:
        headline = _(
            "The derivative of {name} with respect to {argument} does not depend on {argument}: its second derivative is zero."
        )
    else:
        headline = _(
            "The result of {name} does not depend on {argument}, so its derivative with respect to it is zero everywhere."
        )
    mendings = []
    if keyword(call, "strict") is not None:
        change = DropArgument(call.lineno, called_name(call), "strict", facts.code.start(call))
        mendings.append(Mending(title=_("Accept zeros: leave `strict=True` out"), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=value.lineno if value is not None else None,
        headline=headline.format(name=name, argument=argument),
        why=_(
            "`strict=True` asks to be told when an input is not used, since that is often a mistake. Look at what {name} "
            "returns{line}: use {argument} in it, or leave `strict` out and take the zeros."
        ).format(
            name=name,
            argument=argument,
            line=_(" in line {line}").format(line=value.lineno) if value is not None else "",
        ),
        mendings=tuple(mendings),
    )


FUNC_GRAD_NON_SCALAR = Kind(
    slug="func-grad-non-scalar",
    rank=15,
    needs_history=False,
    suspects=lambda facts: facts.raised("Expected f(*args) to return a"),
    find=_find_non_scalar,
    page=Page(
        title=_("torch.func.grad of a function that returns more than one number"),
        what=_(
            "`torch.func.grad(f)` computes the gradient of one number. `f` must return a tensor with a single element."
        ),
        mend=_("Reduce with `sum()` or `mean()`, or use `jacrev` for all derivatives and `vmap` for a batch."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.func import grad\n"
                "class Spring:\n"
                "    def energy(self, stretch):\n"
                "        return 0.5 * stretch ** 2\n"
                "spring = Spring()\n"
                "force = grad(spring.energy)\n"
                "print(force(torch.tensor([1.0, 2.0])))\n"
            ),
            line=8,
            cause_line=5,
            facts=("`spring.energy`", "scalar", r"sum\(\)", "jacrev", "vmap"),
        ),
        Case(
            code=(
                "import torch\n"
                "def loss(w):\n"
                "    return (w * w).sum().item()\n"
                "print(torch.func.grad(loss)(torch.ones(2)))\n"
            ),
            line=4,
            cause_line=3,
            facts=("`loss`", "float", r"\.item\(\)"),
        ),
    ),
)

FUNC_TRANSFORM_BACKWARD = Kind(
    slug="func-transform-backward",
    rank=15,
    needs_history=False,
    suspects=lambda facts: facts.raised("inside a functorch transform", "being transformed by a functorch transform"),
    find=_find_backward,
    page=Page(
        title=_("backward() inside a function that torch.func differentiates"),
        what=_(
            "`torch.func` takes a function that computes a value. It goes backward itself; `backward()` inside is refused."
        ),
        mend=_("Return the value, and let `torch.func.grad` make the gradient of it."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def cost(weights):\n"
                "    total = (weights ** 2).sum()\n"
                "    total.backward()\n"
                "    return total\n"
                "slope = torch.func.grad(cost)(torch.tensor([1.0, 3.0]))\n"
            ),
            line=4,
            cause_line=4,
            facts=("`cost`", "backward", "line 4", r"torch\.func\.grad"),
        ),
        Case(
            code=(
                "import torch\n"
                "def slope(v):\n"
                "    total = (v ** 2).sum()\n"
                "    total.backward()\n"
                "    return v.grad\n"
                "print(torch.func.vmap(slope)(torch.ones(3, 2, requires_grad=True)))\n"
            ),
            line=4,
            facts=("`slope`",),
        ),
    ),
)

FUNCTIONAL_OUTPUT_SHAPE = Kind(
    slug="functional-output-shape",
    rank=15,
    needs_history=False,
    suspects=lambda facts: facts.raised(
        "should contain a single element",
        "The outputs of the user-provided function given to",
        "The Tensor returned by the function given to",
        "can only be None if the user-provided function returns",
    ),
    find=_find_output,
    page=Page(
        title=_("hessian and friends differentiate one number"),
        what=_("`torch.autograd.functional.hessian` needs a function that returns a tensor with a single element."),
        mend=_("Reduce the result, or use `jacobian` where every element is to be differentiated."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.autograd import functional\n"
                "def wells(q):\n"
                "    depth = (q ** 2 - 1) ** 2\n"
                "    return depth\n"
                "print(functional.hessian(wells, torch.tensor([0.5, -0.5])))\n"
            ),
            line=6,
            cause_line=5,
            facts=("`wells`", "single", "line 5", "sum"),
        ),
        Case(
            code=("import torch\nprint(torch.autograd.functional.jacobian(lambda v: v.sum().item(), torch.ones(2)))\n"),
            line=2,
            facts=("float", "tensor"),
        ),
    ),
)

FUNCTIONAL_IGNORES_ARGUMENT = Kind(
    slug="functional-ignores-argument",
    rank=15,
    needs_history=False,
    suspects=lambda facts: facts.raised(
        "This is not allowed in strict mode", "when running in strict mode", "strict mode"
    ),
    find=_find_ignored,
    page=Page(
        title=_("An input that the function does not use"),
        what=_(
            "With `strict=True` the functions of `torch.autograd.functional` report an input that the result does not depend on."
        ),
        mend=_("Use the input, or leave `strict` out: its derivative is then zero."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.autograd.functional import jacobian\n"
                "def area(width, colour):\n"
                "    return width * width\n"
                "print(jacobian(area, (torch.ones(2), torch.ones(2)), strict=True))\n"
            ),
            line=5,
            cause_line=4,
            facts=("`area`", "`colour`", "strict", "line 4"),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch.autograd.functional import hessian\n"
                "def line(x):\n"
                "    return (3 * x).sum()\n"
                "print(hessian(line, torch.ones(2), strict=True))\n"
            ),
            line=5,
            cause_line=4,
            facts=("`line`", "`x`"),
        ),
    ),
)
