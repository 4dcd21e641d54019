"""backward called on a plain Python or numpy number."""

from __future__ import annotations

import ast
import re

from tutor.autograd.history import Event
from tutor.explaining.changes import Change, DropMethod, ReplaceExpression
from tutor.explaining.code import Assignment
from tutor.explaining.facts import Facts
from tutor.explaining.flows import EXTRACTIONS, events_within, sources_of
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.numbers import as_tensors, extraction_text, kept_as_tensors
from tutor.words import _

_NUMBER = re.compile(r"'(float|int|bool|list|numpy\.\w+|ndarray|complex)' object has no attribute '(\w+)'")
_TENSOR_METHODS = frozenset(
    {"backward", "requires_grad_", "requires_grad", "grad", "detach", "retain_grad", "grad_fn", "item", "sum", "mean"}
)


def _suspects(facts: Facts) -> bool:
    seen = _NUMBER.search(facts.exception.message) if facts.exception else None
    return seen is not None and seen.group(2) in _TENSOR_METHODS


def _find(facts: Facts) -> Finding | None:
    seen = _NUMBER.search(facts.exception.message) if facts.exception else None
    receiver = _receiver(facts)
    if seen is None or receiver is None:
        return None
    expressions = sources_of(facts.code, receiver)
    events = events_within(facts, expressions, *EXTRACTIONS)
    taken = next((event for event in events if set(event.inputs) & set(event.tracked)), events[0] if events else None)
    if taken is None:
        return None
    name, line = facts.code.segment(receiver), facts.line_of(taken)
    how, method, number = extraction_text(facts, taken), seen.group(2), seen.group(1)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{name}` is a plain number ({number}), not a tensor: `{how}` in line {line} took it out of the graph."
        ).format(name=name, number=number, how=how, line=line),
        why=_(
            "`{text}` gives a Python number. It has the value and nothing else: no graph, no grad_fn and no "
            "`{method}`. Keep the tensor for `{method}()`, and take the number out only to print or store it."
        ).format(text=facts.text_of(taken), method=method),
        mendings=tuple(_mendings(facts, expressions, taken)),
    )


def _receiver(facts: Facts) -> ast.expr | None:
    """What the missing attribute was looked up on."""
    node, message = facts.failing, facts.exception.message if facts.exception else ""
    attribute = message.rsplit("'", 2)[-2]
    found = [] if node is None else [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return next((part.value for part in found if part.attr == attribute), None)


def _mendings(facts: Facts, expressions: list[ast.expr], taken: Event) -> list[Mending]:
    title = _("Keep the tensor: leave `{how}` out in line {line}").format(
        how=extraction_text(facts, taken), line=facts.line_of(taken)
    )
    found: list[Mending] = []
    node = facts.node_of(taken)
    statement = None if node is None else facts.code.statement_of(node)
    value = getattr(statement, "value", None)
    if isinstance(value, ast.expr) and isinstance(statement, (*Assignment.__args__, ast.Return, ast.Expr)):
        found.append(Mending(title=title, changes=(_as_tensor(facts, value),)))
    everywhere = kept_as_tensors(facts.code, expressions)
    if everywhere:
        found.append(Mending(title=title, changes=everywhere))
    found.extend(_joined(facts, expressions, title))
    if node is not None and taken.op in {"item", "tolist", "numpy"}:
        found.append(Mending(title=title, changes=(DropMethod(node.lineno, taken.op),)))
    return found


def _joined(facts: Facts, expressions: list[ast.expr], title: str) -> list[Mending]:
    """``np.mean(losses)`` of a list of tensors: joined first, ``torch.stack(losses).mean()``."""
    found: list[Mending] = []
    for call in expressions:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
            continue
        if ast.unparse(call.func.value) not in {"np", "numpy", "statistics"} or call.keywords:
            continue
        text = f"torch.stack({facts.code.of(call.args[0])}).{call.func.attr}()"
        here = ReplaceExpression(call.lineno, facts.code.of(call), text, facts.code.start(call))
        kept = [one for one in kept_as_tensors(facts.code, expressions) if one.line != call.lineno]
        changes = sorted([here, *kept], key=lambda change: change.line, reverse=True)
        found.append(Mending(title=title, changes=tuple(changes)))
    return found


def _as_tensor(facts: Facts, value: ast.expr) -> Change:
    return ReplaceExpression(value.lineno, facts.code.of(value), as_tensors(facts.code, value), facts.code.start(value))


PYTHON_NUMBER = Kind(
    slug="python-number",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A plain number instead of a tensor"),
        what=_(
            "`item()`, `float()`, `tolist()`, `numpy()` and the functions of `math` give plain numbers. They carry "
            "no graph, and have no `backward`."
        ),
        mend=_("Keep the tensor for `backward()`; take the number out for printing: `print(loss.item())`."),
        lesson="autograd/detach",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "knob = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "total = 0.0\n"
                "for part in knob:\n"
                "    total += (part ** 2).item()\n"
                "total.backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("item", "`total`", "float", "line 5"),
        ),
        Case(
            code=(
                "import math\n"
                "import torch\n"
                "load = torch.tensor(2.0, requires_grad=True)\n"
                "def energy(load):\n"
                "    return math.exp(load)\n"
                "energy(load).backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=(r"math\.exp", "line 5", "float"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "losses = []\n"
                "for target in (0.0, 1.0):\n"
                "    losses.append(float(((w - target) ** 2).mean()))\n"
                "mean = sum(losses) / len(losses)\n"
                "mean.backward()\n"
            ),
            line=7,
            cause_line=5,
            facts=("`mean`", "float", "line 5"),
        ),
    ),
)
