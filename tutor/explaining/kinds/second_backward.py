"""A second pass through a freed graph: three mistakes with one message and different remedies."""

from __future__ import annotations

import ast

from tutor.autograd.graph import Node
from tutor.autograd.history import Event
from tutor.explaining.changes import Insert, RemoveStatement, ReplaceExpression, SetKeyword
from tutor.explaining.changes.loops import IntoLoop
from tutor.explaining.code import Loop, called_name, flat
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.passes import SecondPass, backward_call, operation, second_pass
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("backward through the graph a second time")


def _missing(found: SecondPass) -> str:
    """What of the graph is gone, in a sentence."""
    node = found.missing
    if node is None:
        return ""
    event, facts = found.event(node), found.facts
    text, line = facts.text_of(event), facts.line_of(event)
    name = node.name or facts.assigned_name(event)
    where = _(" in line {line}").format(line=line) if line else ""
    result = _(", whose result is `{name}`,").format(name=name) if name and name != text else ""
    return _(
        "To go back through the {word} `{text}`{where}{result} the node {op} needs the values it saved; they are freed "
        "as soon as a backward pass has used them. "
    ).format(word=operation(node), text=text or node.op, where=where, result=result, op=node.op)


def _call_text(facts: Facts, event: Event) -> str:
    call = backward_call(facts, event)
    if call is None:
        return "backward()"
    text = facts.code.segment(call)
    return text if len(text) <= 50 else f"{facts.code.segment(call.func)}(…)"


# Two gradients of one graph


