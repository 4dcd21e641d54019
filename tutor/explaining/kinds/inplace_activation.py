"""An activation that works in place overwrote what backward needs."""

from __future__ import annotations

from tutor.explaining.changes import DropArgument
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.overwriting import flag_of, overwritten, saving, suspects
from tutor.words import _


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
        why=saving(facts, found)
        + _(
            "`{text}` in line {ran} then wrote its own result into the same memory. `inplace=True` saves a little "
            "memory and is safe only where nobody needs the value before. Leave it out."
        ).format(text=facts.text_of(found.changed_by), ran=ran),
        mendings=(
            Mending(
                title=_("Leave `inplace=True` out in line {line}").format(line=call.lineno),
                changes=(DropArgument(call.lineno, called_name(call), flag_of(call), facts.code.start(call)),),
            ),
        ),
    )


INPLACE_ACTIVATION = Kind(
    slug="inplace-activation",
    rank=21,
    suspects=suspects,
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
