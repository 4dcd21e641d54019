"""A state that is carried from step to step, with its graph."""

from __future__ import annotations

import ast

from tutor.autograd.graph import Node
from tutor.autograd.history import Event
from tutor.explaining.changes import Insert, ReplaceExpression
from tutor.explaining.code import flat
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.passes import SecondPass, second_pass
from tutor.explaining.second_pass import call_text, missing, retain, suspects
from tutor.words import _


def _find_carried(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None or not found.has_new or not found.carried:
        return None
    node, made = found.carried[0]
    user = next(found.users(node), made)
    names = _carried_names(found)
    name = names[0] if names else facts.text_of(made)
    use, cause = _use(found, names), in_loop(found, user)
    line = use[0].lineno if use else cause.lineno if cause is not None else facts.line_of(user)
    kept = _kept(found, names, line)
    return Finding(
        line=facts.line,
        cause_line=kept or line,
        headline=_(
            "`{name}` carries the graph of the previous iteration into this one, and `{call}` in line {line} has "
            "already freed that graph."
        ).format(name=name, call=call_text(facts, found.first), line=facts.line_of(found.first)),
        why=_(
            "In line {line} the loop builds on the `{name}` of an earlier step, so in the second pass backward runs on "
            "into the steps before. "
        ).format(line=line, name=name)
        + (_("It is kept for the next step in line {line}, with its history. ").format(line=kept) if kept else "")
        + missing(found)
        + _(
            "If the earlier steps are not meant to be trained through again, cut the graph there with "
            "`{name}.detach()`: its value stays, its history goes."
        ).format(name=name),
        mendings=(*_detach(found, names), *retain(facts, found.first)),
    )


def _carried_names(found: SecondPass) -> list[str]:
    """What the program calls the tensors that go from one turn of the loop to the next."""
    facts = found.facts
    names: list[str] = _assigned_in_the_loop(found)
    for joint, made in found.carried if not names else ():
        name = facts.expression(joint.tensor) if joint.tensor is not None else None
        name = name or facts.assigned_name(made)
        names.extend([name] if name else _assigned_and_read(found, joint, made))
    return list(dict.fromkeys(names))


def _assigned_in_the_loop(found: SecondPass) -> list[str]:
    """What the loop itself assigns in one turn and reads in the next, where functions know it by other names."""
    names: list[str] = []
    for joint, made in found.carried:
        maker = in_loop(found, made)
        for user in found.users(joint):
            reader = in_loop(found, user)
            if maker is None or reader is None:
                continue
            read = _names(reader, ast.Load)
            given = _names(maker, ast.Store)
            names.extend(name for name in [*given, *_aliases(found, given)] if name in read)
    return list(dict.fromkeys(names))


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> list[str]:
    """The variables and attributes that a statement reads, or assigns."""
    parts = (part for part in ast.walk(statement) if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)))
    names = [ast.unparse(part) for part in parts if isinstance(part.ctx, context)]
    if isinstance(statement, ast.AugAssign) and context is ast.Load:
        names.append(ast.unparse(statement.target))
    return names


def _aliases(found: SecondPass, names: list[str]) -> list[str]:
    """What else the loop calls them: ``prev = state``."""
    return [
        ast.unparse(part)
        for statement in ast.walk(found.loop_between or found.facts.code.tree)
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) in names
        for target in statement.targets
        for part in flat(target)
    ]


def _kept(found: SecondPass, names: list[str], used: int | None) -> int | None:
    """The line that only hands a state on to the next turn, as ``prev = state`` does; or keeps it as an attribute."""
    loop = found.loop_between
    for statement in ast.walk(found.facts.code.tree):
        if not isinstance(statement, ast.Assign) or statement.lineno == used:
            continue
        targets = {ast.unparse(part) for target in statement.targets for part in flat(target)} & set(names)
        within = any(above is loop for above in found.facts.code.ancestors(statement))
        plain = within and isinstance(statement.value, (ast.Name, ast.Attribute))
        kept = (
            any("." in name for name in targets)
            and found.facts.code.loop(statement) is None
            and _remade(found, statement)
        )
        if targets and (plain or kept):
            return statement.lineno
    return None


def _remade(found: SecondPass, statement: ast.stmt) -> bool:
    """Whether a statement made what is carried."""
    facts = found.facts
    return any(
        facts.line_of(made) is not None
        and (statement.lineno <= (facts.line_of(made) or 0) <= (statement.end_lineno or 0))
        for _joint, made in found.carried
    )


def _assigned_and_read(found: SecondPass, joint: Node, made: Event) -> list[str]:
    """Of a statement with several targets: those which the step that builds on the result reads."""
    facts = found.facts
    for user in found.users(joint):
        for place, other in zip(
            [facts.place_of(made), *facts.callers(made)], [facts.place_of(user), *facts.callers(user)], strict=False
        ):
            one, two = facts.code.at(place), facts.code.at(other)
            if one is None or two is None or not isinstance(statement := facts.code.statement_of(one), ast.Assign):
                continue
            targets = {ast.unparse(part) for target in statement.targets for part in flat(target)}
            read = [ast.unparse(part) for part in ast.walk(two) if isinstance(part, (ast.Name, ast.Attribute))]
            if shared := [name for name in read if name in targets]:
                return shared
    return []


