"""Gradients cleared at the wrong moment."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Move, RemoveStatement, titled
from tutor.explaining.experiments.reading import (
    Called,
    backwards,
    column_of,
    function_of,
    gradients_cleared,
    loop_of,
    text,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import begins, optimizer_steps, same_block
from tutor.explaining.kind import Page
from tutor.words import _


def zero_place(trial: Trial) -> Iterator[Suspect]:
    """Gradients are cleared between the backward that computes them and what uses them, or never where it matters."""
    source = trial.source
    steps = optimizer_steps(trial)
    for cleared, whose in gradients_cleared(source):
        passes = [called for called in backwards(source) if same_block(trial, cleared, called.node)]
        before = [called for called in passes if called.order < begins(cleared)]
        used = [step for step in steps if same_block(trial, cleared, step.node) and step.order > begins(cleared)]
        update = _manual_update(trial, cleared, whose)
        if before and update is not None and not used:
            yield _thrown_away(trial, cleared, before[-1], update)
            continue
        if trial.judged:
            yield from _too_often(trial, cleared, steps)
        between = bool(before and used) and not any(before[-1].order < step.order < begins(cleared) for step in steps)
        between = between and not any(begins(cleared) < called.order < used[0].order for called in passes)
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
        stands_outside = loop_of(source, cleared) is None and loop_of(source, target.node) is not None
        yield _misplaced(trial, cleared, whose, target, used, between=between, outside=stands_outside)


def _too_often(trial: Trial, cleared: ast.stmt, steps: list[Called]) -> Iterator[Suspect]:
    """Cleared for every part, while the update comes after all parts: only the last part's gradient is left."""
    source = trial.source
    inner = loop_of(source, cleared)
    if inner is None:
        return
    within = range(inner.lineno, (inner.end_lineno or inner.lineno) + 1)
    passes = [called for called in backwards(source) if called.line in within]
    if not passes or any(step.line in within for step in steps):
        return
    line = cleared.lineno
    yield Suspect(
        kind="zeroed-wrong-place",
        line=line,
        weight=8.2,
        changes=(
            titled(
                _("Clear once for all parts: move line {line} before the loop in line {loop}").format(
                    line=line, loop=inner.lineno
                ),
                Move(line, inner.lineno, column=column_of(source, cleared)),
            ),
        ),
        headline=_(
            "`{what}` in line {line} clears in every pass of the loop: only the last pass's gradient is left after it."
        ).format(what=text(cleared), line=line),
        why=_(
            "The loop in line {loop} is meant to add up the gradients of its passes, but each pass first throws away what the "
            "backward in line {target} of the pass before had left."
        ).format(loop=inner.lineno, target=passes[0].line),
        supposing=_("If line {line} stood before the loop").format(line=line),
        lesson="autograd/accumulation",
    )


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
            "First line {target} computes the gradient, then line {line} clears it, and the update in line {last} finds zeros (or None): "
            "nothing changes. Clear before backward or after the update, not between them."
        ).format(target=backward.line, line=line, last=last),
        supposing=_("If line {line} came after the update in line {last}").format(line=line, last=last),
        certain=True,
        stated=True,
        lesson="autograd/accumulation",
    )


def _misplaced(
    trial: Trial, cleared: ast.stmt, whose: str, target: Called, used: list[Called], *, between: bool, outside: bool
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
            "First line {target} computes the gradient, line {line} clears it, and then `{step_call}()` in line {step} finds nothing "
            "(None or zeros): so nothing changes. Clear before backward or after the step, not between them."
        )
    else:
        headline = _(
            "`{what}` in line {line} stands in the wrong place: before or after the backward pass where it is needed."
        )
        if outside:
            headline = _(
                "`{what}` in line {line} stands before the loop: it clears once, and the backward in line {target} adds up in every pass."
            )
        why = _(
            "Gradients accumulate until they are cleared. In line {line} `{whose}` is cleared, but not at the moment that counts: "
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
        Wrong(
            code=(
                "import torch\n"
                "\n"
                "scale = torch.tensor(1.0, requires_grad=True)\n"
                "sgd = torch.optim.SGD([scale], lr=0.01)\n"
                "chunks = torch.arange(8.0).reshape(4, 2)\n"
                "for epoch in range(2):\n"
                "    for chunk in chunks:\n"
                "        sgd.zero_grad()\n"
                "        loss = ((scale * chunk - 1) ** 2).mean() / len(chunks)\n"
                "        loss.backward()\n"
                "    sgd.step()\n"
            ),
            fixed=(
                "import torch\n"
                "\n"
                "scale = torch.tensor(1.0, requires_grad=True)\n"
                "sgd = torch.optim.SGD([scale], lr=0.01)\n"
                "chunks = torch.arange(8.0).reshape(4, 2)\n"
                "for epoch in range(2):\n"
                "    sgd.zero_grad()\n"
                "    for chunk in chunks:\n"
                "        loss = ((scale * chunk - 1) ** 2).mean() / len(chunks)\n"
                "        loss.backward()\n"
                "    sgd.step()\n"
            ),
            watch="scale",
            line=8,
            facts=(
                r"zero_grad",
                r"line 8",
            ),
        ),
    ),
)
