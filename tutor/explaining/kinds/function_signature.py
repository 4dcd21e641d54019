"""The methods of a custom Function take other arguments than autograd passes."""

from __future__ import annotations

import ast
import re

from tutor.explaining.changes import ReplaceText
from tutor.explaining.facts import Facts
from tutor.explaining.functions import Written, written_functions
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_TAKES = re.compile(r"(\w+)\.(forward|backward)\(\) takes (\d+) positional arguments? but (\d+)")
_MISSING = re.compile(r"(\w+)\.(forward|backward)\(\) missing (\d+) required positional")


def _method(facts: Facts) -> tuple[Written, ast.FunctionDef, int] | None:
    """The Function, the method that was called, and how many arguments too many it was given; negative: too few."""
    message = facts.exception.message if facts.exception else ""
    takes, missing = _TAKES.search(message), _MISSING.search(message)
    match = takes or missing
    if match is None:
        return None
    excess = int(takes.group(4)) - int(takes.group(3)) if takes is not None else -int(match.group(3))
    for written in written_functions(facts):
        method = written.forward if match.group(2) == "forward" else written.backward
        if written.name == match.group(1) and method is not None and method.decorator_list:
            return written, method, excess
    return None


def _find(facts: Facts) -> Finding | None:
    found = _method(facts)
    if found is None:
        return None
    written, method, excess = found
    names = [part.arg for part in method.args.args]
    listed = ", ".join(names) or _("nothing")
    lacks = excess > 0 and names[:1] != ["ctx"] and not written.has_setup_context
    if lacks:
        cause = _("its first argument must be `ctx`")
    elif method.name == "backward":
        cause = _("it gets `ctx` and one gradient for each result of `forward`")
    else:
        cause = _("it gets `ctx` and what `{name}.apply` was called with").format(name=written.name)
    return Finding(
        line=facts.line,
        cause_line=method.lineno,
        headline=_("`{name}.{method}` in line {line} takes `{listed}`, but {cause}.").format(
            name=written.name, method=method.name, line=method.lineno, listed=listed, cause=cause
        ),
        why=_(
            "Autograd calls `forward(ctx, …)` with the inputs and `backward(ctx, …)` with the gradients that arrive, one for each "
            "output. `ctx` carries what `forward` keeps for `backward`. The call in line {line} passes {count} more or fewer than "
            "the method has names for."
        ).format(line=facts.line, count=abs(excess)),
        mendings=tuple(_mendings(facts, method, excess, lacks=lacks)),
    )


def _mendings(facts: Facts, method: ast.FunctionDef, excess: int, *, lacks: bool) -> list[Mending]:
    code = facts.code
    before = f"def {method.name}("
    new = ""
    if lacks and excess == 1:
        new = f"{before}ctx, " if method.args.args else f"{before}ctx"
    elif excess > 0 and method.args.args:
        first = method.args.args[0].arg
        return _further(facts, method, first, excess)
    if not new:
        return []
    change = ReplaceText(method.lineno, code.start(method), before, new)
    return [Mending(title=_("Let `{method}` begin with `ctx`").format(method=method.name), changes=(change,))]


def _further(facts: Facts, method: ast.FunctionDef, first: str, excess: int) -> list[Mending]:
    """Names for the further arguments, which are ignored."""
    before = f"def {method.name}({', '.join(part.arg for part in method.args.args)}"
    new = before + "".join(f", other_{index + 1}" for index in range(excess))
    change = ReplaceText(method.lineno, facts.code.start(method), before, new)
    title = _("Take the further arguments behind `{first}` as well").format(first=first)
    return [Mending(title=title, changes=(change,))]


FUNCTION_SIGNATURE = Kind(
    slug="function-signature",
    rank=16,
    needs_history=False,
    suspects=lambda facts: _method(facts) is not None,
    find=_find,
    page=Page(
        title=_("What forward and backward of a Function are called with"),
        what=_(
            "The first argument of both is `ctx`. `forward` then gets the inputs, `backward` one gradient for each output of "
            "`forward`."
        ),
        mend=_("Write `forward(ctx, x)` and `backward(ctx, grad_output)`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Clamp(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(values):\n"
                "        return values.clamp(0, 1)\n"
                "    @staticmethod\n"
                "    def backward(ctx, grad):\n"
                "        return grad\n"
                "level = torch.tensor([0.5, 2.0], requires_grad=True)\n"
                "Clamp.apply(level).sum().backward()\n"
            ),
            line=10,
            cause_line=4,
            facts=("Clamp", "ctx", "line 4", "line 10"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Twice(torch.autograd.Function):\n"
                "    @staticmethod\n"
                "    def forward(ctx, x):\n"
                "        return x * 2\n"
                "    @staticmethod\n"
                "    def backward(grad):\n"
                "        return grad * 2\n"
                "speed = torch.ones(3, requires_grad=True)\n"
                "Twice.apply(speed).sum().backward()\n"
            ),
            line=10,
            cause_line=7,
            facts=("Twice", "backward", "ctx"),
        ),
    ),
)
