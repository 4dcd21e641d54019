"""A gradient was used that is None, because none has arrived yet, none ever will, or it was cleared."""

from __future__ import annotations

import ast

from tutor.explaining.absent import Absent, absent_gradient, ready_to_go_back
from tutor.explaining.changes import Insert, Move, ReplaceStatement, SetKeyword, UpdateInPlace
from tutor.explaining.changes.raw import Respell
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.kinds.detached import undone
from tutor.explaining.leaves import asking_for_grad, made_on
from tutor.explaining.lineage import Cut
from tutor.words import _


def suspects(facts: Facts) -> bool:
    """Whether the message speaks of None and the program of gradients."""
    return facts.raised("NoneType") and "grad" in facts.program.source


def _headline(facts: Facts, found: Absent, cause: str) -> str:
    return _("`{grad}` is None in line {line}: {cause}.").format(grad=found.written, line=facts.line, cause=cause)


def _find(facts: Facts) -> Finding | None:
    found = absent_gradient(facts)
    if found is None:
        return None
    if found.why == "no-backward":
        return _no_backward(facts, found)
    if found.why == "not-asked":
        return _not_asked(facts, found)
    if found.why == "cleared":
        return _cleared(facts, found)
    if found.why == "recreated":
        return _recreated(facts, found)
    if found.why == "unreached":
        return _unreached(facts, found)
    return None


def _no_backward(facts: Facts, found: Absent) -> Finding:
    ready = ready_to_go_back(facts, found.read)
    line, name = facts.line_of(ready), facts.assigned_name(ready)
    owner = found.written.removesuffix(".grad").removeprefix("self.")
    why = _("`{owner}` gets a gradient when a backward pass reaches it; until then `{grad}` is None. ").format(
        owner=owner, grad=found.written
    )
    if ready is not None and name:
        why += _("`{name}` is ready in line {line}, but `{name}.backward()` was not called.").format(
            name=name, line=line
        )
    else:
        why += _("No `backward()` has run before line {line}.").format(line=facts.line)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_headline(facts, found, _("no `backward()` has run before it")),
        why=why,
        mendings=(*_call_backward(facts, found), *_only_if_there(facts), *_guarded(facts, found)),
        about=(found.tensor.id,),
    )


def _call_backward(facts: Facts, found: Absent) -> list[Mending]:
    ready = ready_to_go_back(facts, found.read)
    node = facts.node_of(ready)
    if node is None:
        return []
    statement = facts.code.statement_of(node)
    targets = facts.code.targets(node)
    if not isinstance(statement, ast.Assign) or not targets:
        return []
    text = f"{facts.code.of(targets[0])}.backward()"
    return [
        Mending(
            title=_("Go backward first: `{text}` behind line {line}").format(text=text, line=statement.lineno),
            changes=(Insert(statement.lineno, text, after=True, column=facts.code.start(statement)),),
        )
    ]


def _only_if_there(facts: Facts) -> list[Mending]:
    """For a gradient that is cleared: None is as good as zero."""
    failing = facts.failing
    statement = None if failing is None else facts.code.statement_of(failing)
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return []
    call = statement.value
    if called_name(call) not in {"zero_", "fill_", "mul_", "detach_"} or not isinstance(call.func, ast.Attribute):
        return []
    grad = facts.code.of(call.func.value)
    column = facts.code.start(statement)
    return [
        Mending(
            title=_("Clear it by `{grad} = None`, which always works").format(grad=grad),
            changes=(ReplaceStatement(statement.lineno, f"{grad} = None", column),),
        ),
        Mending(
            title=_("Clear it only if it is there: `if {grad} is not None:`").format(grad=grad),
            changes=(
                ReplaceStatement(statement.lineno, f"if {grad} is not None:\n    {facts.code.of(statement)}", column),
            ),
        ),
    ]


def _not_asked(facts: Facts, found: Absent) -> Finding:
    owner, line = found.written.removesuffix(".grad"), made_on(facts, found.tensor)
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_headline(
            facts, found, _("`{owner}`, made in line {made}, does not require grad").format(owner=owner, made=line)
        ),
        why=_(
            "A backward pass gives gradients only to tensors made with `requires_grad=True`. `{owner}` was not asked "
            "for one, so `backward()` passes it by."
        ).format(owner=owner),
        mendings=asking_for_grad(facts, found.tensor),
        about=(found.tensor.id,),
    )


