"""A view changed in place that autograd cannot let through."""

from __future__ import annotations

import ast

from tutor.autograd.history import Event
from tutor.explaining.changes import DropArgument, Lift, ReplaceStatement, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.inplace import changed_expression, out_of_place
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.overwriting import asked_in_place, flag_of
from tutor.words import _

_MULTIPLE = "output of a function that returns multiple views"
_EXPANDED = "more than one element of the written-to tensor refers to a single memory location"
_OVERLAP = "some elements of the input tensor and the written-to tensor refer to a single memory location"
_DETACHING = "Can't detach views in-place"
_CUSTOM = "created inside a custom Function"
_NO_GRAD = "A view was created in no_grad mode"


def _suspects(facts: Facts) -> bool:
    return facts.raised(
        "is a view and is being modified inplace",
        _NO_GRAD,
        "view was created in inference mode",
        _EXPANDED,
        _OVERLAP,
        _DETACHING,
    )


def _find(facts: Facts) -> Finding | None:
    event = facts.failed_event
    if event is None or not event.inputs:
        return None
    number = event.inputs[0]
    maker, known = facts.maker(number), facts.tensor(number)
    target = changed_expression(facts, event)
    name = facts.name(number) or facts.code.segment(target) or _("the view")
    base = facts.name(known.base) if known is not None and known.base is not None else None
    asked = asked_in_place(facts, event)
    if asked is not None:
        return _find_activation(facts, event, asked)
    if facts.raised(_EXPANDED, _OVERLAP):
        return _find_expanded(facts, event, maker, name)
    if facts.raised(_CUSTOM, _DETACHING):
        return _find_special(facts, event, maker, name)
    if facts.raised(_NO_GRAD):
        return _find_no_grad(facts, event, maker, name, base)
    operation = maker.op if maker is not None else "unbind"
    made = facts.line_of(maker)
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{text}` in line {line} changes `{name}` in place, one of several views that `{op}` made at once."
        ).format(text=facts.text_of(event), line=facts.line, name=name, op=operation),
        why=_(
            "`{made_text}` in line {made} (`{op}`) returns several views of {base} together: they share its memory. "
            "Changing one would change the others and the tensor behind them, and autograd cannot record that for "
            "several views at once. Make a new tensor, or change {base} itself by index."
        ).format(
            made_text=facts.text_of(maker), made=made, op=operation, base=f"`{base}`" if base else _("one tensor")
        ),
        mendings=(*out_of_place(facts, event), *_copy_where_made(facts, maker)),
        about=(number,),
    )


def _find_activation(facts: Facts, event: Event, call: ast.Call) -> Finding:
    """A module that works in place on the output of one with a backward hook, or of a custom Function."""
    dropped = DropArgument(call.lineno, called_name(call), flag_of(call), facts.code.start(call))
    return Finding(
        kind="inplace-activation",
        line=facts.line,
        cause_line=call.lineno,
        headline=_(
            "`{call}` (line {line}) overwrites its input in place because of `inplace=True`, and that input is a view autograd must keep."
        ).format(call=facts.code.segment(call), line=call.lineno),
        why=_(
            "What goes into `{text}` was passed through a custom Function, such as the one a full backward hook puts around "
            "a module, and comes out of it as a view. Such a view must not be changed in place. Leave `inplace=True` out."
        ).format(text=facts.text_of(event)),
        mendings=(
            Mending(title=_("Leave `inplace=True` out in line {line}").format(line=call.lineno), changes=(dropped,)),
        ),
    )


def _find_special(facts: Facts, event: Event, maker: Event | None, name: str) -> Finding:
    made, detaching = facts.line_of(maker), facts.raised(_DETACHING)
    mendings = list(out_of_place(facts, event))
    node = facts.node_of(event)
    if detaching and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = facts.code.of(node.func.value)
        change = ReplaceStatement(node.lineno, f"{owner} = {owner}.detach()", facts.code.start(node))
        mendings = [
            Mending(title=_("Make a detached tensor: `{name} = {name}.detach()`").format(name=owner), changes=(change,))
        ]
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_("`{text}` in line {line} changes `{name}` in place, which is a view made in line {made}.").format(
            text=facts.text_of(event), line=facts.line, name=name, made=made
        ),
        why=(
            _(
                "`{name}` shares the memory and the history of the tensor it is a view of, and only part of that could be cut off. "
            )
            if detaching
            else _(
                "A custom Function gave its input back as it was, `{made_text}`, so `{name}` is a view of that input, and its backward "
                "would be replaced by the in-place change. "
            )
        ).format(name=name, made_text=facts.text_of(maker))
        + _("Make a new tensor instead of changing this one, or take a `clone()`."),
        mendings=tuple(mendings),
        about=(event.inputs[0],),
    )


def _find_expanded(facts: Facts, event: Event, maker: Event | None, name: str) -> Finding:
    made, text = facts.line_of(maker), facts.text_of(maker)
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{text}` in line {line} changes `{name}` in place, but several elements of `{name}` are one and the same number in memory."
        ).format(text=facts.text_of(event), line=facts.line, name=name),
        why=_(
            "`{made_text}` in line {made} makes a view that repeats elements without copying them. Writing into one would "
            "write into all its repetitions. Take a copy first, `{name}.clone()`, or compute a new tensor."
        ).format(made_text=text, made=made, name=name),
        mendings=(*out_of_place(facts, event), *_copy_where_made(facts, maker)),
        about=(event.inputs[0],),
    )


