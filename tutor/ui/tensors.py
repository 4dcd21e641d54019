"""The tensors a run left behind, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.ui.parts import Part, Words
from tutor.ui.values import describe, show
from tutor.words import _

if TYPE_CHECKING:
    from tutor.autograd import Observation, TensorSeen


def tensor_parts(observation: Observation) -> Iterator[Part]:
    """Every tensor with its facts, its value and its gradient."""
    if not observation.tensors:
        yield Words(Content(_("The program left no tensors behind.")), "muted")
    for seen in observation.tensors:
        yield Words(_tensor(seen))


def _tensor(seen: TensorSeen) -> Content:
    heading = Content.assemble((seen.name, "bold $primary"), f"  {describe(seen.value)}")
    if seen.same_as is not None:
        same = _("the same tensor as {name}").format(name=seen.same_as)
        return Content.assemble(heading, "  ", (same, "$muted"))
    facts = Content("  ".join(_facts(seen))).stylize("$muted")
    lines = [heading, facts, _labelled(_("value"), show(seen.value))]
    if seen.grad is not None:
        lines.append(_labelled(_("grad"), show(seen.grad)))
    elif seen.value.requires_grad and seen.is_leaf:
        lines.append(_labelled(_("grad"), Content("None")))
    return Content("\n").join(lines)


def _facts(seen: TensorSeen) -> Iterator[str]:
    yield f"requires_grad={seen.value.requires_grad}"
    yield _("leaf") if seen.is_leaf else f"grad_fn={seen.grad_fn}"
    if seen.version is not None:
        yield _("version {number}").format(number=seen.version)
    if seen.retains_grad:
        yield _("retains grad")
    if seen.is_view:
        yield _("view")
    if seen.is_inference:
        yield _("inference")


def _labelled(label: str, content: Content) -> Content:
    width = max(6, len(label) + 1)
    first, *rest = content.split("\n", allow_blank=True)
    lines = [Content.assemble((label.ljust(width), "$muted"), first)]
    lines += [Content.assemble(" " * width, line) for line in rest]
    return Content("\n").join(lines)
