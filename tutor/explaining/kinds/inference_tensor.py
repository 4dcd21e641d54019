"""A tensor made in inference mode, used where autograd is at work."""

from __future__ import annotations

import ast

from tutor.explaining.changes import RemoveDecorator, ReplaceExpression, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.raised("inference tensor", "inference mode", "InferenceMode")


def _find(facts: Facts) -> Finding | None:
    event = facts.failed_event
    numbers = event.inputs if event is not None else ()
    inference = [one for one in numbers if (known := facts.tensor(one)) is not None and known.is_inference]
    number = next(iter(inference), None)
    if number is None:
        number = next((known.id for known in reversed(facts.history.tensors) if known.is_inference), None)
    if number is None:
        return None
    maker = facts.maker(number)
    name = facts.name(number) or facts.text_of(maker) or _("a tensor")
    mode = None if maker is None or maker.off_by is None else facts.history.by_seq.get(maker.off_by)
    begun, made = facts.line_of(mode), facts.line_of(maker)
    decorated = mode.argument("line") if mode is not None and mode.argument("how") == "decorator" else None
    cause = int(decorated) if decorated else begun or made
    return Finding(
        line=facts.line,
        cause_line=cause,
        headline=_(
            "`{name}` was made under `inference_mode` (line {cause}), and line {line} needs it for a gradient."
        ).format(name=name, cause=cause, line=facts.line),
        why=_(
            "`{text}`{where} ran in inference mode, which leaves out the bookkeeping that autograd needs (version "
            "counter, views). Such a tensor cannot be saved for a backward pass, ever. Use `no_grad` there instead, "
            "or make a normal tensor of it: `{name}.clone()`."
        ).format(text=facts.text_of(maker), where=_(" in line {line}").format(line=made) if made else "", name=name),
        mendings=tuple(_mendings(facts, number, cause)),
        about=(number,),
    )


def _mendings(facts: Facts, number: int, cause: int | None) -> list[Mending]:
    found: list[Mending] = []
    title = _("Use `no_grad` in place of `inference_mode` in line {line}")
    for node in facts.code.nodes:
        if isinstance(node, (ast.Attribute, ast.Name)) and called_name(node) == "inference_mode":
            text = facts.code.of(node)
            new = text.replace("inference_mode", "no_grad") if "." in text else "torch.no_grad"
            if node.lineno == cause:
                found.append(
                    Mending(
                        title=title.format(line=node.lineno),
                        changes=(ReplaceExpression(node.lineno, text, new, facts.code.start(node)),),
                    )
                )
    if cause is not None:
        found.append(
            Mending(
                title=_("Track it: remove the decorator in line {line}").format(line=cause),
                changes=(RemoveDecorator(cause, "inference_mode"),),
            )
        )
    name = facts.expression(number)
    for node in ast.walk(facts.failing) if facts.failing is not None and name else ():
        if (
            isinstance(node, ast.expr)
            and ast.unparse(node) == name
            and isinstance(getattr(node, "ctx", None), ast.Load)
        ):
            found.append(
                Mending(
                    title=_("Use a normal copy: `{name}.clone()` in line {line}").format(name=name, line=node.lineno),
                    changes=(WithMethod(node.lineno, facts.code.of(node), "clone()", facts.code.start(node)),),
                )
            )
            break
    return found


INFERENCE_TENSOR = Kind(
    slug="inference-tensor",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A tensor from inference mode"),
        what=_(
            "`torch.inference_mode()` is faster than `no_grad` because its tensors can never take part in autograd "
            "again: not be saved for a backward, not be changed in place outside."
        ),
        mend=_("Use `torch.no_grad()` where the results go into training, or `clone()` them."),
        lesson="autograd/tracking",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "@torch.inference_mode()\n"
                "def embed(n):\n"
                "    return torch.arange(float(n)) / n\n"
                "scale = torch.tensor(2.0, requires_grad=True)\n"
                "codes = embed(3)\n"
                "(codes * scale).sum().backward()\n"
            ),
            line=7,
            cause_line=2,
            facts=("`codes`", "inference_mode", "no_grad", "clone"),
        ),
    ),
)
