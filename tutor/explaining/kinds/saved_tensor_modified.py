"""A tensor that backward needs was changed in place after it had been saved."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import DropArgument, Move
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.inplace import changed_expression, cloned, out_of_place, whole
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.overwriting import Overwritten, overwritten
from tutor.explaining.passes import operation
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("has been modified by an inplace operation")


def _saving(facts: Facts, found: Overwritten) -> str:
    """Which operation saved it, in a sentence."""
    text, line = facts.text_of(found.saved_by), facts.line_of(found.saved_by)
    return _(
        "The {word} `{text}`{where} ({op}) keeps `{name}` for its backward: it needs the value to compute the "
        "gradient. "
    ).format(
        word=operation(found.node),
        text=text or found.node.op,
        where=_(" in line {line}").format(line=line) if line else "",
        op=found.node.op,
        name=found.name,
    )


# By an operation of the program's own


def _find(facts: Facts) -> Finding | None:
    found = overwritten(facts)
    if found is None or found.by_module is not None or found.by_step:
        return None
    line, text = facts.line_of(found.changed_by), facts.text_of(found.changed_by)
    late = _is_update(facts, found)
    advice = (
        _(
            "Make the update in line {line} after the backward of line {backward}: before it, the graph still needs "
            "the old value."
        )
        if late
        else _(
            "Make a new tensor instead of writing into `{name}`; in a loop collect the parts in a list and join them "
            "with `torch.stack`, or let the operation keep a `clone()`."
        )
    ).format(line=line, backward=facts.line, name=found.name)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{text}` in line {line} writes into `{name}` in place, and the backward of line {backward} still needs "
            "its old value."
        ).format(text=text, line=line, name=found.name, backward=facts.line),
        why=_saving(facts, found)
        + _(
            "Each in-place change raises the version of the whole tensor; backward found a newer version than the "
            "one saved. "
        )
        + advice,
        mendings=tuple(_mendings(facts, found, late=late)),
        about=(found.tensor,),
    )


def _is_update(facts: Facts, found: Overwritten) -> bool:
    known = facts.tensor(found.tensor)
    return known is not None and known.is_leaf and not found.changed_by.tracking


def _mendings(facts: Facts, found: Overwritten, *, late: bool) -> list[Mending]:
    mendings = out_of_place(facts, found.changed_by)
    mendings.extend(cloned(facts, part) for part in _read_when_saved(facts, found))
    if late:
        return [*_after_backward(facts, found.changed_by), *mendings]
    return mendings


def _read_when_saved(facts: Facts, found: Overwritten) -> list[ast.expr]:
    """Where the saving expression reads the tensor that is changed later."""
    node, target = facts.node_of(found.saved_by), changed_expression(facts, found.changed_by)
    if not isinstance(node, ast.expr) or target is None:
        return []
    name = ast.unparse(whole(target))
    parts: list[ast.expr] = [
        part
        for part in ast.walk(node)
        if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript))
        and isinstance(part.ctx, ast.Load)
        and ast.unparse(whole(part)) == name
    ]
    outermost = [part for part in parts if not isinstance(facts.code.parents.get(part), ast.Subscript)]
    return outermost or parts[:1]


def _after_backward(facts: Facts, event: Event) -> list[Mending]:
    """The update moved behind the backward, or the backward before it."""
    changing, failing = facts.node_of(event), facts.failing
    if changing is None or failing is None:
        return []
    statement, backward = facts.code.statement_of(changing), facts.code.statement_of(failing)
    block = facts.code.with_block(changing, "no_grad", "set_grad_enabled")
    moved = block if block is not None and len(block.body) == 1 else statement
    if backward not in facts.code.block_of(moved):
        return []
    title = _("Update after the backward: move line {line} behind line {backward}").format(
        line=moved.lineno, backward=backward.lineno
    )
    return [
        Mending(title=title, changes=(Move(backward.lineno, moved.lineno),)),
        Mending(title=title, changes=(Move(moved.lineno, backward.lineno, after=True),)),
    ]


# By an activation that works in place


def _find_activation(facts: Facts) -> Finding | None:
    found = overwritten(facts)
    if found is None or found.by_module is None:
        return None
    call, ran = found.by_module, facts.line_of(found.changed_by)
    return Finding(
        line=facts.line,
        cause_line=call.lineno,
        headline=_(
            "`{call}` (line {line}) overwrites `{name}` in place because of `inplace=True`, and backward still needs "
            "`{name}`."
        ).format(call=facts.code.segment(call), line=call.lineno, name=found.name),
        why=_saving(facts, found)
        + _(
            "`{text}` in line {ran} then wrote its own result into the same memory. `inplace=True` saves a little "
            "memory and is safe only where nobody needs the value before. Leave it out."
        ).format(text=facts.text_of(found.changed_by), ran=ran),
        mendings=(
            Mending(
                title=_("Leave `inplace=True` out in line {line}").format(line=call.lineno),
                changes=(DropArgument(call.lineno, called_name(call), _flag(call), facts.code.start(call)),),
            ),
        ),
    )


def _flag(call: ast.Call) -> str | int:
    return "inplace" if keyword(call, "inplace") is not None else len(call.args) - 1


# By an optimiser's step


def _find_step(facts: Facts) -> Finding | None:
    found = overwritten(facts)
    if found is None or not found.by_step:
        return None
    line, call = facts.line_of(found.changed_by), facts.text_of(found.changed_by)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{call}` in line {line} changes `{name}` before the backward of line {backward}, which still needs its "
            "old value."
        ).format(call=call, line=line, name=found.name, backward=facts.line),
        why=_saving(facts, found)
        + _(
            "An optimiser's step changes the parameters in place. Do all backward passes of a graph first and step "
            "afterwards, or compute the second loss anew after the step."
        ),
        mendings=tuple(_after_backward(facts, found.changed_by)),
    )


SAVED_TENSOR_MODIFIED = Kind(
    slug="saved-tensor-modified",
    rank=22,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A saved tensor was changed in place"),
        what=_(
            "Many operations save their inputs or their result for the backward pass. Changing such a tensor in "
            "place raises its version; when backward finds another version than the one saved, it stops rather than "
            "compute nonsense."
        ),
        mend=_("Compute a new tensor (`y = y + 1`), keep a `clone()`, or make the change after the backward."),
        lesson="autograd/in-place",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def squash(values):\n"
                "    out = torch.sigmoid(values)\n"
                "    out.mul_(2)\n"
                "    return out\n"
                "seeds = torch.tensor([0.5, 1.0], requires_grad=True)\n"
                "squash(seeds).sum().backward()\n"
            ),
            line=7,
            cause_line=4,
            facts=("`out`", "line 4", "sigmoid", "SigmoidBackward0"),
        ),
        Case(
            code=(
                "import torch\n"
                "steps = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
                "path = torch.zeros(3)\n"
                "for i in range(1, 3):\n"
                "    path[i] = path[i - 1] * 0.5 + steps[i] * path[i - 1]\n"
                "path[2].backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("`path`", "line 5", "stack|clone"),
        ),
        Case(
            code=(
                "import torch\n"
                "a = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "b = torch.tensor([3.0, 4.0], requires_grad=True)\n"
                "dot = (a * b).sum()\n"
                "with torch.no_grad():\n"
                "    b -= 1.0\n"
                "dot.backward()\n"
            ),
            line=7,
            cause_line=6,
            facts=("`b`", "line 6", "after the backward"),
        ),
    ),
)

INPLACE_ACTIVATION = Kind(
    slug="inplace-activation",
    rank=21,
    suspects=_suspects,
    find=_find_activation,
    page=Page(
        title=_("An activation that works in place"),
        what=_(
            "`nn.ReLU(inplace=True)` and its like overwrite their input. If the operation before saved it, backward "
            "fails."
        ),
        mend=_("Leave `inplace=True` out."),
        lesson="autograd/in-place",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "torch.manual_seed(0)\n"
                "net = nn.Sequential(\n"
                "    nn.Linear(2, 3),\n"
                "    nn.Tanh(),\n"
                "    nn.LeakyReLU(0.1, inplace=True),\n"
                ")\n"
                "net(torch.ones(1, 2)).sum().backward()\n"
            ),
            line=9,
            cause_line=7,
            facts=("inplace=True", "line 7", "tanh|Tanh"),
        ),
        Case(
            code=(
                "import torch\n"
                "import torch.nn.functional as F\n"
                "x = torch.tensor([0.5, -1.0], requires_grad=True)\n"
                "soft = torch.exp(x)\n"
                "cut = F.relu(soft, inplace=True)\n"
                "cut.sum().backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("`soft`", "inplace=True", "line 5", "exp"),
        ),
    ),
)

OPTIMIZER_STEP_BETWEEN = Kind(
    slug="optimizer-step-between-backwards",
    rank=21,
    suspects=_suspects,
    find=_find_step,
    page=Page(
        title=_("An optimiser's step between two backward passes"),
        what=_(
            "`optimizer.step()` changes parameters in place. A graph built before the step has saved their old "
            "values; going backward through it afterwards fails."
        ),
        mend=_("Do all backward passes first, then step; or compute the second loss after the step."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "torch.manual_seed(0)\n"
                "net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))\n"
                "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
                "out = net(torch.ones(4, 2))\n"
                "near, far = out.pow(2).mean(), (out - 5).pow(2).mean()\n"
                "near.backward(retain_graph=True)\n"
                "opt.step()\n"
                "far.backward()\n"
            ),
            line=10,
            cause_line=9,
            facts=(r"opt\.step\(\)", "line 9", "weight"),
        ),
    ),
)
