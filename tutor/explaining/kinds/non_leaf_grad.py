"""The gradient of a computed tensor was read; only leaves keep theirs, unless asked with retain_grad."""

from __future__ import annotations

import ast

from tutor.autograd import Observation
from tutor.autograd.history import Event, TensorKnown
from tutor.explaining.absent import absent_gradient, gradient_text
from tutor.explaining.changes import DropArgument, Insert, Move, UpdateInPlace, WithMethod
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.kinds.grad_is_none import suspects as speaks_of_none
from tutor.explaining.leaves import asking_for_grad
from tutor.explaining.lineage import is_update, made_by_expression
from tutor.words import _

_WARNING = "attribute of a Tensor that is not a leaf Tensor is being accessed"


def _warned(facts: Facts) -> bool:
    return any(_WARNING in warning.message for warning in facts.observation.warnings)


def _suspects(facts: Facts) -> bool:
    return speaks_of_none(facts) or (facts.observation.outcome == "ok" and _warned(facts))


def _find(facts: Facts) -> Finding | None:
    read = _read(facts)
    known = None if read is None else facts.tensor(read.inputs[0])
    if read is None or known is None or known.is_leaf:
        return None
    failed = facts.observation.outcome != "ok"
    maker = facts.maker(known.id)
    if maker is not None and is_update(facts, maker):
        return None if failed else _rebound(facts, read, known, maker)
    name, grad = facts.name(known.id) or facts.text_of(maker), gradient_text(facts, read)
    line, made = facts.line if failed else facts.line_of(read), facts.line_of(maker)
    return Finding(
        severity="error" if failed else "warning",
        line=line,
        cause_line=made,
        headline=_("`{grad}` in line {line} is None: `{name}` is not a leaf but was computed in line {made}.").format(
            grad=grad, line=line, name=name, made=made
        ),
        why=_(
            "`{text}` ({grad_fn}) makes `{name}` an intermediate result. Gradients flow through it, but autograd "
            "keeps them only for leaves, the tensors you made with `requires_grad=True`. Ask before the backward "
            "with `{name}.retain_grad()`."
        ).format(text=facts.text_of(maker), grad_fn=known.grad_fn, name=name),
        mendings=tuple(_mendings(facts, known)),
        about=(known.id,),
    )


def _read(facts: Facts) -> Event | None:
    if facts.observation.outcome != "ok":
        found = absent_gradient(facts)
        return found.read if found is not None and found.why == "not-a-leaf" else None
    lines = {warning.line for warning in facts.observation.warnings if _WARNING in warning.message}
    for event in facts.events("grad.__get__"):
        known = facts.tensor(event.inputs[0])
        if facts.line_of(event) in lines and known is not None and not known.is_leaf and not known.retains_grad:
            return event
    return None


def _quiet(observation: Observation) -> bool:
    return not any(_WARNING in warning.message for warning in observation.warnings)


def _mendings(facts: Facts, known: TensorKnown) -> list[Mending]:
    node = made_by_expression(facts, known.id)
    if node is None:
        return []
    found: list[Mending] = _leaf_at_the_end(facts, node)
    statement, targets = facts.code.statement_of(node), facts.code.targets(node)
    if isinstance(statement, ast.Assign) and len(targets) == 1:
        text = f"{facts.code.of(targets[0])}.retain_grad()"
        found.append(
            Mending(
                title=_("Keep its gradient: `{text}` behind line {line}").format(text=text, line=statement.lineno),
                changes=(Insert(statement.lineno, text, after=True),),
                holds=_quiet,
            )
        )
    return found


