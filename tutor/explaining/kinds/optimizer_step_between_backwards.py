"""An optimiser's step changed parameters between two backward passes of one graph."""

from __future__ import annotations

from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Page
from tutor.explaining.outside import recomputed_in_loop, stepped_behind
from tutor.explaining.overwriting import after_backward, overwritten, saving, suspects
from tutor.words import _


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
        why=saving(facts, found)
        + _(
            "An optimiser's step changes the parameters in place. Do all backward passes of a graph first and step "
            "afterwards, or compute the second loss anew after the step."
        ),
        mendings=(
            *after_backward(facts, found.changed_by),
            *recomputed_in_loop(facts),
            *stepped_behind(facts, found.changed_by),
        ),
    )


OPTIMIZER_STEP_BETWEEN = Kind(
    slug="optimizer-step-between-backwards",
    rank=21,
    suspects=suspects,
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
