"""``requires_grad`` set where it cannot be: on whole numbers, on a tensor that was computed."""

from __future__ import annotations

import ast

from tutor.autograd.history import TensorKnown
from tutor.explaining.changes import DropArgument, FloatLiterals, ReplaceStatement, SetKeyword, WithMethod
from tutor.explaining.changes.raw import Respell
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import made_by_expression
from tutor.words import _

# On whole numbers


def _find_integer(facts: Facts) -> Finding | None:
    failing = facts.failing
    if failing is None:
        return None
    statement = facts.code.statement_of(failing)
    known = _flagged(facts)
    made = made_by_expression(facts, known.id) if known is not None else None
    factory = made if made is not None else _factory(failing)
    name = (facts.name(known.id) if known is not None else None) or _target(facts, failing)
    dtype = known.dtype if known is not None else "int64"
    line = factory.lineno if factory is not None else facts.line
    text = facts.code.segment(factory) or facts.code.segment(statement)
    called = f"`{name}`" if name else _("The tensor")
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "{called} holds whole numbers ({dtype}) since line {made}, and line {line} asks for its gradient."
        ).format(called=called, dtype=dtype, made=line, line=facts.line),
        why=_(
            "A gradient says what a small change does, and whole numbers cannot change a little: only floating-point "
            "(and complex) tensors can require grad. `{text}`{of} gives integers because it was given integers: write "
            "floats, `4.0` for `4`, or `dtype=torch.float32`."
        ).format(text=text, of=f" (`{called_name(factory)}`)" if isinstance(factory, ast.Call) else ""),
        mendings=tuple(_floats(facts, factory)),
    )


def _flagged(facts: Facts) -> TensorKnown | None:
    """The tensor whose flag was set, when it is not the one being made."""
    event = facts.failed_event
    if event is None or event.op not in {"requires_grad_", "requires_grad.__set__"} or not event.inputs:
        return None
    return facts.tensor(event.inputs[0])


def _factory(failing: ast.AST) -> ast.expr | None:
    calls = [node for node in ast.walk(failing) if isinstance(node, ast.Call)]
    asking = [call for call in calls if keyword(call, "requires_grad") is not None]
    if asking:
        return asking[0]
    for call in calls:
        if called_name(call) == "Parameter" and call.args:
            return call.args[0]
    return calls[0] if calls else None


def _target(facts: Facts, failing: ast.AST) -> str | None:
    statement = facts.code.statement_of(failing)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return facts.code.segment(targets[0]).removeprefix("self.") if targets else None


def _floats(facts: Facts, factory: ast.expr | None) -> list[Mending]:
    if factory is None:
        return []
    text, column, line = facts.code.of(factory), facts.code.start(factory), factory.lineno
    title = _("Make it of floats in line {line}").format(line=line)
    found = [Mending(title=title, changes=(FloatLiterals(line, text, column),))]
    if isinstance(factory, ast.Call):
        name = called_name(factory)
        dtype = _("Ask for floats: `dtype=torch.float32` in line {line}").format(line=line)
        change = SetKeyword(line, name, "dtype", "torch.float32", column)
        found.append(Mending(title=dtype, changes=(change,)))
        if keyword(factory, "requires_grad") is not None:
            drop = DropArgument(line, name, "requires_grad", column)
            found.append(Mending(title=title, changes=(drop, WithMethod(line, name + "(", "float()"))))
    found.append(
        Mending(
            title=_("Turn it into floats: `.float()` in line {line}").format(line=line),
            changes=(WithMethod(line, text, "float()", column),),
        )
    )
    return found


# On a tensor that was computed


def _find_computed(facts: Facts) -> Finding | None:
    event, failing = facts.failed_event, facts.failing
    statement = None if failing is None else facts.code.statement_of(failing)
    if event is None or not event.inputs or statement is None:
        return None
    number = event.inputs[0]
    known, maker = facts.tensor(number), facts.maker(number)
    written = _receiver(statement)
    name = facts.name(number) or facts.code.segment(written) or _("the tensor")
    made = facts.line_of(maker)
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "In line {line} `requires_grad` of `{name}` is to be switched off, but `{name}` is not a leaf: it was "
            "computed."
        ).format(line=facts.line, name=name),
        why=_(
            "`{name}` comes from `{text}`{where}{of}; whether it is tracked follows from what it was computed from. "
            "Only a leaf, a tensor you made yourself, can be switched. For the values without history use "
            "`{name}.detach()`."
        ).format(
            name=name,
            text=facts.text_of(maker),
            where=_(" in line {line}").format(line=made) if made else "",
            of=f" ({known.grad_fn}, {shape(known.shape)})" if known is not None and known.grad_fn else "",
        ),
        mendings=tuple(_detached(facts, statement, written)),
    )


def _receiver(statement: ast.stmt) -> ast.expr | None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and node.attr in {"requires_grad", "requires_grad_"}:
            return node.value
    return None


def _detached(facts: Facts, statement: ast.stmt, written: ast.expr | None) -> list[Mending]:
    if written is None:
        return []
    name = facts.code.of(written)
    title = _("Take the values without history: `{name}.detach()`").format(name=name)
    column = facts.code.start(statement)
    whole = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute)
    call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    if whole or call:
        return [
            Mending(title=title, changes=(ReplaceStatement(statement.lineno, f"{name} = {name}.detach()", column),))
        ]
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and called_name(node) == "requires_grad_":
            text = facts.code.of(node)
            return [
                Mending(title=title, changes=(Respell(node.lineno, text, f"{name}.detach()", facts.code.start(node)),))
            ]
    return []


INTEGER_REQUIRES_GRAD = Kind(
    slug="integer-requires-grad",
    rank=20,
    suspects=lambda facts: facts.raised(
        "floating point and complex dtype can require", "floating point dtype can require"
    ),
    find=_find_integer,
    page=Page(
        title=_("Whole numbers cannot require grad"),
        what=_(
            "Only floating-point and complex tensors can require grad. `torch.arange(4)` and `torch.tensor([1, 2])` "
            "are int64."
        ),
        mend=_("Write floats: `torch.arange(4.0)`, `torch.tensor([1.0, 2.0])`, or pass `dtype=torch.float32`."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Scale(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.by = nn.Parameter(torch.tensor([1, 2]))\n"
                "scale = Scale()\n"
            ),
            line=6,
            facts=("`by`|by", "float", "int64"),
        ),
        Case(
            code=(
                "import torch\ncounts = torch.tensor([1, 2, 3])\ndoubled = counts * 2\ndoubled.requires_grad = True\n"
            ),
            line=4,
            cause_line=3,
            facts=("`doubled`", "float", "int64"),
        ),
    ),
)

REQUIRES_GRAD_ON_NON_LEAF = Kind(
    slug="requires-grad-on-non-leaf",
    rank=20,
    suspects=lambda facts: facts.raised("you can only change requires_grad flags of leaf variables"),
    find=_find_computed,
    page=Page(
        title=_("requires_grad of a computed tensor"),
        what=_("A computed tensor is tracked because of what it was computed from. Its flag cannot be switched off."),
        mend=_("Use `h = h.detach()` to go on with the values alone."),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "torch.manual_seed(0)\n"
                "body = nn.Linear(2, 2)\n"
                "codes = body(torch.ones(1, 2))\n"
                "codes.requires_grad_(False)\n"
            ),
            line=6,
            facts=("`codes`", "detach", "leaf"),
        ),
    ),
)