def _leaf_at_the_end(facts: Facts, node: ast.expr) -> list[Mending]:
    """``torch.ones(3, requires_grad=True).double()`` was meant to be a leaf: ask at the end."""
    asked = [one for one in ast.walk(node) if isinstance(one, ast.Call) and keyword(one, "requires_grad") is not None]
    if not asked:
        return []
    drop = DropArgument(asked[0].lineno, called_name(asked[0]), "requires_grad")
    method = WithMethod(node.lineno, facts.code.of(node), "requires_grad_()", facts.code.start(node))
    title = _("Make it a leaf: ask for the gradient last, `.requires_grad_()` in line {line}").format(line=node.lineno)
    return [Mending(title=title, changes=(method, drop), holds=_quiet)]


def _rebound(facts: Facts, read: Event, known: TensorKnown, maker: Event) -> Finding:
    line, name = facts.line_of(maker), facts.assigned_name(maker) or facts.name(known.id) or "w"
    return Finding(
        kind="leaf-rebound",
        severity="warning",
        line=facts.line_of(read),
        cause_line=line,
        headline=_("`{name}` is no longer the leaf since line {line}, so `{grad}` stays None.").format(
            name=name, line=line, grad=gradient_text(facts, read)
        ),
        why=_(
            "`{text}` computes a new tensor and calls it `{name}`; the leaf that gets gradients is another tensor. "
            "Change the leaf in place under `no_grad`: `{name} -= …`."
        ).format(text=facts.text_of(maker), name=name),
        mendings=_in_place(facts, maker),
    )


def _in_place(facts: Facts, maker: Event) -> tuple[Mending, ...]:
    node = facts.node_of(maker)
    if node is None:
        return ()
    statement = facts.code.statement_of(node)
    change = UpdateInPlace(statement.lineno, column=facts.code.start(statement))
    return (Mending(title=_("Change it in place under `no_grad`"), changes=(change,), holds=_quiet),)


# retain_grad