def in_loop(found: SecondPass, event: Event) -> ast.stmt | None:
    """The statement, directly in the function of the loop, that led to ``event``."""
    facts, loop = found.facts, found.loop_between
    for place in [facts.place_of(event), *facts.callers(event)]:
        node = facts.code.at(place)
        if node is not None and loop is not None and loop in facts.code.ancestors(node):
            return facts.code.statement_of(node)
    return None


def _detach(found: SecondPass, names: list[str]) -> tuple[Mending, ...]:
    """Detach where the carried tensors are used; else right behind the backward."""
    facts = found.facts
    mendings: list[Mending] = []
    use = _use(found, names)
    if use is not None:
        mendings = [_used_without_history(facts, use, form) for form in _WITHOUT_HISTORY]
    return (*mendings, *_detach_behind(found, names))


def _from_the_loop(found: SecondPass, event: Event) -> list[ast.expr | ast.stmt]:
    """The expressions that led to ``event``, from the one in the loop inwards."""
    facts, loop = found.facts, found.loop_between
    nodes = [facts.code.at(place) for place in [facts.place_of(event), *facts.callers(event)]]
    inwards = [node for node in reversed(nodes) if node is not None]
    for index, node in enumerate(inwards):
        if loop is not None and loop in facts.code.ancestors(node):
            return inwards[index:]
    return inwards


_WITHOUT_HISTORY = ("{name}.detach()", "tuple(part.detach() for part in {name})")


def _used_without_history(facts: Facts, use: list[ast.expr], form: str) -> Mending:
    name = facts.code.of(use[0])
    return Mending(
        title=_("Use the value of `{name}` without its history: `{new}`").format(name=name, new=form.format(name=name)),
        changes=tuple(
            ReplaceExpression(part.lineno, text := facts.code.of(part), form.format(name=text), facts.code.start(part))
            for part in sorted(use, key=lambda part: (part.lineno, part.col_offset), reverse=True)
        ),
    )


def _use(found: SecondPass, names: list[str]) -> list[ast.expr] | None:
    """The expressions that read the carried names in the event that builds on them."""
    facts = found.facts
    reads: list[list[ast.expr]] = []
    for node, _made in found.carried:
        for user in found.users(node):
            for where in _from_the_loop(found, user):
                statement = facts.code.statement_of(where)
                parts: list[ast.expr] = [
                    part
                    for part in ast.walk(statement)
                    if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript))
                    and isinstance(part.ctx, ast.Load)
                    and ast.unparse(part) in names
                ]
                if parts:
                    reads.append(parts)
                    break
    return min(reads, key=lambda parts: parts[0].lineno, default=None)


def _detach_behind(found: SecondPass, names: list[str]) -> tuple[Mending, ...]:
    statement = in_loop(found, found.second)
    if statement is None or not names:
        return ()
    texts = ["\n".join(f"{name} = {form.format(name=name)}" for name in names) for form in _WITHOUT_HISTORY]
    return tuple(
        Mending(
            title=_("Cut the graph after each step: `{text}`").format(text=text.replace("\n", "; ")),
            changes=(Insert(statement.lineno, text, after=True, column=found.facts.code.start(statement)),),
        )
        for text in texts
    )


GRAPH_REUSED = Kind(
    slug="graph-reused-across-steps",
    rank=20,
    suspects=suspects,
    find=_find_carried,
    page=Page(
        title=_("A state that carries its graph from step to step"),
        what=_(
            "A hidden state, a running value or a memory that is computed in one turn of a loop and used in the next "
            "brings its graph along. The next backward runs into the steps before, whose saved values are freed."
        ),
        mend=_(
            "Detach the state between steps, `h = h.detach()`. To train through several steps on purpose, add their "
            "losses and go backward once."
        ),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "speed = torch.tensor(0.3, requires_grad=True)\n"
                "place = torch.zeros(2)\n"
                "for tick in range(3):\n"
                "    place = torch.sin(place + speed)\n"
                "    miss = (place - 1).pow(2).sum()\n"
                "    miss.backward()\n"
            ),
            line=7,
            cause_line=5,
            facts=("`place`", "detach", "previous iteration"),
            fixed=(
                "import torch\n"
                "speed = torch.tensor(0.3, requires_grad=True)\n"
                "place = torch.zeros(2)\n"
                "for tick in range(3):\n"
                "    place = torch.sin(place.detach() + speed)\n"
                "    miss = (place - 1).pow(2).sum()\n"
                "    miss.backward()\n"
            ),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Memory(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.mix = nn.Linear(2, 2)\n"
                "        self.state = torch.zeros(1, 2)\n"
                "    def forward(self, x):\n"
                "        self.state = torch.tanh(self.mix(x) * self.state + x)\n"
                "        return self.state\n"
                "memory = Memory()\n"
                "for turn in range(3):\n"
                "    out = memory(torch.ones(1, 2))\n"
                "    out.sum().backward()\n"
            ),
            line=14,
            facts=(r"self\.state|memory\.state", "detach"),
        ),
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "torch.manual_seed(0)\n"
                "lstm = nn.LSTM(2, 3)\n"
                "h, c = torch.zeros(1, 1, 3), torch.zeros(1, 1, 3)\n"
                "for chunk in torch.ones(3, 4, 1, 2):\n"
                "    out, (h, c) = lstm(chunk, (h, c))\n"
                "    out.mean().backward()\n"
            ),
            line=8,
            cause_line=7,
            facts=("detach", r"`[hc]`"),
        ),
    ),
)
