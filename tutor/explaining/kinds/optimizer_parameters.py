"""What an optimiser was given: nothing, a tensor where a list belongs, or tensors that are not leaves."""

from __future__ import annotations

import ast

from tutor.explaining.changes import DropArgument, ReplaceExpression, WithMethod
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.lineage import made_by_expression
from tutor.words import _


def _given(facts: Facts) -> ast.expr | None:
    """The first argument of the optimiser, as written."""
    call = facts.failing
    if not isinstance(call, ast.Call):
        calls = [node for node in ast.walk(call) if isinstance(node, ast.Call)] if call is not None else []
        call = calls[0] if calls else None
    if not isinstance(call, ast.Call):
        return None
    return call.args[0] if call.args else keyword(call, "params")


# A tensor that was computed


def _find_non_leaf(facts: Facts) -> Finding | None:
    given = _given(facts)
    number = _computed(facts)
    if given is None or number is None:
        return None
    maker = facts.maker(number)
    made, name = facts.line_of(maker), facts.name(number) or facts.text_of(maker)
    sources = [source for one in (maker.inputs if maker is not None else ()) if (source := facts.name(one))]
    of = _(" from `{source}`").format(source=sources[0]) if sources and sources[0] != name else ""
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{name}` is not a leaf: it was computed{of} in line {made}, and an optimiser can only change leaves."
        ).format(name=name, of=of, made=made),
        why=_(
            "`{text}` makes `{name}` the result of a tracked computation. Its values follow from what it was "
            "computed from, so an update in line {line} would be lost, and its `.grad` stays None. Optimise the leaf "
            "itself, or make `{name}` a leaf: compute it first and ask for gradients last, with `requires_grad_()`."
        ).format(text=facts.text_of(maker), name=name, line=facts.line),
        mendings=tuple(_leaves(facts, number, given)),
    )


def _computed(facts: Facts) -> int | None:
    """The tensor among those last looked at which is not a leaf."""
    written = _given(facts)
    names = {ast.unparse(part) for part in ast.walk(written)} if written is not None else set()
    for named in facts.history.names:
        known = facts.tensor(named.tensor)
        if named.name in names and known is not None and not known.is_leaf:
            return known.id
    nodes = set(ast.walk(written)) if written is not None else set()
    for event in reversed(facts.history.events):
        if facts.node_of(event) in nodes:
            return next((one for one in event.outputs if (known := facts.tensor(one)) and not known.is_leaf), None)
    computed = [known for known in facts.history.tensors if not known.is_leaf and known.alive]
    return computed[-1].id if computed else None


def _leaves(facts: Facts, number: int, given: ast.expr) -> list[Mending]:
    found = _leaf_from_the_start(facts, number)
    maker = facts.maker(number)
    leaf = next(
        (
            one
            for one in (maker.inputs if maker else ())
            if (known := facts.tensor(one)) and known.is_leaf and known.requires_grad
        ),
        None,
    )
    name, names = facts.name(leaf) if leaf is not None else None, facts.names(number)
    if name is not None:
        for part in ast.walk(given):
            if isinstance(part, ast.expr) and ast.unparse(part) in names:
                found.append(
                    Mending(
                        title=_("Optimise the leaf `{name}`").format(name=name),
                        changes=(ReplaceExpression(part.lineno, facts.code.of(part), name, facts.code.start(part)),),
                    )
                )
    return found


def _leaf_from_the_start(facts: Facts, number: int) -> list[Mending]:
    """``torch.randn(3, requires_grad=True) * 0.01`` as ``(torch.randn(3) * 0.01).requires_grad_()``."""
    made = made_by_expression(facts, number)
    if made is None:
        return []
    asked = [
        node for node in ast.walk(made) if isinstance(node, ast.Call) and keyword(node, "requires_grad") is not None
    ]
    text, column = facts.code.of(made), facts.code.start(made)
    title = _("Compute it first, then ask for gradients: `.requires_grad_()` in line {line}").format(line=made.lineno)
    if asked:
        drop = DropArgument(asked[0].lineno, called_name(asked[0]), "requires_grad")
        return [Mending(title=title, changes=(WithMethod(made.lineno, text, "requires_grad_()", column), drop))]
    detached = ReplaceExpression(made.lineno, text, f"{tight(text)}.detach().requires_grad_()", column)
    return [Mending(title=title, changes=(detached,))]


# Nothing at all


def _find_empty(facts: Facts) -> Finding | None:
    given = _given(facts)
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


# Not a list of tensors


def _find_type(facts: Facts) -> Finding | None:
    given = _given(facts)
    if given is None:
        return None
    text = facts.code.segment(given)
    tensor = facts.raised("should be an iterable")
    headline = (
        _("`{text}` in line {line} is a tensor; an optimiser takes a list of tensors: `[{text}]`.")
        if tensor
        else _("`{text}` in line {line} does not hold tensors only, and an optimiser takes a list of tensors.")
    ).format(text=text, line=facts.line)
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=headline,
        why=_(
            "An optimiser changes several parameters at each step, so its first argument is a list of them, or "
            "`model.parameters()`. For a single tensor write a list with one item."
        ),
        mendings=tuple(_listed(facts, given)),
    )


def _listed(facts: Facts, given: ast.expr) -> list[Mending]:
    text, place = facts.code.of(given), (given.lineno, facts.code.of(given))
    new = [f"[{text}]"]
    if not isinstance(given, (ast.List, ast.Tuple)):
        new.extend([f"{tight(text)}.parameters()", f"{tight(text)}.values()"])
    if (
        isinstance(given, ast.Call)
        and called_name(given) == "named_parameters"
        and isinstance(given.func, ast.Attribute)
    ):
        new.insert(0, f"{facts.code.of(given.func.value)}.parameters()")
    if isinstance(given, ast.Attribute) and given.attr == "parameters":
        new.insert(0, f"{text}()")
    parts = given.elts if isinstance(given, ast.List) and len(given.elts) > 1 else []
    new.extend(f"[{', '.join(facts.code.of(part) for part in parts if part is not bad)}]" for bad in parts)
    return [
        Mending(
            title=_("Give the optimiser `{new}`").format(new=one),
            changes=(ReplaceExpression(*place, one, facts.code.start(given)),),
        )
        for one in new
    ]


OPTIMIZER_NON_LEAF = Kind(
    slug="optimizer-non-leaf",
    rank=20,
    suspects=lambda facts: facts.raised("can't optimize a non-leaf Tensor"),
    find=_find_non_leaf,
    page=Page(
        title=_("An optimiser got a computed tensor"),
        what=_(
            "Optimisers change leaves. `torch.randn(3, requires_grad=True) * 0.01` is the result of a "
            "multiplication, no leaf."
        ),
        mend=_("Compute first, ask for gradients last: `(torch.randn(3) * 0.01).requires_grad_()`."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Aim:\n"
                "    def __init__(self):\n"
                "        self.angles = torch.zeros(2, requires_grad=True).double()\n"
                "aim = Aim()\n"
                "opt = torch.optim.Adam([aim.angles], lr=0.1)\n"
            ),
            line=6,
            cause_line=4,
            facts=("angles", "leaf", "line 4"),
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

OPTIMIZER_PARAMS_TYPE = Kind(
    slug="optimizer-params-type",
    rank=20,
    suspects=lambda facts: facts.raised(
        "params argument given to the optimizer", "optimizer can only optimize Tensors"
    ),
    find=_find_type,
    page=Page(
        title=_("An optimiser takes a list of tensors"),
        what=_("The first argument of an optimiser is an iterable of tensors: a list, or `model.parameters()`."),
        mend=_("Write `torch.optim.SGD([w], lr=0.1)` for a single tensor."),
        lesson="autograd/downhill",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "knobs = {'a': torch.zeros(1, requires_grad=True), 'b': torch.ones(1, requires_grad=True)}\n"
                "opt = torch.optim.SGD(knobs, lr=0.1)\n"
            ),
            line=3,
            facts=("`knobs`", "list"),
        ),
    ),
)