def _find_not_required(facts: Facts) -> Finding | None:
    event = facts.failed_event
    if event is None or not event.inputs:
        return None
    number = event.inputs[0]
    maker, known = facts.maker(number), facts.tensor(number)
    name, made = facts.name(number) or facts.text_of(maker) or _("the tensor"), facts.line_of(maker)
    roots = [one for one in (maker.inputs if maker is not None else ()) if facts.tensor(one) is not None]
    leaf = (
        known if not roots else next((one for number in roots if (one := facts.tensor(number)) and one.is_leaf), known)
    )
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{name}.retain_grad()` in line {line} waits for a gradient that cannot come: `{name}` does not require "
            "grad."
        ).format(name=name, line=facts.line),
        why=_(
            "`{text}`{where} gives a tensor with `requires_grad=False`, because nothing it was computed from was "
            "asked for a gradient. Make a leaf with `requires_grad=True` first."
        ).format(text=facts.text_of(maker), where=_(" in line {line}").format(line=made) if made else ""),
        mendings=asking_for_grad(facts, leaf) if leaf is not None else (),
    )


def _find_too_late(facts: Facts) -> Finding | None:
    for event in facts.events("retain_grad"):
        known = facts.tensor(event.inputs[0])
        if event.error or known is None or known.is_leaf:
            continue
        passes = [seen.event for seen in facts.history.backwards if _went_through(facts, seen.event, known)]
        reads = [read for read in facts.events("grad.__get__") if read.seq > event.seq and read.inputs[0] == known.id]
        empty = [read for read in reads if read.argument("type") == "NoneType"]
        if (
            empty
            and any(one < event.seq for one in passes)
            and not any(event.seq < one < empty[0].seq for one in passes)
        ):
            return _too_late(facts, event, known, empty[0], max(one for one in passes if one < event.seq))
    return None


def _went_through(facts: Facts, number: int, known: TensorKnown) -> bool:
    """Whether a pass came after the tensor was made and started from something that may hold it."""
    event = facts.history.by_seq.get(number)
    return event is not None and known.made_by is not None and known.made_by < number and not event.error


def _too_late(facts: Facts, event: Event, known: TensorKnown, read: Event, passed: int) -> Finding:
    name, backward = facts.name(known.id) or _("the tensor"), facts.history.by_seq[passed]
    node = facts.node_of(event)
    statement = None if node is None else facts.code.statement_of(node)
    before = facts.line_of(backward)
    failed = facts.observation.outcome != "ok"
    mendings = []
    if statement is not None and before is not None:
        mendings.append(
            Mending(
                title=_("Ask before the backward: move line {line} before line {before}").format(
                    line=statement.lineno, before=before
                ),
                changes=(Move(statement.lineno, before),),
            )
        )
    return Finding(
        severity="error" if failed else "warning",
        line=facts.line if failed else facts.line_of(read),
        cause_line=facts.line_of(event),
        headline=_(
            "`{name}.retain_grad()` in line {line} comes too late: the backward of line {before} has already run."
        ).format(name=name, line=facts.line_of(event), before=before),
        why=_(
            "The gradient passed through `{name}` during that backward and was not kept, because nobody had asked "
            "yet; so `{name}.grad` is None. Call `retain_grad()` before `backward()`."
        ).format(name=name),
        mendings=tuple(mendings),
    )


NON_LEAF_GRAD = Kind(
    slug="non-leaf-grad",
    rank=24,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("The gradient of a computed tensor"),
        what=_(
            "Autograd keeps gradients for leaves only. The `.grad` of a computed tensor is None, and torch warns "
            "when it is read."
        ),
        mend=_(
            "Call `y.retain_grad()` before the backward. If `y` was meant to be a leaf, ask with `requires_grad_()` "
            "at the end."
        ),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Chain:\n"
                "    def run(self, start):\n"
                "        self.middle = start * 2\n"
                "        return (self.middle ** 2).sum()\n"
                "start = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "chain = Chain()\n"
                "chain.run(start).backward()\n"
                "print(chain.middle.grad)\n"
            ),
            line=9,
            cause_line=4,
            facts=(r"middle", "retain_grad", "leaf", "line 4"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(3, requires_grad=True).double()\n"
                "(w * w).sum().backward()\n"
                "print(w.grad.norm())\n"
            ),
            line=4,
            cause_line=2,
            facts=("`w`", "leaf", "requires_grad_"),
        ),
    ),
)

RETAIN_GRAD_NOT_REQUIRED = Kind(
    slug="retain-grad-not-required",
    rank=20,
    suspects=lambda facts: facts.raised("can't retain_grad on Tensor that has requires_grad=False"),
    find=_find_not_required,
    page=Page(
        title=_("retain_grad where no gradient comes"),
        what=_(
            "`retain_grad()` keeps the gradient of a computed tensor. A tensor that does not require grad gets none."
        ),
        mend=_("Make what it is computed from with `requires_grad=True`."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "base = torch.tensor([1.0, 2.0])\n"
                "lifted = base + 1\n"
                "lifted.retain_grad()\n"
                "lifted.sum().backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`lifted", "requires_grad", "retain_grad"),
        ),
    ),
)

RETAIN_GRAD_TOO_LATE = Kind(
    slug="retain-grad-too-late",
    rank=23,
    suspects=lambda facts: (
        "retain_grad" in facts.program.source and (facts.observation.outcome == "ok" or speaks_of_none(facts))
    ),
    find=_find_too_late,
    page=Page(
        title=_("retain_grad after the backward"),
        what=_("`retain_grad()` works for the passes that come after it. What has already flowed through is gone."),
        mend=_("Call it before `backward()`."),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "ink = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "page = ink * 3\n"
                "page.sum().backward()\n"
                "page.retain_grad()\n"
                "print(page.grad)\n"
            ),
            line=6,
            cause_line=5,
            facts=("`page", "retain_grad", "before", "line 4"),
            fixed=(
                "import torch\n"
                "ink = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "page = ink * 3\n"
                "page.retain_grad()\n"
                "page.sum().backward()\n"
                "print(page.grad)\n"
            ),
        ),
    ),
)
