"""A second pass through one graph that works, because its nodes had saved nothing that could be freed."""

from __future__ import annotations

from tutor.autograd.graph import Graph
from tutor.autograd.history import BackwardSeen, Event
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Page
from tutor.words import _


def _suspects(facts: Facts) -> bool:
    return facts.observation.outcome == "ok" and len(facts.code.calls("backward")) > 1


def _find(facts: Facts) -> Finding | None:
    for seen in facts.history.backwards:
        event, first = _passes(facts, seen)
        if event is None or first is None or seen.graph is None or seen.create_graph:
            continue
        if any(node.saved for node in seen.graph.nodes) or _in_one_place(event, first):
            continue
        return _finding(facts, seen, seen.graph, event, first)
    return None


def _passes(facts: Facts, seen: BackwardSeen) -> tuple[Event | None, Event | None]:
    first = None if seen.freed_before_by is None else facts.history.by_seq.get(seen.freed_before_by)
    return facts.history.by_seq.get(seen.event), first


def _in_one_place(event: Event, first: Event) -> bool:
    """A call that is repeated on purpose, in a loop, is no surprise."""
    return event.place == first.place


def _finding(facts: Facts, seen: BackwardSeen, graph: Graph, event: Event, first: Event) -> Finding:
    root = facts.name(seen.roots[0]) or facts.text_of(facts.maker(seen.roots[0])) if seen.roots else "y"
    ops = ", ".join(dict.fromkeys(node.op for node in graph.nodes if not node.leaf))
    texts = ", ".join(
        dict.fromkeys(
            f"`{text}`"
            for node in graph.nodes
            if not node.leaf
            and node.event is not None
            and (text := facts.text_of(facts.history.by_seq.get(node.event)))
        )
    )
    leaf = next((facts.name(number) for number in seen.leaves if facts.name(number)), None)
    return Finding(
        severity="note",
        line=facts.line_of(event),
        cause_line=facts.line_of(first),
        headline=_(
            "The second backward through `{root}` (line {line}, after line {first}) works because its graph saved "
            "nothing."
        ).format(root=root, line=facts.line_of(event), first=facts.line_of(first)),
        why=_(
            "{texts} ({ops}) saves no tensors for its backward, so nothing was freed by the first pass and no "
            "`retain_graph` is needed. With a multiplication in it the second pass would fail. "
        ).format(texts=texts, ops=ops)
        + _("Both gradients are added up: `{leaf}.grad` accumulates unless it is cleared in between. ").format(
            leaf=leaf or "x"
        )
        + _outside(facts, graph),
    )


def _outside(facts: Facts, graph: Graph) -> str:
    """Tensors that look as if they belonged to it and do not."""
    inside = {node.tensor for node in graph.nodes}
    others = [
        named.name
        for named in facts.history.names
        if named.tensor not in inside
        and (known := facts.tensor(named.tensor)) is not None
        and known.grad_fn is not None
        and named.name.isidentifier()
    ]
    if not others:
        return ""
    return _("{names} is not part of this graph: it was computed beside it.").format(
        names=", ".join(f"`{name}`" for name in dict.fromkeys(others[:3]))
    )


SECOND_BACKWARD_ALLOWED = Kind(
    slug="second-backward-allowed",
    rank=80,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A second backward that works"),
        what=_(
            "Sums, differences and means save no tensors, so a second backward finds all it needs. Multiplication, "
            "powers and exponentials save theirs, and a second pass fails."
        ),
        mend=_("Nothing is wrong. If you count on it, write `retain_graph=True` in the first pass."),
        lesson="autograd/saved-tensors",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "tide = torch.tensor([1.0, 4.0], requires_grad=True)\n"
                "level = tide.sum() - 3\n"
                "level.backward()\n"
                "level.backward()\n"
            ),
            line=5,
            cause_line=4,
            facts=("`level`", "save", "accumulat", "SumBackward0"),
        ),
    ),
)
