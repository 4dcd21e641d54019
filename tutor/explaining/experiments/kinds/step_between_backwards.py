"""A step between two backward passes."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.explaining.changes import RemoveStatement, titled
from tutor.explaining.experiments.reading import (
    backwards,
    column_of,
)
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.experiments.training import moving, optimizer_steps, same_block
from tutor.explaining.kind import Page
from tutor.words import _


def between_backwards(trial: Trial) -> Iterator[Suspect]:
    """A step between two backward passes: the second works with changed parameters, or with old gradients."""
    passes = backwards(trial.source)
    if not trial.judged:
        return
    for step in optimizer_steps(trial):
        block = [called for called in passes if same_block(trial, step.node, called.node)]
        before = [called for called in block if called.order < step.order]
        after = [called for called in block if called.order > step.order]
        if not before or not after:
            continue
        last = after[-1]
        again = [other for other in optimizer_steps(trial) if other.order > last.order and other.on == step.on]
        statement = trial.source.statement_of(step.node)
        remove = titled(
            _("Step once, after both: remove line {line}").format(line=step.line),
            RemoveStatement(statement.lineno, column_of(trial.source, statement)),
        )
        move = titled(
            _("Step after both backward passes: move line {line} after line {last}").format(
                line=step.line, last=last.line
            ),
            moving(trial, step, last, after=True),
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
