"""What a custom Function keeps for its ``backward``, and how it takes it out again."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import Change, ReplaceStatement
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_SAVED = re.compile(r"save_for_backward can only save variables, but argument (\d+) is of type ([\w.]+)")


def _find_saved(facts: Facts) -> Finding | None:
    match = _SAVED.search(facts.exception.message if facts.exception else "")
    if match is None:
        return None
    index, kind = int(match.group(1)), match.group(2)
    for written in written_functions(facts):
        calls = facts.code.calls("save_for_backward", within=written.node)
        if calls and index < len(calls[0].args):
            return _saved_finding(written, calls[0], index, kind)
    return None


def _saved_finding(written: Written, call: ast.Call, index: int, kind: str) -> Finding:
    facts, value = written.facts, call.args[index]
    text = facts.code.segment(value)
    attribute = f"{written.ctx}.{text if text.isidentifier() else 'number'}"
    return Finding(
        line=facts.line,
        cause_line=call.lineno,
        headline=_("`save_for_backward` in line {line} keeps tensors only, and `{text}` is of type {kind}.").format(
            line=call.lineno, text=text, kind=kind
        ),
        why=_(
            "`save_for_backward` is for tensors: autograd watches that they are not changed and frees them with the "
            "graph. Numbers, shapes and flags need no watching; `{name}.forward` can keep them as attributes: "
            "`{attribute} = {text}`."
        ).format(name=written.name, attribute=attribute, text=text),
        mendings=_saved_mendings(written, call, index, attribute),
    )


def _saved_mendings(written: Written, call: ast.Call, index: int, attribute: str) -> tuple[Mending, ...]:
    code = written.facts.code
    statement = code.statement_of(call)
    kept = [code.of(part) for place, part in enumerate(call.args) if place != index]
    text = code.of(call.args[index])
    saving = [f"{written.ctx}.save_for_backward({', '.join(kept)})"] if kept else []
    changes: list[Change] = []
    unpack = _unpacking(written)
    if unpack is not None:
        target, line, start = unpack
        names = [ast.unparse(part) for part in target]
        if index < len(names):
            own = written.backward.args.args[0].arg if written.backward else written.ctx
            left = [name for place, name in enumerate(names) if place != index]
            reading = [
                f"{left[0]}, = {own}.saved_tensors" if len(left) == 1 else f"{', '.join(left)} = {own}.saved_tensors"
            ]
            local = f"{names[index]} = {own}.{attribute.split('.', 1)[1]}"
            changes.append(ReplaceStatement(line, "\n".join([*(reading if left else []), local]), start))
    changes.append(
        ReplaceStatement(statement.lineno, "\n".join([*saving, f"{attribute} = {text}"]), code.start(statement))
    )
    title = _("Keep `{text}` as an attribute: `{attribute} = {text}`").format(text=text, attribute=attribute)
    return (Mending(title=title, changes=tuple(changes)),)


def _unpacking(written: Written) -> tuple[list[ast.expr], int, int] | None:
    """The targets, the line and the column of ``a, b = ctx.saved_tensors``."""
    for node in ast.walk(written.backward) if written.backward else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(".saved_tensors"):
            target = node.targets[0]
            targets = list(target.elts) if isinstance(target, (ast.Tuple, ast.List)) else [target]
            return targets, node.lineno, written.facts.code.start(node)
    return None


def _suspects_tuple(facts: Facts) -> bool:
    return facts.exception is not None and "saved_tensors" in facts.program.source and _tuple_name(facts) is not None


def _tuple_name(facts: Facts) -> tuple[Written, ast.Assign] | None:
    """``a = ctx.saved_tensors`` in the function that failed, where that line uses ``a``."""
    frame = facts.frame
    if frame is None or frame.function.rsplit(".")[-1] not in {"backward", "vjp"}:
        return None
    used = set(re.findall(r"\w+", frame.source))
    for written in written_functions(facts):
        for node in ast.walk(written.backward) if written.backward else ():
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and ast.unparse(node.value).endswith(".saved_tensors")
                and node.targets[0].id in used
            ):
                return written, node
    return None


def _find_tuple(facts: Facts) -> Finding | None:
    found = _tuple_name(facts)
    if found is None:
        return None
    written, node = found
    name, value = ast.unparse(node.targets[0]), ast.unparse(node.value)
    return Finding(
        line=facts.line,
        cause_line=node.lineno,
        headline=_(
            "`{name}` is a tuple: `{value}` always gives a tuple, even when `{function}` saved one tensor."
        ).format(name=name, value=value, function=written.name),
        why=_(
            "In line {cause} the whole tuple gets the name `{name}`, and line {line} uses it as a tensor; unpack "
            "it: the comma in `{name}, = {value}` takes the one tensor out."
        ).format(cause=node.lineno, line=facts.line, name=name, value=value),
        mendings=(
            Mending(
                title=_("Unpack the tuple: `{name}, = {value}`").format(name=name, value=value),
                changes=(ReplaceStatement(node.lineno, f"{name}, = {value}", written.facts.code.start(node)),),
            ),
        ),
    )


FUNCTION_SAVED_NON_TENSOR = Kind(
    slug="function-saved-non-tensor",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("save_for_backward can only save variables"),
    find=_find_saved,
    page=Page(
        title=_("save_for_backward was given something that is no tensor"),
        what=_("`ctx.save_for_backward` keeps tensors only: numbers and shapes need not be watched or freed."),
        mend=_("Keep it as an attribute of `ctx`: `ctx.power = power`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Steep(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, slope, amount):\n"
                "        ctx.save_for_backward(slope, amount)\n"
                "        return slope * amount\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        slope, amount = ctx.saved_tensors\n"
                "        return g * amount, None\n"
                "slope = torch.ones(2, requires_grad=True)\n"
                "Steep.apply(slope, 2.5).sum().backward()\n"
            ),
            line=12,
            cause_line=5,
            facts=("float", "save_for_backward", "line 5", r"ctx\.amount"),
        ),
    ),
)

FUNCTION_SAVED_TENSORS_TUPLE = Kind(
    slug="function-saved-tensors-tuple",
    rank=15,
    needs_history=False,
    suspects=_suspects_tuple,
    find=_find_tuple,
    page=Page(
        title=_("saved_tensors is a tuple, even of one"),
        what=_(
            "`ctx.saved_tensors` gives back everything that was saved, as a tuple. One saved tensor makes a tuple of "
            "one."
        ),
        mend=_("Unpack it: `x, = ctx.saved_tensors`. Mind the comma."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Wave(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, angle):\n"
                "        ctx.save_for_backward(angle)\n"
                "        return angle.sin()\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        kept = ctx.saved_tensors\n"
                "        return g * torch.cos(kept)\n"
                "angle = torch.ones(3, requires_grad=True)\n"
                "Wave.apply(angle).sum().backward()\n"
            ),
            line=10,
            cause_line=9,
            facts=("`kept`", "tuple", "Wave", "kept, = ctx.saved_tensors", "line 9"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Cube(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, a):\n"
                "        ctx.save_for_backward(a)\n"
                "        return a ** 3\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        a = ctx.saved_tensors\n"
                "        return 3 * a * a * g\n"
                "a = torch.ones(3, requires_grad=True)\n"
                "Cube.apply(a).sum().backward()\n"
            ),
            line=10,
            cause_line=9,
            facts=("`a`", "tuple"),
        ),
    ),
)
