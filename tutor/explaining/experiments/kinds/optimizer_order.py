"""Backward, clipping, step, clearing: each of them in its place, and what happens when one is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Move, RemoveStatement, titled
from tutor.explaining.experiments.reading import (
    Called,
    backwards,
    calls,
    column_of,
    function_of,
    gradients_cleared,
    loop_of,
    optimizers,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _

_CLIPS = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_")


def _same_block(trial: Trial, one: ast.AST, other: ast.AST) -> bool:
    first, second = trial.source.statement_of(one), trial.source.statement_of(other)
    return second in trial.source.block_of(first)


def _steps(trial: Trial) -> list[Called]:
    known = optimizers(trial.source)
    return [
        called
        for called in calls(trial.source, "step")
        if called.on in known or "opt" in called.on.lower() or any(called.on.endswith(f".{name}") for name in known)
    ]


def _move(trial: Trial, moved: Called, target: Called, *, after: bool) -> Move:
    return Move(
        trial.source.statement_of(moved.node).lineno,
        trial.source.statement_of(target.node).lineno,
        after=after,
        column=column_of(trial.source, trial.source.statement_of(moved.node)),
        target_column=column_of(trial.source, trial.source.statement_of(target.node)),
    )


def step_first(trial: Trial) -> Iterator[Suspect]:
    """``step()`` stands before the only backward of its block."""
    passes = backwards(trial.source)
    for step in _steps(trial):
        later = [
            called for called in passes if _same_block(trial, step.node, called.node) and called.order > step.order
        ]
        earlier = [
            called for called in passes if _same_block(trial, step.node, called.node) and called.line < step.line
        ]
        if not later or earlier:
            continue
        backward = later[0]
        looped = loop_of(trial.source, step.node) is not None
        before = any(called.order < step.order for called in passes)
        headline = _(
            "`{step}()` in line {line} comes before `{root}.backward()` in line {after}: it steps before there is a gradient."
        )
        yield Suspect(
            kind="optimizer-order",
            line=step.line,
            weight=9.2,
            changes=(
                titled(
                    _("Step after backward: move line {line} after line {after}").format(
                        line=step.line, after=backward.line
                    ),
                    _move(trial, step, backward, after=True),
                ),
                titled(
                    _("Run backward first: move line {after} before line {line}").format(
                        line=step.line, after=backward.line
                    ),
                    _move(trial, backward, step, after=False),
                ),
            ),
            headline=headline.format(step=step.full, line=step.line, root=backward.on, after=backward.line),
            why=_order_words(looped).format(step=step.full, line=step.line, after=backward.line),
            supposing=_("If line {line} came after line {after}").format(line=step.line, after=backward.line),
            certain=not before,
            stated=not before,
            lesson="autograd/accumulation",
        )


def _order_words(looped: bool) -> str:
    if looped:
        return _(
            "The order is wrong: a step uses the gradients that are there when it runs. In the first pass there is no "
            "gradient yet, and later ones use what the pass before left, or None after `zero_grad()`."
        )
    return _(
        "The order is wrong: `{step}()` finds no gradient (it is None), so it changes nothing, and the values stay unchanged; "
        "the gradient that line {after} computes comes too late and is never used."
    )


def clip_place(trial: Trial) -> Iterator[Suspect]:
    """Clipping before the gradient exists, or after it was used."""
    steps = _steps(trial)
    for clip in calls(trial.source, *_CLIPS):
        passes = [called for called in backwards(trial.source) if _same_block(trial, clip.node, called.node)]
        used = [step for step in steps if _same_block(trial, clip.node, step.node)]
        if not passes:
            continue
        backward = passes[-1]
        early = clip.order < passes[0].order
        late = bool(used) and clip.order > used[-1].order > backward.order
        if not early and not late:
            continue
        changes: list[Change] = [
            titled(
                _("Clip between backward and step: move line {line} after line {after}").format(
                    line=clip.line, after=backward.line
                ),
                _move(trial, clip, backward, after=True),
            )
        ]
        step_line = used[-1].line if used else None
        headline = (
            _(
                "`{clip}` in line {line} runs before `{root}.backward()` in line {after}, so there is no gradient to clip yet."
            )
            if early
            else _(
                "`{clip}` in line {line} runs after the step in line {step}, which has already used the gradient unclipped."
            )
        )
        yield Suspect(
            kind="clip-wrong-place",
            line=clip.line,
            weight=9.3,
            changes=tuple(changes),
            headline=headline.format(
                clip=clip.name, line=clip.line, root=backward.on, after=backward.line, step=step_line
            ),
            why=_(
                "`{clip}` changes the gradients that are there at that moment. Line {after} computes new ones afterwards, or "
                "they were used already. Clipping belongs between backward and step: after line {after}."
            ).format(clip=clip.name, after=backward.line),
            supposing=_("If line {line} stood directly after line {after}").format(line=clip.line, after=backward.line),
            certain=True,
            stated=True,
            lesson="autograd/accumulation",
        )


def zero_place(trial: Trial) -> Iterator[Suspect]:
    """Gradients are cleared between the backward that computes them and what uses them, or never where it matters."""
    source = trial.source
    steps = _steps(trial)
    for cleared, whose in gradients_cleared(source):
        passes = [called for called in backwards(source) if _same_block(trial, cleared, called.node)]
        before = [called for called in passes if called.order < _order(cleared)]
        used = [step for step in steps if _same_block(trial, cleared, step.node) and step.order > _order(cleared)]
        update = _manual_update(trial, cleared, whose)
        if before and update is not None and not used:
            yield _thrown_away(trial, cleared, before[-1], update)
            continue
        between = bool(before and used) and not any(before[-1].order < step.order < _order(cleared) for step in steps)
        outside = [
            called
            for called in backwards(source)
            if loop_of(source, called.node) is not None
            and loop_of(source, cleared) is None
            and function_of(source, called.node) is function_of(source, cleared)
        ]
        if not between and not (trial.judged and (before or outside or passes)):
            continue
        target = before[0] if before else passes[0] if passes else outside[0] if outside else None
        if target is None:
            continue
        yield _misplaced(trial, cleared, whose, target, used, between)


def _manual_update(trial: Trial, cleared: ast.stmt, whose: str) -> ast.stmt | None:
    """The statement after ``cleared``, of its block, that uses the gradient just cleared."""
    block = trial.source.block_of(cleared)
    for statement in block[block.index(cleared) + 1 :]:
        if any("backward" in text(part) for part in ast.walk(statement) if isinstance(part, ast.Call)):
            return None
        reads = [
            part for part in ast.walk(statement) if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load)
        ]
        if any(text(part) == f"{whose}.grad" for part in reads) and "print" not in text(statement):
            return statement
    return None


def _thrown_away(trial: Trial, cleared: ast.stmt, backward: Called, update: ast.stmt) -> Suspect:
    source, line = trial.source, cleared.lineno
    last = update.end_lineno or update.lineno
    return Suspect(
        kind="zeroed-wrong-place",
        line=line,
        weight=9.0,
        changes=(
            titled(
                _("Clear after the update: move line {line} after line {last}").format(line=line, last=last),
                Move(line, update.lineno, after=True, column=column_of(source, cleared)),
            ),
            titled(
                _("Clear before backward: move line {line} before line {target}").format(
                    line=line, target=backward.line
                ),
                Move(line, source.statement_of(backward.node).lineno, column=column_of(source, cleared)),
            ),
        ),
        headline=_(
            "`{what}` in line {line} throws away the gradient of line {target} before line {last} uses it."
        ).format(what=text(cleared), line=line, target=backward.line, last=last),
        why=_(
            "Line {target} computes the gradient, line {line} clears it, and the update in line {last} finds zeros (or None): "
            "nothing changes. Clear before backward or after the update, not between them."
        ).format(target=backward.line, line=line, last=last),
        supposing=_("If line {line} came after the update in line {last}").format(line=line, last=last),
        certain=True,
        stated=True,
        lesson="autograd/accumulation",
    )


def _order(statement: ast.stmt) -> tuple[int, int]:
    return statement.lineno, statement.col_offset


def _misplaced(
    trial: Trial, cleared: ast.stmt, whose: str, target: Called, used: list[Called], between: bool
) -> Suspect:
    column, line = column_of(trial.source, cleared), cleared.lineno
    target_statement = trial.source.statement_of(target.node)
    changes: list[Change] = [
        titled(
            _("Clear before backward: move line {line} before line {target}").format(line=line, target=target.line),
            Move(line, target_statement.lineno, column=column, target_column=column_of(trial.source, target_statement)),
        )
    ]
    if used:
        changes.append(
            titled(
                _("Clear after the step: move line {line} after line {step}").format(line=line, step=used[-1].line),
                Move(line, used[-1].line, after=True, column=column),
            )
        )
    changes.append(titled(_("Do not clear there: remove line {line}").format(line=line), RemoveStatement(line, column)))
    what = text(cleared)
    if between:
        headline = _("`{what}` in line {line} throws away the gradient of line {target} before line {step} uses it.")
        why = _(
            "Line {target} computes the gradient, line {line} clears it, and then `{step_call}()` in line {step} finds nothing "
            "(None or zeros): so nothing changes. Clear before backward or after the step, not between them."
        )
    else:
        headline = _(
            "`{what}` in line {line} stands in the wrong place: before or after the backward pass where it is needed."
        )
        why = _(
            "Gradients accumulate until they are cleared. Line {line} clears `{whose}`, but not at the moment that counts: "
            "just before the backward in line {target}."
        )
    words = {
        "what": what,
        "line": line,
        "target": target.line,
        "whose": whose,
        "step": used[0].line if used else "",
        "step_call": used[0].full if used else "",
    }
    return Suspect(
        kind="zeroed-wrong-place",
        line=line,
        weight=9.0 if between else 7.9,
        changes=tuple(changes),
        headline=headline.format(**words),
        why=why.format(**words),
        supposing=_("If line {line} stood before line {target}").format(line=line, target=target.line),
        certain=between,
        stated=between,
        lesson="autograd/accumulation",
    )


def between_backwards(trial: Trial) -> Iterator[Suspect]:
    """A step between two backward passes: the second works with changed parameters, or with old gradients."""
    passes = backwards(trial.source)
    if not trial.judged:
        return
    for step in _steps(trial):
        block = [called for called in passes if _same_block(trial, step.node, called.node)]
        before = [called for called in block if called.order < step.order]
        after = [called for called in block if called.order > step.order]
        if not before or not after:
            continue
        last = after[-1]
        again = [other for other in _steps(trial) if other.order > last.order and other.on == step.on]
        statement = trial.source.statement_of(step.node)
        remove = titled(
            _("Step once, after both: remove line {line}").format(line=step.line),
            RemoveStatement(statement.lineno, column_of(trial.source, statement)),
        )
        move = titled(
            _("Step after both backward passes: move line {line} after line {last}").format(
                line=step.line, last=last.line
            ),
            _move(trial, step, last, after=True),
        )
        yield Suspect(
            kind="optimizer-step-between-backwards",
            line=step.line,
            cause_line=step.line,
            weight=8.0,
            changes=(remove, move) if again else (move, remove),
            headline=_(
                "`{step}()` in line {line} changes the parameters between the backward of line {first} and that of line {last}."
            ).format(step=step.full, line=step.line, first=before[-1].line, last=last.line),
            why=_(
                "Both losses were computed with the same parameters. A step between the two backward passes uses only the first "
                "gradient, and the second is added to what was already used. Run both backward passes, then step once."
            ),
            supposing=_("If `{step}()` ran only after line {last}").format(step=step.full, last=last.line),
            lesson="autograd/accumulation",
        )


ORDER = SilentKind(
    slug="optimizer-order",
    suspects=step_first,
    page=Page(
        title=_("`step()` before `backward()`"),
        what=_(
            "An optimizer uses the gradients that are there when it steps. Before the first backward there are none, and it silently does nothing."
        ),
        mend=_("The order is: `zero_grad()`, forward, `backward()`, `step()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "layer = torch.nn.Linear(1, 1, bias=False)\n"
                "torch.nn.init.ones_(layer.weight)\n"
                "sgd = torch.optim.SGD(layer.parameters(), lr=0.5)\n"
                "cost = layer(torch.tensor([[2.0]])).sum()\n"
                "sgd.step(); cost.backward()\n"
            ),
            fixed=(
                "import torch\n"
                "layer = torch.nn.Linear(1, 1, bias=False)\n"
                "torch.nn.init.ones_(layer.weight)\n"
                "sgd = torch.optim.SGD(layer.parameters(), lr=0.5)\n"
                "cost = layer(torch.tensor([[2.0]])).sum()\n"
                "cost.backward(); sgd.step()\n"
            ),
            watch="layer.weight",
            line=6,
            facts=(r"step", r"backward", r"before|order"),
            alone=True,
        ),
    ),
)

CLIP = SilentKind(
    slug="clip-wrong-place",
    suspects=clip_place,
    page=Page(
        title=_("Clipping where there is nothing to clip"),
        what=_(
            "Clipping changes the gradients that are there. Before `backward()` there are none, after `step()` they have been used."
        ),
        mend=_("Put it between `backward()` and `step()`."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "from torch.nn.utils import clip_grad_value_\n"
                "g = torch.tensor([5.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([g], lr=1.0)\n"
                "for _ in range(2):\n"
                "    opt.zero_grad()\n"
                "    (g ** 2).sum().backward()\n"
                "    opt.step()\n"
                "    clip_grad_value_([g], 0.5)\n"
            ),
            fixed=(
                "import torch\n"
                "from torch.nn.utils import clip_grad_value_\n"
                "g = torch.tensor([5.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([g], lr=1.0)\n"
                "for _ in range(2):\n"
                "    opt.zero_grad()\n"
                "    (g ** 2).sum().backward()\n"
                "    clip_grad_value_([g], 0.5)\n"
                "    opt.step()\n"
            ),
            watch="g",
            line=9,
            facts=(r"clip_grad_value_", r"line 9", r"between|after"),
            alone=True,
        ),
    ),
)

ZEROED = SilentKind(
    slug="zeroed-wrong-place",
    suspects=zero_place,
    page=Page(
        title=_("Gradients cleared at the wrong moment"),
        what=_(
            "Clearing between `backward()` and `step()` throws the new gradient away; clearing only once before a loop lets it grow."
        ),
        mend=_("Clear directly before `backward()`, in the loop."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "v = torch.tensor([2.0], requires_grad=True)\n"
                "rule = torch.optim.SGD([v], lr=0.1)\n"
                "for epoch in range(3):\n"
                "    (v * v).sum().backward()\n"
                "    rule.zero_grad()\n"
                "    rule.step()\n"
            ),
            fixed=(
                "import torch\n"
                "v = torch.tensor([2.0], requires_grad=True)\n"
                "rule = torch.optim.SGD([v], lr=0.1)\n"
                "for epoch in range(3):\n"
                "    rule.zero_grad()\n"
                "    (v * v).sum().backward()\n"
                "    rule.step()\n"
            ),
            watch="v",
            line=6,
            facts=(r"zero_grad", r"line 6", r"before|between"),
            alone=True,
        ),
        Wrong(
            code=(
                "import torch\n"
                "v = torch.tensor([2.0], requires_grad=True)\n"
                "rule = torch.optim.SGD([v], lr=0.1)\n"
                "rule.zero_grad()\n"
                "for epoch in range(3):\n"
                "    (v * v).sum().backward()\n"
                "    rule.step()\n"
            ),
            fixed=(
                "import torch\n"
                "v = torch.tensor([2.0], requires_grad=True)\n"
                "rule = torch.optim.SGD([v], lr=0.1)\n"
                "for epoch in range(3):\n"
                "    rule.zero_grad()\n"
                "    (v * v).sum().backward()\n"
                "    rule.step()\n"
            ),
            watch="v",
            line=4,
            facts=(r"zero_grad", r"line 4"),
        ),
    ),
)

BETWEEN = SilentKind(
    slug="optimizer-step-between-backwards",
    suspects=between_backwards,
    page=Page(
        title=_("A step between two backward passes"),
        what=_(
            "Two losses share parameters. A step after the first backward uses half of the gradient, and the next step uses that half again."
        ),
        mend=_("Run both backward passes (or one of the sum), then step once."),
        lesson="autograd/accumulation",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "q = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([q], lr=0.1)\n"
                "one = (2 * q).sum()\n"
                "two = (q + 1).sum()\n"
                "one.backward()\n"
                "opt.step()\n"
                "two.backward()\n"
                "opt.step()\n"
            ),
            fixed=(
                "import torch\n"
                "q = torch.tensor([1.0, 1.0], requires_grad=True)\n"
                "opt = torch.optim.SGD([q], lr=0.1)\n"
                "one = (2 * q).sum()\n"
                "two = (q + 1).sum()\n"
                "one.backward()\n"
                "two.backward()\n"
                "opt.step()\n"
            ),
            watch="q",
            line=7,
            facts=(r"step", r"between", r"line 7"),
        ),
    ),
)
