"""A custom Function whose gradient is to be differentiated again."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, RemoveDecorator, ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _suspects_twice(facts: Facts) -> bool:
    return (
        facts.raised("does not require grad and does not have a grad_fn", "once_differentiable")
        and "create_graph" in facts.program.source
        and any(_cuts(one) for one in written_functions(facts))
    )


def _cuts(written: Written) -> list[tuple[ast.AST, str]]:
    """What in ``backward`` keeps it from being differentiated again, with the text of it."""
    if written.backward is None:
        return []
    found: list[tuple[ast.AST, str]] = [
        (part, ast.unparse(part))
        for part in written.backward.decorator_list
        if called_name(part) == "once_differentiable"
    ]
    for node in ast.walk(written.backward):
        cutting = isinstance(node, ast.Call) and called_name(node) in {"detach", "item", "numpy", "no_grad"}
        if cutting or (isinstance(node, ast.Attribute) and node.attr == "data"):
            found.append((node, ast.unparse(node)))
    return found


def _find_twice(facts: Facts) -> Finding | None:
    written = next((one for one in written_functions(facts) if one.calls() and _cuts(one)), None)
    if written is None:
        return None
    node, text = _cuts(written)[0]
    line = getattr(node, "lineno", written.node.lineno)
    code = facts.code
    changes: list[Change] = []
    for cut, words in reversed(_cuts(written)):
        if isinstance(cut, ast.Call) and isinstance(cut.func, ast.Attribute) and called_name(cut) == "detach":
            changes.append(ReplaceExpression(cut.lineno, words, code.of(cut.func.value), code.start(cut)))
        elif isinstance(cut, ast.Attribute) and cut.attr == "data":
            changes.append(ReplaceExpression(cut.lineno, words, code.of(cut.value), code.start(cut)))
    if any(called_name(cut) == "once_differentiable" for cut, _words in _cuts(written)) and written.backward:
        changes.append(RemoveDecorator(written.backward.lineno, "once_differentiable"))
    return Finding(
        line=facts.line,
        cause_line=line,
        headline=_(
            "The gradient that `{name}.backward` computes has no graph of its own, so it cannot be differentiated "
            "again."
        ).format(name=written.name),
        why=_(
            "`create_graph=True` asks autograd to record the backward pass too. But `{text}` in line {line} cuts "
            "`{name}.backward` out of that record: its result does not require grad. Write `backward` in torch "
            "operations on the tensors that `save_for_backward` kept, and it can be differentiated twice."
        ).format(text=text, line=line, name=written.name),
        mendings=(
            Mending(
                title=_("Take `{text}` out, so that `backward` is recorded").format(text=text), changes=tuple(changes)
            ),
        )
        if changes
        else (),
    )


FUNCTION_DOUBLE_BACKWARD = Kind(
    slug="function-double-backward",
    rank=15,
    needs_history=False,
    suspects=_suspects_twice,
    find=_find_twice,
    page=Page(
        title=_("The gradient of a custom Function cannot be differentiated again"),
        what=_(
            "With `create_graph=True` autograd records what `backward` does, so that it can be differentiated. A "
            "detached tensor, `.data`, or `@once_differentiable` in `backward` ends that record."
        ),
        mend=_("Write `backward` in torch operations on what `save_for_backward` kept."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.autograd.function import once_differentiable\n"
                "class Cube(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, edge):\n"
                "        ctx.save_for_backward(edge)\n"
                "        return edge ** 3\n"
                "    @staticmethod\n"
                "    @once_differentiable\n"
                "    def backward(ctx, g):\n"
                "        edge, = ctx.saved_tensors\n"
                "        return 3 * edge ** 2 * g\n"
                "edge = torch.tensor(2.0, requires_grad=True)\n"
                "slope, = torch.autograd.grad(Cube.apply(edge), edge, create_graph=True)\n"
                "slope.backward()\n"
            ),
            line=15,
            cause_line=9,
            facts=("`Cube", "once_differentiable", "line 9", "create_graph"),
        ),
    ),
)
