"""A scheduler's step before the optimiser's."""

from __future__ import annotations

import ast

from tutor.autograd import Observation
from tutor.explaining.changes import Swap
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_WARNING = "Detected call of `lr_scheduler.step()` before `optimizer.step()`"


def _warned(observation: Observation) -> bool:
    return any(_WARNING in warning.message for warning in observation.warnings)


def _find(facts: Facts) -> Finding | None:
    steps = [
        call
        for call in facts.code.calls("step")
        if isinstance(call.func, ast.Attribute) and isinstance(facts.code.parents.get(call), ast.Expr)
    ]
    schedulers = [call for call in steps if _is_scheduler(facts, call)]
    scheduler = next(iter(schedulers), None)
    if scheduler is None:
        return None
    name = facts.code.segment(scheduler.func.value) if isinstance(scheduler.func, ast.Attribute) else ""
    later = next((call for call in steps if call not in schedulers and call.lineno > scheduler.lineno), None)
    mendings: list[Mending] = []
    if later is not None:
        title = _("Step the optimiser first: swap lines {one} and {two}").format(one=scheduler.lineno, two=later.lineno)
        change = Swap(scheduler.lineno, later.lineno)
        mendings.append(Mending(title=title, changes=(change,), holds=lambda seen: not _warned(seen)))
    return Finding(
        severity="warning",
        line=scheduler.lineno,
        cause_line=later.lineno if later is not None else scheduler.lineno,
        headline=_("`{name}.step()` in line {line} comes before the optimiser's first step.").format(
            name=name, line=scheduler.lineno
        ),
        why=_(
            "The scheduler changes the learning rate for the next step. Called before{where}, it skips the first value of the schedule. "
            "The order is: `backward()`, the optimiser's `step()`, then the scheduler's."
        ).format(where=_(" line {line}").format(line=later.lineno) if later is not None else ""),
        mendings=tuple(mendings),
    )


def _is_scheduler(facts: Facts, call: ast.Call) -> bool:
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    made = facts.code.value_of(owner)
    return "sched" in owner.lower() or (made is not None and called_name(made).endswith(("LR", "Plateau", "Restarts")))


SCHEDULER_ORDER = Kind(
    slug="scheduler-order",
    rank=60,
    needs_history=False,
    suspects=lambda facts: facts.observation.outcome == "ok" and _warned(facts.observation),
    find=_find,
    page=Page(
        title=_("The scheduler steps before the optimiser"),
        what=_("A learning rate scheduler sets the rate for the next step, so it comes after `optimizer.step()`."),
        mend=_("Call `scheduler.step()` after `optimizer.step()`, once for each epoch."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "opt = torch.optim.SGD([w], lr=0.1)\n"
                "decay = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)\n"
                "for epoch in range(2):\n"
                "    opt.zero_grad()\n"
                "    (w ** 2).sum().backward()\n"
                "    decay.step()\n"
                "    opt.step()\n"
            ),
            line=8,
            facts=("decay", "line 8", "line 9", "after|before"),
            fixed=(
                "import torch\n"
                "w = torch.ones(2, requires_grad=True)\n"
                "opt = torch.optim.SGD([w], lr=0.1)\n"
                "decay = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)\n"
                "for epoch in range(2):\n"
                "    opt.zero_grad()\n"
                "    (w ** 2).sum().backward()\n"
                "    opt.step()\n"
                "    decay.step()\n"
            ),
        ),
    ),
)