def _unreached(facts: Facts, found: Absent) -> Finding:
    owner, line = found.written.removesuffix(".grad"), facts.line_of(found.cause)
    cause = (
        _("line {cause} (`{text}`) cut it off from the loss").format(cause=line, text=facts.text_of(found.cause))
        if found.cause is not None
        else _("the loss does not depend on it")
    )
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_headline(facts, found, cause),
        why=_(
            "`backward()` ran, but no path of the graph leads from where it started to `{owner}`, so nothing arrived "
            "there. "
        ).format(owner=owner)
        + (
            _("What `{text}` gives has no history. ").format(text=facts.text_of(found.cause))
            if found.cause is not None
            else _("`{owner}` is not used in what was differentiated. ").format(owner=owner)
        ),
        mendings=(*_connected(facts, found), *_only_if_there(facts), *_guarded(facts, found)),
        about=(found.tensor.id,),
    )


def _connected(facts: Facts, found: Absent) -> tuple[Mending, ...]:
    """The operation that lost the history, left out."""
    cause = found.cause
    if cause is None or cause.op not in {"detach", "data.__get__"}:
        return ()
    return undone(facts, Cut("detached", cause, cause.outputs[0] if cause.outputs else 0))


def _guarded(facts: Facts, found: Absent) -> list[Mending]:
    """The statement made to wait until there is a gradient."""
    failing, node = facts.failing, facts.node_of(found.read)
    statement = None if failing is None else facts.code.statement_of(failing)
    if statement is None or not isinstance(node, ast.Attribute) or not isinstance(statement, _SIMPLE):
        return []
    grad = facts.code.of(node)
    comprehension = next((above for above in facts.code.ancestors(node) if isinstance(above, _COMPREHENSIONS)), None)
    if comprehension is not None:
        last = comprehension.generators[-1]
        end = last.ifs[-1] if last.ifs else last.iter
        text, word = facts.code.of(end), "and" if last.ifs else "if"
        change = Respell(end.lineno, text, f"{text} {word} {grad} is not None", facts.code.start(end))
        title = _("Leave out those without a gradient: `if {grad} is not None`").format(grad=grad)
        return [Mending(title=title, changes=(change,))]
    text = f"if {grad} is not None:\n    {facts.code.of(statement)}"
    return [
        Mending(
            title=_("Use it only if it is there: `if {grad} is not None:`").format(grad=grad),
            changes=(ReplaceStatement(statement.lineno, text, facts.code.start(statement)),),
        )
    ]


_COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp)
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)


# Made anew since the last backward


def _recreated(facts: Facts, found: Absent) -> Finding:
    owner, node = found.written.removesuffix(".grad"), facts.node_of(found.cause)
    statement = None if node is None else facts.code.statement_of(node)
    line = statement.lineno if statement is not None else facts.line_of(found.cause)
    loop = None if statement is None else facts.code.loop(statement)
    mendings: list[Mending] = []
    if isinstance(statement, ast.Assign):
        in_place = UpdateInPlace(statement.lineno, column=facts.code.start(statement))
        mendings.append(Mending(title=_("Change it in place under `no_grad`"), changes=(in_place,)))
        if loop is not None:
            title = _("Make it once: move line {line} before the loop").format(line=line)
            mendings.append(Mending(title=title, changes=(Move(statement.lineno, loop.lineno),)))
    return Finding(
        kind="recreated-in-loop",
        line=facts.line,
        cause_line=line,
        headline=_headline(
            facts,
            found,
            _("`{owner}` was made anew in line {made}, after the last backward").format(owner=owner, made=line),
        ),
        why=_(
            "`{text}` makes another tensor, which starts without gradient; the gradient that `backward()` gave "
            "belongs to the tensor that had the name before. Make `{owner}` once, before the loop, and change it in "
            "place."
        ).format(text=facts.code.segment(statement), owner=owner),
        mendings=(*mendings, *_guarded(facts, found)),
        about=(found.tensor.id,),
    )


# Cleared between backward and use


