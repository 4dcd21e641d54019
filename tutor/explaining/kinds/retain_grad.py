"""``retain_grad`` where no gradient comes, or after it has gone."""

from __future__ import annotations

from tutor.autograd.history import Event, TensorKnown
from tutor.explaining.changes import Move
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.kinds.grad_is_none import suspects as speaks_of_none
from tutor.explaining.leaves import asking_for_grad
from tutor.words import _


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