def _find_twice(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None:
        return None
    line = facts.line_of(found.first)
    second, first = _call_text(facts, found.second), _call_text(facts, found.first)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{second}` in line {second_line} needs a graph that `{first}` in line {line} has already freed."
        ).format(second=second, second_line=facts.line, first=first, line=line),
        why=_missing(found)
        + _(
            "The pass in line {line} was the one that freed them. If you want two passes, let the first keep the "
            "graph, `retain_graph=True`; if you want the gradient of a sum, go backward once, from the sum."
        ).format(line=line),
        mendings=(*_retain(facts, found.first), *_one_pass(found)),
        about=found.seen.roots[:1],
    )


def _retain(facts: Facts, event: Event) -> tuple[Mending, ...]:
    call = backward_call(facts, event)
    if call is None:
        return ()
    return (
        Mending(
            title=_("Keep the graph in line {line}: `retain_graph=True`").format(line=call.lineno),
            changes=(SetKeyword(call.lineno, called_name(call), "retain_graph", "True", facts.code.start(call)),),
        ),
    )


def _one_pass(found: SecondPass) -> tuple[Mending, ...]:
    """One backward of the sum, where two different results are differentiated one right after the other."""
    facts = found.facts
    calls = [backward_call(facts, event) for event in (found.first, found.second)]
    receivers: list[ast.expr] = []
    statements: list[ast.AST] = []
    for call in calls:
        if call is None or call.args or call.keywords or not isinstance(call.func, ast.Attribute):
            return ()
        receivers.append(call.func.value)
        statements.append(facts.code.parents[call])
    block = facts.code.block_of(statements[1]) if isinstance(statements[1], ast.stmt) else []
    if statements[0] not in block or block.index(statements[0]) + 1 != block.index(statements[1]):  # type: ignore[arg-type]
        return ()
    one, two = (facts.code.of(receiver) for receiver in receivers)
    if one == two:
        return ()
    both = f"({one} + {two})"
    return (
        Mending(
            title=_("Go backward once, from the sum: `{both}.backward()`").format(both=both),
            changes=(
                ReplaceExpression(receivers[1].lineno, two, both, facts.code.start(receivers[1])),
                RemoveStatement(receivers[0].lineno, facts.code.start(receivers[0])),
            ),
        ),
    )


# A state carried from step to step


def _find_carried(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None or not found.has_new or not found.carried:
        return None
    node, made = found.carried[0]
    user = next(found.users(node), made)
    names = _carried_names(found)
    name = names[0] if names else facts.text_of(made)
    use, cause = _use(found, names), _in_loop(found, user)
    line = use[0].lineno if use else cause.lineno if cause is not None else facts.line_of(user)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "`{name}` carries the graph of the previous iteration into this one, and `{call}` in line {line} has "
            "already freed that graph."
        ).format(name=name, call=_call_text(facts, found.first), line=facts.line_of(found.first)),
        why=_(
            "In line {line} the loop builds on the `{name}` of an earlier step, so in the second pass backward runs on "
            "into the steps before. "
        ).format(line=line, name=name)
        + _missing(found)
        + _(
            "If the earlier steps are not meant to be trained through again, cut the graph there with "
            "`{name}.detach()`: its value stays, its history goes."
        ).format(name=name),
        mendings=(*_detach(found, names), *_retain(facts, found.first)),
    )


def _carried_names(found: SecondPass) -> list[str]:
    """What the program calls the tensors that go from one turn of the loop to the next."""
    facts = found.facts
    names: list[str] = []
    for joint, made in found.carried:
        name = facts.expression(joint.tensor) if joint.tensor is not None else None
        name = name or facts.assigned_name(made)
        names.extend([name] if name else _assigned_and_read(found, joint, made))
    return list(dict.fromkeys(names))


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


def _in_loop(found: SecondPass, event: Event) -> ast.stmt | None:
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
                    return parts
    return None


def _detach_behind(found: SecondPass, names: list[str]) -> tuple[Mending, ...]:
    statement = _in_loop(found, found.second)
    if statement is None or not names:
        return ()
    text = "\n".join(f"{name} = {name}.detach()" for name in names)
    return (
        Mending(
            title=_("Cut the graph after each step: `{text}`").format(text=text.replace("\n", "; ")),
            changes=(Insert(statement.lineno, text, after=True),),
        ),
    )


# A graph built once, before the loop


def _find_outside(facts: Facts) -> Finding | None:
    found = second_pass(facts)
    if found is None or found.loop_between is None or not found.built_before:
        return None
    if found.has_new and not found.updated and _reads_its_variable(found.loop_between):
        return None  # several gradients of one graph, not a training loop
    built = max(found.built_before, key=lambda event: event.seq)
    statements = _to_move(found)
    cause = statements[-1] if statements else facts.line_of(built)
    name = facts.assigned_name(built) or facts.text_of(built)
    return Finding(
        line=facts.line,
        cause_line=cause,
        headline=_(
            "`{name}` is computed once, in line {cause}, before the loop; the loop goes backward through it again and "
            "again, and the first pass freed its graph."
        ).format(name=name, cause=cause),
        why=_missing(found)
        + _(
            "Each turn of the loop in line {loop} needs a graph of its own: compute `{name}` inside the loop, so "
            "that it also sees the updated values. `retain_graph=True` would silence the error and give the old "
            "gradient again."
        ).format(loop=found.loop_between.lineno, name=name),
        mendings=(
            *(
                [
                    Mending(
                        title=_("Recompute the forward pass inside the loop"),
                        changes=(IntoLoop(tuple(statements), found.loop_between.lineno),),
                    )
                ]
                if statements
                else []
            ),
            *_retain(facts, found.second),
        ),
    )


def _reads_its_variable(loop: Loop) -> bool:
    """Whether the turns of a loop differ: its body reads what it counts or goes through."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)):
        return False
    variables = {part.id for target in flat(loop.target) for part in ast.walk(target) if isinstance(part, ast.Name)}
    return any(
        isinstance(part, ast.Name) and part.id in variables for statement in loop.body for part in ast.walk(statement)
    )


def _to_move(found: SecondPass) -> list[int]:
    """The lines, beside the loop and before it, whose statements built the graph."""
    facts, loop = found.facts, found.loop_between
    if loop is None:
        return []
    block = facts.code.block_of(loop)
    lines: set[int] = set()
    for event in found.built_before:
        for place in [facts.place_of(event), *facts.callers(event)]:
            node = facts.code.at(place)
            statement = None if node is None else facts.code.statement_of(node)
            if statement is not None and statement in block and statement.lineno < loop.lineno:
                lines.add(statement.lineno)
                break
        else:
            return []
    return sorted(lines)


GRAPH_REUSED = Kind(
    slug="graph-reused-across-steps",
    rank=20,
    suspects=_suspects,
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

FORWARD_OUTSIDE = Kind(
    slug="forward-outside-loop",
    rank=21,
    suspects=_suspects,
    find=_find_outside,
    page=Page(
        title=_("The forward pass is outside the loop"),
        what=_(
            "The loss is computed once and the loop only goes backward. The first pass frees the graph, the second "
            "finds nothing to go through."
        ),
        mend=_(
            "Move the forward pass into the loop, so that each turn builds a new graph with the values of that turn."
        ),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "angle = torch.tensor(0.4, requires_grad=True)\n"
                "height = torch.sin(angle) ** 2\n"
                "for turn in range(3):\n"
                "    height.backward()\n"
                "    with torch.no_grad():\n"
                "        angle += 0.1 * angle.grad\n"
                "    angle.grad = None\n"
            ),
            line=5,
            cause_line=3,
            facts=("`height`", "loop", "inside the loop"),
        ),
    ),
)

BACKWARD_TWICE = Kind(
    slug="backward-twice",
    rank=22,
    suspects=_suspects,
    find=_find_twice,
    page=Page(
        title=_("Two passes through one graph"),
        what=_(
            "A backward pass frees the values that the graph's nodes had saved. A second pass through the same nodes "
            "finds them gone. Nodes that save nothing, such as a sum, do not mind."
        ),
        mend=_(
            "Keep the graph in the first pass with `retain_graph=True`, or add the results and go backward once. In a "
            "loop the better answer is nearly always to recompute or to detach."
        ),
        lesson="autograd/retain-graph",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def gradient_of(result, source):\n"
                "    result.backward()\n"
                "    return source.grad.clone()\n"
                "depth = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "load = (depth.exp() * 2).sum()\n"
                "print(gradient_of(load, depth))\n"
                "print(gradient_of(load, depth))\n"
            ),
            line=3,
            cause_line=3,
            facts=("retain_graph", "MulBackward0|ExpBackward0", "line 6"),
        ),
        Case(
            code=(
                "import torch\n"
                "base = torch.tensor([0.5, 1.5], requires_grad=True)\n"
                "common = base.sqrt()\n"
                "left, right = common.sum(), (common * 2).sum()\n"
                "left.backward()\n"
                "right.backward()\n"
            ),
            line=6,
            cause_line=5,
            facts=("common", "SqrtBackward0", "retain_graph", r"left \+ right"),
        ),
    ),
)