def _cleared(facts: Facts, found: Absent) -> Finding:
    line = facts.line_of(found.cause)
    by_call = found.cause is not None and bool(found.cause.library)
    text = facts.text_of(found.cause)
    return Finding(
        kind="zero-grad-set-to-none" if by_call else None,
        line=facts.line,
        cause_line=line,
        headline=_headline(
            facts, found, _("`{text}` in line {line} cleared it after the backward").format(text=text, line=line)
        ),
        why=_(
            "`zero_grad()` does not fill gradients with zeros: by default (`set_to_none=True`) it takes them away, "
            "and `.grad` is None until the next `backward()`. Read the gradient before it is cleared, or ask for "
            "zeros."
        )
        if by_call
        else _("In line {line} the gradient is set to None. Read it before, or clear it later.").format(line=line),
        mendings=tuple(_clear_later(facts, found, by_call=by_call)),
    )


def _clear_later(facts: Facts, found: Absent, *, by_call: bool) -> list[Mending]:
    node, failing = facts.node_of(found.cause), facts.failing
    if node is None or failing is None:
        return []
    clearing, using = facts.code.statement_of(node), facts.code.statement_of(failing)
    mendings = []
    if using in facts.code.block_of(clearing):
        mendings.append(
            Mending(
                title=_("Clear the gradient after it was used: move line {line} behind line {use}").format(
                    line=clearing.lineno, use=using.lineno
                ),
                changes=(Move(clearing.lineno, using.lineno, after=True),),
            )
        )
    if by_call and isinstance(node, ast.Call):
        mendings.append(
            Mending(
                title=_("Fill with zeros instead: `zero_grad(set_to_none=False)` in line {line}").format(
                    line=node.lineno
                ),
                changes=(SetKeyword(node.lineno, called_name(node), "set_to_none", "False", facts.code.start(node)),),
            )
        )
    return mendings


GRAD_IS_NONE = Kind(
    slug="grad-is-none",
    rank=25,
    suspects=suspects,
    find=_find,
    page=Page(
        title=_("The gradient is None"),
        what=_(
            "`x.grad` is None until a backward pass has reached `x`. It stays None if `x` does not require grad, is "
            "not used in what is differentiated, or is not a leaf."
        ),
        mend=_(
            "Call `backward()` before reading the gradient, on something that depends on `x`. Clear with `x.grad = "
            "None`."
        ),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "tilt = torch.tensor([1.0, -1.0], requires_grad=True)\n"
                "for turn in range(2):\n"
                "    tilt.grad.zero_()\n"
                "    drop = (tilt ** 2).sum()\n"
                "    drop.backward()\n"
            ),
            line=4,
            facts=(r"tilt\.grad", "None", "backward"),
        ),
        Case(
            code=(
                "import torch\n"
                "mass = torch.tensor([1.0, 2.0])\n"
                "speed = torch.tensor([3.0, 4.0], requires_grad=True)\n"
                "energy = (mass * speed ** 2).sum()\n"
                "energy.backward()\n"
                "print(mass.grad * 2)\n"
            ),
            line=6,
            cause_line=2,
            facts=(r"mass\.grad", "requires_grad", "line 2"),
        ),
        Case(
            code=(
                "import torch\n"
                "bend = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "cost = (bend ** 3).sum()\n"
                "step = 0.1 * bend.grad\n"
            ),
            line=4,
            cause_line=3,
            facts=(r"bend\.grad", r"cost\.backward\(\)", "line 4"),
        ),
        Case(
            code=(
                "import torch\n"
                "for turn in range(2):\n"
                "    knob = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "    if turn:\n"
                "        knob.grad.zero_()\n"
                "    (knob ** 2).sum().backward()\n"
            ),
            line=5,
            cause_line=3,
            facts=("`knob`", "anew", "before the loop"),
            kind="recreated-in-loop",
        ),
    ),
)

ZERO_GRAD_SET_TO_NONE = Kind(
    slug="zero-grad-set-to-none",
    rank=24,
    suspects=suspects,
    find=lambda facts: found if (found := _find(facts)) is not None and found.kind == "zero-grad-set-to-none" else None,
    page=Page(
        title=_("zero_grad takes the gradient away"),
        what=_(
            "`zero_grad()` sets `.grad` to None by default; after it there is nothing to read until the next backward."
        ),
        mend=_("Read the gradient before clearing, or call `zero_grad(set_to_none=False)`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "net = nn.Linear(2, 1)\n"
                "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
                "net(torch.ones(1, 2)).sum().backward()\n"
                "opt.step()\n"
                "opt.zero_grad()\n"
                "print(net.weight.grad.norm())\n"
            ),
            line=8,
            cause_line=7,
            facts=(r"net\.weight\.grad", "zero_grad", "set_to_none", "line 7"),
        ),
    ),
)
