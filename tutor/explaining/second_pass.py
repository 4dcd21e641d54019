"""What three kinds of a second pass through a freed graph have in common: the message, the words, keeping the graph."""

from __future__ import annotations

from tutor.autograd.history import Event
from tutor.explaining.changes import SetKeyword
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.explaining.passes import SecondPass, backward_call, operation
from tutor.words import _


def suspects(facts: Facts) -> bool:
    return facts.raised("backward through the graph a second time")


def missing(found: SecondPass) -> str:
    """What of the graph is gone, in a sentence."""
    node = found.missing
    if node is None:
        return ""
    event, facts = found.event(node), found.facts
    text, line = facts.text_of(event), facts.line_of(event)
    name = node.name or facts.assigned_name(event)
    where = _(" in line {line}").format(line=line) if line else ""
    result = _(", whose result is `{name}`,").format(name=name) if name and name != text else ""
    return _(
        "To go back through the {word} `{text}`{where}{result} the node {op} needs the values it saved; they are freed "
        "as soon as a backward pass has used them. "
    ).format(word=operation(node), text=text or node.op, where=where, result=result, op=node.op)


def call_text(facts: Facts, event: Event) -> str:
    call = backward_call(facts, event)
    if call is None:
        return "backward()"
    text = facts.code.segment(call)
    return text if len(text) <= 50 else f"{facts.code.segment(call.func)}(…)"


def retain(facts: Facts, event: Event) -> tuple[Mending, ...]:
    call = backward_call(facts, event)
    if call is None:
        return ()
    return (
        Mending(
            title=_("Keep the graph in line {line}: `retain_graph=True`").format(line=call.lineno),
            changes=(SetKeyword(call.lineno, called_name(call), "retain_graph", "True", facts.code.start(call)),),
        ),
    )