def _copy_where_made(facts: Facts, maker: Event | None) -> list[Mending]:
    """The views made of a copy do not help; each view copied does."""
    node = facts.node_of(maker)
    if not isinstance(node, ast.expr):
        return []
    text = facts.code.of(node)
    return [
        Mending(
            title=_("Copy the views where they are made in line {line}").format(line=node.lineno),
            changes=(WithMethod(node.lineno, text, "clone()", facts.code.start(node)),),
        )
    ]


def _find_no_grad(facts: Facts, event: Event, maker: Event | None, name: str, base: str | None) -> Finding:
    made = facts.line_of(maker)
    node = facts.node_of(maker)
    block = None if node is None else facts.code.with_block(node, "no_grad", "inference_mode", "set_grad_enabled")
    mendings = list(out_of_place(facts, event))
    if block is not None:
        lift = Mending(
            title=_("Make the view with tracking on: take line {line} out of `no_grad`").format(line=made),
            changes=(Lift(block.lineno),),
        )
        mendings.insert(0, lift)
    return Finding(
        line=facts.line,
        cause_line=made,
        headline=_(
            "`{name}` was made as a view under `no_grad` in line {made}, and line {line} changes it in place with "
            "tracking on."
        ).format(name=name, made=made, line=facts.line),
        why=_(
            "`{text}` shares the memory of {base}. Made under `no_grad` it is outside the graph, but the change in "
            "line {line} is to be tracked: autograd cannot tell what is meant. Do both inside `no_grad`, or both "
            "outside."
        ).format(text=facts.text_of(maker), base=f"`{base}`" if base else _("another tensor"), line=facts.line),
        mendings=tuple(mendings),
    )


VIEW_IN_PLACE = Kind(
    slug="view-in-place",
    rank=20,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("A view changed in place"),
        what=_(
            "`unbind`, `split`, `chunk` and iteration give several views of one tensor. Changing one of them in "
            "place would change the rest too, and autograd refuses. So it does for a view made under `no_grad`."
        ),
        mend=_("Compute a new tensor, `row = row * 2`, or write into the whole tensor by index."),
        lesson="autograd/in-place",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "grid = torch.ones(4, 2, requires_grad=True) * 3\n"
                "top, bottom = grid.chunk(2)\n"
                "top += 1\n"
                "grid.sum().backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`top`", "view", "split|chunk", "`grid`"),
        ),
        Case(
            code=(
                "import torch\n"
                "table = torch.ones(2, 2, requires_grad=True) * 2\n"
                "for row in table:\n"
                "    row.mul_(5)\n"
                "table.sum().backward()\n"
            ),
            line=4,
            cause_line=3,
            facts=("`row`", "view", "unbind"),
        ),
    ),
)
