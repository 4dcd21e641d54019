"""An optimiser was given nothing."""

from __future__ import annotations

import ast

from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.optimisers import given_parameters
from tutor.words import _


def _find_empty(facts: Facts) -> Finding | None:
    given = given_parameters(facts)
    if given is None:
        return None
    text = facts.code.segment(given)
    held = _plain_list(facts)
    if held is None:
        exhausted = _exhausted(facts, given)
        if exhausted is not None:
            return exhausted
        return Finding(
            line=facts.line,
            cause_line=facts.line,
            headline=_("`{text}` in line {line} is empty: the optimiser got no parameters to change.").format(
                text=text, line=facts.line
            ),
            why=_(
                "An optimiser changes the parameters it is given. A module's `parameters()` finds only "
                "`nn.Parameter`s and modules that were assigned to attributes in `__init__`; there are none."
            ),
        )
    statement, attribute, class_name = held
    return Finding(
        line=facts.line,
        cause_line=statement.lineno,
        headline=_(
            "`{text}` finds no parameters: the layers in `{attribute}` (line {made}) are in a plain list."
        ).format(text=text, attribute=attribute, made=statement.lineno),
        why=_(
            "A module sees modules and parameters that are its own attributes. A Python list is opaque to it, so "
            "what is in `self.{attribute}` of `{owner}` is not registered, and the optimiser gets an empty list. Use "
            "`nn.ModuleList` (or `nn.ParameterList` for parameters)."
        ).format(attribute=attribute, owner=class_name),
        mendings=tuple(_registered(facts, statement)),
    )


def _plain_list(facts: Facts) -> tuple[ast.Assign, str, str] | None:
    """The attribute of a module that holds layers or parameters in a list or dict."""
    for owner in facts.code.classes():
        for node in ast.walk(owner):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
                continue
            text = ast.unparse(node.value)
            plain = isinstance(node.value, (ast.List, ast.ListComp, ast.Tuple, ast.Dict, ast.DictComp))
            made = any(word in text for word in ("nn.", "Linear", "Parameter", "Conv", "Module"))
            appended = plain and not made and f"{ast.unparse(node.targets[0])}.append(" in facts.program.source
            tensors = "torch." in text and ("requires_grad" in text or not plain)
            if plain and (made or appended or tensors):
                return node, node.targets[0].attr, owner.name
    return None


def _registered(facts: Facts, statement: ast.Assign) -> list[Mending]:
    value = statement.value
    text = facts.code.of(value)
    kind = "Parameter" if "Parameter" in text or ("torch." in text and "Linear" not in text) else "Module"
    shape = "Dict" if isinstance(value, (ast.Dict, ast.DictComp)) else "List"
    prefix = (
        "nn" if "nn" in {part.id for part in ast.walk(facts.code.tree) if isinstance(part, ast.Name)} else "torch.nn"
    )
    return [
        Mending(
            title=_("Register them: `{prefix}.{kind}{shape}` in line {line}").format(
                prefix=prefix, kind=kind, shape=shape, line=statement.lineno
            ),
            changes=(
                ReplaceExpression(value.lineno, text, f"{prefix}.{kind}{shape}({text})", facts.code.start(value)),
            ),
        )
    ]


def _exhausted(facts: Facts, given: ast.expr) -> Finding | None:
    """A generator that was read before: ``params = net.parameters()``, counted, then given to the optimiser."""
    value = facts.code.value_of(facts.code.of(given), facts.line)
    if not isinstance(value, ast.Call) or called_name(value) not in {"parameters", "named_parameters", "filter", "map"}:
        return None
    name = facts.code.segment(given)
    new = f"list({facts.code.of(value)})"
    return Finding(
        line=facts.line,
        cause_line=value.lineno,
        headline=_("`{name}` is used up before line {line}: `{text}` in line {made} gives its items only once.").format(
            name=name, line=facts.line, text=facts.code.segment(value), made=value.lineno
        ),
        why=_(
            "`parameters()` is a generator. Whoever loops over `{name}` first empties it, and the optimiser gets no "
            "parameters. Keep them in a list."
        ).format(name=name),
        mendings=(
            Mending(
                title=_("Keep them in a list: `{new}`").format(new=new),
                changes=(ReplaceExpression(value.lineno, facts.code.of(value), new, facts.code.start(value)),),
            ),
        ),
    )


OPTIMIZER_EMPTY_PARAMETERS = Kind(
    slug="optimizer-empty-parameters",
    rank=20,
    suspects=lambda facts: facts.raised("optimizer got an empty parameter list"),
    find=_find_empty,
    page=Page(
        title=_("An optimiser without parameters"),
        what=_(
            "`parameters()` finds parameters and modules that are attributes of the module. It does not look into "
            "lists."
        ),
        mend=_("Keep layers in `nn.ModuleList`, parameters in `nn.ParameterList` or as `nn.Parameter` attributes."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "net = nn.Linear(2, 1)\n"
                "weights = net.parameters()\n"
                "print(sum(one.numel() for one in weights))\n"
                "opt = torch.optim.SGD(weights, lr=0.1)\n"
            ),
            line=6,
            cause_line=4,
            facts=("`weights`", "once", "list"),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Experts(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.gates = {'a': nn.Linear(1, 1), 'b': nn.Linear(1, 1)}\n"
                "experts = Experts()\n"
                "opt = torch.optim.SGD(experts.parameters(), lr=0.1)\n"
            ),
            line=8,
            cause_line=6,
            facts=("gates", "ModuleDict", "line 6"),
        ),
    ),
)
