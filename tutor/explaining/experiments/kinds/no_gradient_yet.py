"""A gradient that is None because no backward ran."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tutor.explaining.changes import Change, Insert, titled
from tutor.explaining.experiments.reading import assignments, backwards, calls, function_of
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong
from tutor.explaining.kind import Page
from tutor.words import _


def suspects(trial: Trial) -> Iterator[Suspect]:
    main = trial.main
    if not (main.is_gradient and main.found_none) or backwards(trial.source) or any(calls(trial.source, "grad")):
        return
    results = _results(trial)
    if not results:
        return
    name, statement = results[-1]
    last = trial.source.tree.body[-1]
    scalar = trial.shape(name) == ()
    call = f"{name}.backward()" if scalar else f"{name}.sum().backward()"
    changes: list[Change] = [
        titled(_("Ask for the gradient: `{call}`").format(call=call), Insert(last.lineno, call, after=True))
    ]
    yield Suspect(
        kind="grad-is-none",
        line=statement.lineno,
        weight=9.0,
        changes=tuple(changes),
        headline=_("`{label}` is None, because nothing called `backward()`.").format(label=main.label),
        why=_(
            "In line {line} `{name}` is computed, and autograd records how, but gradients are computed only when you ask for them: "
            "`{call}` goes back through that record and fills `{label}`."
        ).format(line=statement.lineno, name=name, call=call, label=main.label),
        supposing=_("If `{call}` came last").format(call=call),
        stated=True,
        lesson="autograd/first-gradient",
    )


def _results(trial: Trial) -> list[tuple[str, ast.Assign]]:
    """Tensors with a graph that the program left under a name, in the order of their lines."""
    tracked = {seen.name for seen in trial.observation.tensors if seen.grad_fn is not None}
    return [
        (name, statement)
        for name, statement in assignments(trial.source)
        if name in tracked and function_of(trial.source, statement) is None
    ]


KIND = SilentKind(
    slug="grad-is-none",
    suspects=suspects,
    page=Page(
        title=_("No gradient yet"),
        what=_("A tensor's `.grad` is None until a `backward()` has reached it."),
        mend=_("Call `backward()` on the result first."),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Wrong(
            code=(
                "import torch\n"
                "speed = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "energy = (speed ** 2).sum()\n"
                "print(speed.grad)\n"
            ),
            fixed=(
                "import torch\n"
                "speed = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "energy = (speed ** 2).sum()\n"
                "print(speed.grad)\n"
                "energy.backward()\n"
            ),
            watch="speed.grad",
            line=3,
            facts=(r"speed\.grad", r"None", r"backward", r"energy"),
        ),
    ),
)
