"""A computed tensor in something that is copied with ``copy.deepcopy``."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression, WithMethod
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _find(facts: Facts) -> Finding | None:
    event = facts.failed_event
    if event is None or not event.inputs:
        return None
    number = event.inputs[0]
    maker, known = facts.maker(number), facts.tensor(number)
    made, call = facts.line_of(maker), _copying(facts)
    copied = call.args[0] if call is not None and call.args else None
    name = facts.name(number) or facts.text_of(maker) or _("a tensor")
    whole = facts.code.segment(copied) or _("the object")
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`deepcopy` in line {line} comes to `{name}`, which is not a leaf: it was computed in line {made}."
        ).format(line=facts.line, name=name, made=made),
        why=_(
            "`{name}` ({grad_fn}) is part of a graph, and a graph cannot be copied with `deepcopy`. `{whole}` can "
            "hold its values instead: `{name}.detach().clone()`."
        ).format(name=name, grad_fn=known.grad_fn if known is not None else "", whole=whole),
        mendings=tuple(_mendings(facts, number, copied, call)),
    )


def _copying(facts: Facts) -> ast.Call | None:
    calls = facts.code.calls("deepcopy")
    return next((call for call in calls if call.lineno == facts.line), calls[0] if calls else None)


def _mendings(facts: Facts, number: int, copied: ast.expr | None, call: ast.Call | None) -> list[Mending]:
    found: list[Mending] = []
    if call is not None and copied is not None and ast.unparse(copied) in facts.names(number):
        new = f"{tight(facts.code.of(copied))}.detach().clone()"
        found.append(
            Mending(
                title=_("Copy the values: `{new}`").format(new=new),
                changes=(ReplaceExpression(call.lineno, facts.code.of(call), new, facts.code.start(call)),),
            )
        )
    for part in ast.walk(copied) if copied is not None else ():
        if (
            isinstance(part, (ast.Name, ast.Attribute))
            and part is not copied
            and ast.unparse(part) in facts.names(number)
        ):
            new = f"{facts.code.of(part)}.detach()"
            change = ReplaceExpression(part.lineno, facts.code.of(part), new, facts.code.start(part))
            found.append(Mending(title=_("Copy only its values: `{new}`").format(new=new), changes=(change,)))
    node = facts.node_of(facts.maker(number))
    if isinstance(node, ast.Call) and called_name(node) == "deepcopy":
        return found
    if isinstance(node, ast.expr):
        found.append(
            Mending(
                title=_("Keep only its values: `.detach()` in line {line}").format(line=node.lineno),
                changes=(WithMethod(node.lineno, facts.code.of(node), "detach()", facts.code.start(node)),),
            )
        )
    return found


DEEPCOPY_NON_LEAF = Kind(
    slug="deepcopy-non-leaf",
    rank=20,
    suspects=lambda facts: facts.raised("support the deepcopy protocol"),
    find=_find,
    page=Page(
        title=_("deepcopy of a computed tensor"),
        what=_(
            "Only leaves can be copied with `copy.deepcopy`. A computed tensor, also one kept in a module or a dict, "
            "cannot."
        ),
        mend=_("Store values without history, `y.detach()`, or copy with `y.detach().clone()`."),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import copy\n"
                "import torch\n"
                "from torch import nn\n"
                "class Net(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.fc = nn.Linear(2, 1)\n"
                "        self.last = None\n"
                "    def forward(self, x):\n"
                "        self.last = self.fc(x)\n"
                "        return self.last\n"
                "net = Net()\n"
                "net(torch.ones(1, 2))\n"
                "backup = copy.deepcopy(net)\n"
            ),
            line=14,
            cause_line=10,
            facts=(r"last", "leaf", "detach", "line 14"),
        ),
        Case(
            code=(
                "from copy import deepcopy\n"
                "import torch\n"
                "start = torch.tensor([1.0], requires_grad=True)\n"
                "moved = start + 1\n"
                "kept = deepcopy(moved)\n"
            ),
            line=5,
            cause_line=4,
            facts=("`moved`", r"detach\(\)\.clone"),
        ),
    ),
)
