"""How a custom Function is called, and what it must have."""

from __future__ import annotations

import ast
import difflib

from tutor.explaining.changes import ReplaceExpression, ReplaceText
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _find_missing_backward(facts: Facts) -> Finding | None:
    written = next((one for one in written_functions(facts) if one.backward is None), None)
    if written is None:
        return None
    context_unused = written.ctx not in {
        node.id for node in ast.walk(written.forward or written.node) if isinstance(node, ast.Name)
    }
    calls = written.calls()
    mendings: tuple[Mending, ...] = _renamed(written)
    if calls and context_unused:
        code = facts.code
        mendings += (
            Mending(
                title=_("Use the formula as ordinary torch code, without Function: autograd differentiates it"),
                changes=tuple(
                    change
                    for call in reversed(calls)
                    for change in (
                        ReplaceExpression(call.lineno, code.of(call), _plain_call(written, call), code.start(call)),
                    )
                ),
            ),
        )
    return Finding(
        line=facts.line,
        cause_line=written.node.lineno,
        headline=_("`{name}` has a `forward` but no `backward`, so autograd cannot go back through it.").format(
            name=written.name
        ),
        why=_(
            "A `torch.autograd.Function` tells autograd nothing about what happens inside `forward`. You have to write "
            "`backward(ctx, grad_output)`, which returns one gradient for each input. If `forward` is made of ordinary "
            "torch operations, you need no Function: write the formula as a plain function, and autograd finds the "
            "gradient by itself."
        )
        + _misnamed_words(written),
        mendings=mendings,
    )


def _misnamed(written: Written) -> ast.FunctionDef | None:
    """A method that was meant to be ``backward``."""
    methods = [part for part in written.node.body if isinstance(part, ast.FunctionDef)]
    close = difflib.get_close_matches("backward", [one.name for one in methods if one is not written.forward], 1, 0.75)
    return next((one for one in methods if one.name in close), None)


def _misnamed_words(written: Written) -> str:
    method = _misnamed(written)
    if method is None:
        return ""
    return _(" The method in line {line} is called `{name}`; autograd looks for `backward`.").format(
        line=method.lineno, name=method.name
    )


def _renamed(written: Written) -> tuple[Mending, ...]:
    method = _misnamed(written)
    if method is None:
        return ()
    change = ReplaceText(method.lineno, written.facts.code.start(method), f"def {method.name}", "def backward")
    return (Mending(title=_("Call it `backward` in line {line}").format(line=method.lineno), changes=(change,)),)


def _plain_call(written: Written, call: ast.Call) -> str:
    arguments = ", ".join(written.facts.code.of(part) for part in call.args)
    return (
        f"{written.name}.forward({arguments})"
        if written.has_setup_context
        else f"{written.name}.forward(None, {arguments})"
    )


def _instances(facts: Facts) -> tuple[Written, list[ast.Call]] | None:
    for written in written_functions(facts):
        direct = [
            call
            for call in facts.code.calls("forward")
            if isinstance(call.func, ast.Attribute) and called_name(call.func.value) == written.name
        ]
        made = [call for call in facts.code.calls(written.name) if isinstance(call.func, (ast.Name, ast.Attribute))]
        if made or direct:
            return written, made or direct
    return None


def _suspects_instance(facts: Facts) -> bool:
    if any(one.forward is not None and not one.forward.decorator_list for one in written_functions(facts)):
        return False  # the old style, where the methods are not static either
    if facts.raised(
        "Legacy autograd function with non-static forward", "has no attribute", "missing 1 required positional"
    ):
        return _instances(facts) is not None and (
            facts.raised("Legacy autograd function")
            or any(
                f"{one.name}" in (facts.exception.message if facts.exception else "")
                for one in written_functions(facts)
            )
        )
    return False


def _find_instance(facts: Facts) -> Finding | None:
    found = _instances(facts)
    if found is None:
        return None
    written, made = found
    code, changes = facts.code, []
    for call in reversed(made):
        above = code.parents.get(call)
        text, start = code.of(call), code.start(call)
        func = code.of(call.func)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "forward":
            changes.append(ReplaceExpression(call.lineno, func, f"{written.name}.apply", start))
        elif call.args and not (isinstance(above, ast.Call) and above.func is call):
            changes.append(ReplaceExpression(call.lineno, text, text.replace(func, f"{func}.apply", 1), start))
        else:
            changes.append(ReplaceExpression(call.lineno, text, f"{func}.apply", start))
    cause = made[0]
    return Finding(
        line=facts.line,
        cause_line=cause.lineno,
        headline=_(
            "`{name}` is used as an object, `{text}` in line {line}; a Function is called through `{name}.apply`."
        ).format(name=written.name, text=code.segment(cause), line=cause.lineno),
        why=_(
            "A `torch.autograd.Function` is never instantiated: `forward` and `backward` are static, and "
            "`{name}.apply` makes the node in the graph, calls `forward` and keeps `ctx` for `backward`. Write "
            "`{name}.apply(x)`, or give it a short name: `f = {name}.apply`."
        ).format(name=written.name),
        mendings=(
            Mending(title=_("Call it through `{name}.apply`").format(name=written.name), changes=tuple(changes)),
        ),
    )


FUNCTION_NO_BACKWARD = Kind(
    slug="function-no-backward",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("must implement either the backward or vjp method"),
    find=_find_missing_backward,
    page=Page(
        title=_("A custom Function without backward"),
        what=_(
            "Autograd does not look inside the `forward` of a custom Function: going back through it is up to "
            "`backward`."
        ),
        mend=_("Write `backward(ctx, grad_output)`, or leave Function out and write the formula as a plain function."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Soft(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, z):\n"
                "        return torch.log(1 + torch.exp(z))\n"
                "z = torch.zeros(3, requires_grad=True)\n"
                "Soft.apply(z).sum().backward()\n"
            ),
            line=7,
            cause_line=2,
            facts=("`Soft`", "backward", "plain"),
        ),
    ),
)

FUNCTION_INSTANTIATED = Kind(
    slug="function-instantiated",
    rank=15,
    needs_history=False,
    suspects=_suspects_instance,
    find=_find_instance,
    page=Page(
        title=_("A custom Function is called through apply"),
        what=_(
            "`forward` and `backward` are static methods: there is no object to make. `apply` runs `forward` and "
            "makes the node."
        ),
        mend=_("Write `Name.apply(x)` instead of `Name()(x)`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Gate(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        return x.clamp(min=0)\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return g\n"
                "signal = torch.tensor([-1.0, 2.0], requires_grad=True)\n"
                "Gate()(signal).sum().backward()\n"
            ),
            line=10,
            cause_line=10,
            facts=("`Gate`", r"Gate\.apply", "line 10"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Keep(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        return x * 1\n"
                "    @staticmethod\n"
                "    def backward(ctx, g):\n"
                "        return g\n"
                "x = torch.ones(2, requires_grad=True)\n"
                "y = Keep(x)\n"
                "y.sum().backward()\n"
            ),
            cause_line=10,
            facts=(r"Keep\.apply",),
        ),
    ),
)
