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
        other = _frozen(facts, given) or _plain_tensor(facts)
        if other is not None:
            return other
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
            "`{text}` finds no parameters: the layers in `{attribute}` (line {made}) are in a plain {plain}."
        ).format(text=text, attribute=attribute, made=statement.lineno, plain=_plain(statement.value)),
        why=_(
            "A module sees modules and parameters that are its own attributes. A Python list or dict is opaque to it, so "
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


def _plain(value: ast.expr) -> str:
    return _("dict") if isinstance(value, (ast.Dict, ast.DictComp)) else _("list")


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


def _frozen(facts: Facts, given: ast.expr) -> Finding | None:
    """Only what requires grad was asked for, and everything had been frozen."""
    conditions = [part for part in ast.walk(given) if isinstance(part, ast.Attribute) and part.attr == "requires_grad"]
    events = [
        event for event in facts.events("requires_grad_", "requires_grad.__set__") if event.argument("on") == "False"
    ]
    if not conditions or not events:
        return None
    node = facts.node_of(events[-1])
    line = node.lineno if node is not None else None
    statement = None if node is None else facts.code.statement_of(node)
    mendings: list[Mending] = []
    for flag in ast.walk(statement) if statement is not None else ():
        if isinstance(flag, ast.Constant) and flag.value is False:
            change = ReplaceExpression(flag.lineno, "False", "True", facts.code.start(flag))
            title = _("Leave these parameters trainable in line {line}").format(line=flag.lineno)
            mendings.append(Mending(title=title, changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_("`{text}` is empty: in line {made} all parameters were frozen with `requires_grad` False.").format(
            text=facts.code.segment(given), made=line
        ),
        why=_(
            "The optimiser in line {line} is given only what requires grad, and `{statement}` has switched that off for "
            "every parameter. Freeze only the part that is not to be trained."
        ).format(line=facts.line, statement=facts.code.segment(node)),
        mendings=tuple(mendings),
    )


def _plain_tensor(facts: Facts) -> Finding | None:
    """A module whose weight is a tensor, not a Parameter: ``self.w = torch.zeros(3, requires_grad=True)``."""
    for owner in facts.code.classes():
        for node in ast.walk(owner):
            if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)):
                continue
            value = node.value
            if isinstance(value, ast.Call) and "Parameter" not in ast.unparse(value) and _makes_tensor(value):
                return _to_register(facts, owner, node, node.targets[0].attr)
    return None


def _makes_tensor(call: ast.Call) -> bool:
    text = ast.unparse(call)
    return "requires_grad" in text or called_name(call) in {"zeros", "ones", "randn", "rand", "tensor", "full", "empty"}


def _to_register(facts: Facts, owner: ast.ClassDef, statement: ast.Assign, attribute: str) -> Finding:
    code, value = facts.code, statement.value
    text = code.of(value)
    prefix = "nn" if "nn" in {part.id for part in ast.walk(code.tree) if isinstance(part, ast.Name)} else "torch.nn"
    change = ReplaceExpression(value.lineno, text, f"{prefix}.Parameter({text})", code.start(value))
    title = _("Register it: `{prefix}.Parameter(…)` in line {line}").format(prefix=prefix, line=statement.lineno)
    return Finding(
        line=facts.line,
        cause_line=statement.lineno,
        headline=_(
            "`{owner}` has no parameters: `self.{attribute}` in line {made} is a plain tensor, not an `nn.Parameter`."
        ).format(owner=owner.name, attribute=attribute, made=statement.lineno),
        why=_(
            "`parameters()` finds only `nn.Parameter`s and modules that were assigned to attributes. A tensor with "
            "`requires_grad=True` gets gradients, but the module does not count it among its parameters, so the optimiser in "
            "line {line} gets an empty list."
        ).format(line=facts.line),
        mendings=(Mending(title=title, changes=(change,)),),
    )


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
