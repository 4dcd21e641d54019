"""``torch.autograd.grad`` asked about a tensor that it cannot answer for, or its answer taken for a tensor."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceExpression, SetKeyword
from tutor.explaining.changes.raw import Respell
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.leaves import asking_for_grad, made_on
from tutor.words import _

_INDEX = re.compile(r"Tensor at index (\d+)")


def _asked(facts: Facts) -> tuple[int, ast.expr | None] | None:
    """The tensor in question (its number) and how the call writes it."""
    seen = facts.failed_backward
    if seen is None or not seen.inputs or facts.exception is None:
        return None
    index = _INDEX.search(facts.exception.message)
    position = int(index.group(1)) if index is not None else _without_grad(facts, seen.inputs)
    if position >= len(seen.inputs):
        return None
    return seen.inputs[position], _written(facts, position)


def _without_grad(facts: Facts, numbers: tuple[int, ...]) -> int:
    return next(
        (index for index, one in enumerate(numbers) if (known := facts.tensor(one)) and not known.requires_grad), 0
    )


def _written(facts: Facts, position: int) -> ast.expr | None:
    call = facts.failing
    if not isinstance(call, ast.Call):
        return None
    inputs = keyword(call, "inputs") or (call.args[1] if len(call.args) > 1 else None)
    if isinstance(inputs, (ast.List, ast.Tuple)):
        return inputs.elts[position] if position < len(inputs.elts) else None
    return inputs


# Not part of the graph


def _find_unused(facts: Facts) -> Finding | None:
    asked = _asked(facts)
    if asked is None:
        return None
    number, written = asked
    name = facts.code.segment(written) or facts.name(number) or _("the input")
    if isinstance(written, ast.Name):
        name = facts.name(number) or name
    start = facts.written_root()
    root = facts.code.segment(start) or _("the result")
    whole = _whole(facts, number, written)
    why = (
        _(
            "`{name}` is a new tensor, made from `{whole}` for this question: `{root}` was computed from `{whole}`, "
            "not from this new slice or copy, so it is not part of the graph. Ask for the whole, `grad({root}, "
            "{whole})`, and take the part from the gradient."
        ).format(name=name, whole=whole, root=root)
        if whole is not None
        else _(
            "`{root}` was computed without `{name}`: no path of its graph leads there. If that is meant, pass "
            "`allow_unused=True` and get None for it; if not, `{name}` is missing from the computation."
        ).format(root=root, name=name)
    )
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "The call in line {line} asks how `{root}` changes with `{name}`, and `{root}` does not depend on `{name}`."
        ).format(line=facts.line, root=root, name=name),
        why=why,
        mendings=tuple(_unused_mendings(facts, written, whole)),
        about=(number,),
    )


def _whole(facts: Facts, number: int, written: ast.expr | None) -> str | None:
    """What ``x[0]``, ``x.view(...)`` or ``x * 1`` in the question was made from, if the graph holds that."""
    maker, seen = facts.maker(number), facts.failed_backward
    if maker is None or seen is None or not maker.inputs:
        return None
    if isinstance(written, ast.Subscript):
        return facts.code.of(written.value)
    source = maker.inputs[0]
    known = facts.tensor(number)
    in_graph = source in seen.leaves or any(node.tensor == source for node in (seen.graph.nodes if seen.graph else ()))
    return facts.expression(source) if in_graph and known is not None and not known.is_leaf else None


def _unused_mendings(facts: Facts, written: ast.expr | None, whole: str | None) -> list[Mending]:
    call, found = facts.failing, list[Mending]()
    if not isinstance(call, ast.Call):
        return found
    if whole is not None and written is not None:
        change = ReplaceExpression(written.lineno, facts.code.of(written), whole, facts.code.start(written))
        found.append(Mending(title=_("Ask for the whole tensor `{whole}`").format(whole=whole), changes=(change,)))
    name = called_name(call)
    allow = SetKeyword(call.lineno, name, "allow_unused", "True", facts.code.start(call))
    found.append(Mending(title=_("Allow it: `allow_unused=True` gives None for it"), changes=(allow,)))
    return found


# Never asked to be tracked


def _find_untracked(facts: Facts) -> Finding | None:
    asked = _asked(facts)
    known = None if asked is None else facts.tensor(asked[0])
    if asked is None or known is None:
        return None
    name = facts.code.segment(asked[1]) or facts.name(asked[0]) or _("the input")
    if isinstance(asked[1], ast.Name):
        name = facts.name(asked[0]) or name
    made = made_on(facts, known)
    root = facts.code.segment(facts.written_root()) or _("the result")
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "The call in line {line} asks for the gradient with respect to `{name}`, which was made without "
            "`requires_grad` in line {made}."
        ).format(line=facts.line, name=name, made=made),
        why=_(
            "Autograd follows only tensors with `requires_grad=True`. `{root}` was computed from `{name}` without "
            "recording it, so nothing is known of how it depends on it. Ask before the computation, where `{name}` "
            "is made."
        ).format(root=root, name=name),
        mendings=asking_for_grad(facts, known),
        about=asked[:1],
    )


# The answer is a tuple


def _find_tuple(facts: Facts) -> Finding | None:
    failing = facts.failing
    if failing is None:
        return None
    for name, call in _gradients(facts):
        read = [
            part
            for part in ast.walk(facts.code.statement_of(failing))
            if isinstance(part, (ast.Name, ast.Attribute)) and ast.unparse(part) == name
        ]
        if not read and facts.code.statement_of(call) is not facts.code.statement_of(failing):
            continue
        return _tuple_finding(facts, name, call)
    return None


def _gradients(facts: Facts) -> list[tuple[str, ast.Call]]:
    """Names that hold what ``autograd.grad`` returned, not unpacked; and calls that are used on the spot."""
    found: list[tuple[str, ast.Call]] = []
    for event in reversed(facts.events("autograd.grad")):
        call = facts.node_of(event)
        if not isinstance(call, ast.Call):
            continue
        targets = facts.code.targets(call)
        if isinstance(facts.code.parents.get(call), ast.Return):
            callers = [facts.code.at(place) for place in facts.callers(event)[:1]]
            targets = [target for node in callers if node is not None for target in facts.code.targets(node)]
        if not targets and not isinstance(facts.code.parents.get(call), (ast.Subscript, ast.Assign)):
            found.append((facts.code.segment(call), call))
        found.extend((ast.unparse(one), call) for one in targets if isinstance(one, (ast.Name, ast.Attribute)))
    return found


def _tuple_finding(facts: Facts, name: str, call: ast.Call) -> Finding:
    statement = facts.code.statement_of(call)
    mendings = []
    if isinstance(statement, ast.Assign) and statement.value is call and len(statement.targets) == 1:
        target = statement.targets[0]
        mendings.append(
            Mending(
                title=_("Unpack the tuple: `{name}, = …` in line {line}").format(name=name, line=call.lineno),
                changes=(Respell(target.lineno, text := facts.code.of(target), f"{text},", facts.code.start(target)),),
            )
        )
    mendings.append(
        Mending(
            title=_("Take its first element: `[0]` in line {line}").format(line=call.lineno),
            changes=(
                ReplaceExpression(
                    call.lineno, facts.code.of(call), f"{facts.code.of(call)}[0]", facts.code.start(call)
                ),
            ),
        )
    )
    return Finding(
        line=facts.line,
        cause_line=call.lineno,
        headline=_(
            "`{name}` is a tuple, not a tensor: `{call}` in line {line} returns one gradient for each input, in a "
            "tuple."
        ).format(name=name, call=f"{facts.code.segment(call.func)}(…)", line=call.lineno),
        why=_(
            "`torch.autograd.grad` always returns a tuple, also for a single input. But line {line} then uses it as if "
            "it were a tensor. Unpack it, `{name}, = torch.autograd.grad(…)`, or take `[0]`."
        ).format(line=facts.line, name=name),
        mendings=tuple(mendings),
    )


UNUSED_INPUT = Kind(
    slug="unused-input",
    rank=20,
    suspects=lambda facts: facts.raised("appears to not have been used in the graph", "appear to not have been used"),
    find=_find_unused,
    page=Page(
        title=_("Asked about a tensor that is not in the graph"),
        what=_(
            "`torch.autograd.grad(y, x)` needs a path from `y` back to `x` itself. A slice or copy of `x` made for "
            "the question is a new tensor that `y` knows nothing of."
        ),
        mend=_("Ask for the tensor that was used. If an unused one is meant, pass `allow_unused=True`."),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "weights = [torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)]\n"
                "score = weights[0] ** 2\n"
                "print(torch.autograd.grad(score, weights))\n"
            ),
            line=4,
            facts=(r"weights\[1\]", "allow_unused"),
        ),
        Case(
            code=(
                "import torch\n"
                "field = torch.ones(2, 2, requires_grad=True)\n"
                "flat = field.view(-1)\n"
                "power = (field ** 2).sum()\n"
                "g, = torch.autograd.grad(power, flat)\n"
            ),
            line=5,
            facts=("`flat`", "new tensor", r"grad\(power, field\)"),
        ),
    ),
)

INPUT_DOES_NOT_REQUIRE_GRAD = Kind(
    slug="input-does-not-require-grad",
    rank=20,
    suspects=lambda facts: facts.raised("One of the differentiated Tensors does not require grad"),
    find=_find_untracked,
    page=Page(
        title=_("Asked about a tensor that is not tracked"),
        what=_("`torch.autograd.grad(y, x)` can answer only if `x` required grad while `y` was computed."),
        mend=_("Make `x` with `requires_grad=True` before the computation."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def saliency(net, picture):\n"
                "    best = net(picture).max()\n"
                "    return torch.autograd.grad(best, picture)[0]\n"
                "torch.manual_seed(0)\n"
                "net = torch.nn.Linear(3, 2)\n"
                "sample = torch.ones(1, 3)\n"
                "print(saliency(net, sample))\n"
            ),
            line=4,
            cause_line=7,
            facts=("picture", "requires_grad", "line 7", "line 4"),
        ),
    ),
)

GRAD_RETURNS_TUPLE = Kind(
    slug="grad-returns-tuple",
    rank=20,
    suspects=lambda facts: (
        "grad(" in facts.program.source and facts.raised("tuple", "can't multiply sequence", "sequence")
    ),
    find=_find_tuple,
    page=Page(
        title=_("torch.autograd.grad returns a tuple"),
        what=_("`torch.autograd.grad` returns a tuple with one gradient for each input, also for a single one."),
        mend=_("Unpack it: `g, = torch.autograd.grad(y, x)`."),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def slope_at(f, place):\n"
                "    return torch.autograd.grad(f(place), place)\n"
                "place = torch.tensor(2.0, requires_grad=True)\n"
                "steep = slope_at(lambda v: v ** 2, place)\n"
                "print(steep.item())\n"
            ),
            line=6,
            cause_line=3,
            facts=("steep", "tuple", r"\[0\]"),
        ),
    ),
)
