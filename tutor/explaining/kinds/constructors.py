"""Making tensors: keywords that a constructor does not know."""

from __future__ import annotations

import ast
import difflib
import re
from typing import Final

from tutor.explaining.changes import Change, DropArgument, ReplaceExpression, WithMethod
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_UNEXPECTED = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")
_COMBINATION = re.compile(r"(\w+)\(\) received an invalid combination of arguments - got \((.*?)\), but expected")
_GIVEN = re.compile(r"(\w+)=")
_KNOWN: Final = (
    "requires_grad", "dtype", "device", "size", "fill_value", "start", "end", "step", "steps", "retain_graph", "create_graph",
    "gradient", "inputs", "allow_unused", "grad_outputs", "dim", "keepdim", "lr", "momentum", "weight_decay", "bias",
    "reduction", "min", "max", "other", "alpha", "set_to_none", "in_features", "out_features", "generator",
)  # fmt: skip
_OLD_CLASSES: Final = {"Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "HalfTensor"}
_OLD_KEYWORDS: Final = {"retain_variables": "retain_graph", "async": "non_blocking"}


def _call(facts: Facts, *names: str) -> ast.Call | None:
    calls = [call for call in facts.code.calls(*names) if call.lineno <= (facts.line or 0) <= (call.end_lineno or 0)]
    return calls[0] if calls else None


def _suspects(facts: Facts) -> bool:
    seen = facts.exception
    if seen is None or seen.type != "TypeError":
        return False
    if _UNEXPECTED.search(seen.message):
        return _retained(facts) is None
    if _misfit(facts) is not None:
        return True
    return facts.raised("invalid combination of arguments", "takes no keyword arguments") and (
        _call(facts, *_OLD_CLASSES, "from_numpy", "tensor") is not None
    )


def _misfit(facts: Facts) -> tuple[str, str] | None:
    """Function and keyword, where torch lists the arguments it was given and one keyword is in none of its lists."""
    match = _COMBINATION.search(facts.exception.message) if facts.exception else None
    if match is None or facts.exception is None:
        return None
    allowed = facts.exception.message[match.end() :]
    for name in _GIVEN.findall(match.group(2)):
        if not re.search(rf"\b{name}\b", allowed):
            return match.group(1), name
    return None


def _retained(facts: Facts) -> ast.Call | None:
    """A call with a keyword of an earlier version, which is another kind's business."""
    return next(
        (
            call
            for call in facts.code.calls("backward", "grad")
            if any(one.arg in _OLD_KEYWORDS for one in call.keywords)
        ),
        None,
    )


def _find(facts: Facts) -> Finding | None:
    match = _UNEXPECTED.search(facts.exception.message) if facts.exception else None
    if match is not None:
        return _unexpected(facts, match.group(1), match.group(2))
    misfit = _misfit(facts)
    if misfit is not None and _call(facts, *_OLD_CLASSES) is None:
        return _unexpected(facts, *misfit)
    call = _call(facts, *_OLD_CLASSES, "from_numpy")
    if call is None or not call.keywords:
        return None
    return _old_class(facts, call) if called_name(call) in _OLD_CLASSES else _without_keywords(facts, call)


def _unexpected(facts: Facts, function: str, name: str) -> Finding | None:
    call = next(
        (
            one
            for one in facts.code.nodes
            if isinstance(one, ast.Call)
            and keyword(one, name) is not None
            and one.lineno <= (facts.line or 0) <= (one.end_lineno or 0)
        ),
        None,
    )
    if call is None:
        return None
    own = facts.code.function(function.rsplit(".", 1)[-1])
    known = [part.arg for part in own.args.args] if own is not None else list(_KNOWN)
    close = difflib.get_close_matches(name, known, 1, 0.6)
    value = keyword(call, name)
    if own is None and "grad" in name and isinstance(value, ast.Constant) and isinstance(value.value, bool):
        close = ["requires_grad"] if called_name(call) not in {"backward", "grad"} else close
    code, mendings = facts.code, []
    if close and value is not None:
        text = code.of(call)
        new = re.sub(rf"\b{re.escape(name)}(\s*=)", rf"{close[0]}\1", text, count=1)
        change: Change = ReplaceExpression(call.lineno, text, new, code.start(call))
        mendings.append(Mending(title=_("Write `{new}`").format(new=close[0]), changes=(change,)))
    else:
        change = DropArgument(call.lineno, called_name(call), name, code.start(call))
        mendings.append(Mending(title=_("Leave `{name}` out").format(name=name), changes=(change,)))
    meant = " " + _("Did you mean `{meant}`?").format(meant=close[0]) if close else ""
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{function}` knows no argument `{name}`.").format(function=code.segment(call.func), name=name)
        + meant,
        why=_(
            "The keyword in line {line} is not one of those that `{function}` takes, so Python refuses the whole call. To have a "
            "gradient computed, the word is `requires_grad=True`."
        ).format(line=facts.line, function=code.segment(call.func))
        if "grad" in name
        else _(
            "The keyword in line {line} is not one of those that `{function}` takes, so Python refuses the whole call."
        ).format(line=facts.line, function=code.segment(call.func)),
        mendings=tuple(mendings),
    )


def _old_class(facts: Facts, call: ast.Call) -> Finding:
    code = facts.code
    name, func = called_name(call), code.of(call.func)
    names = ", ".join(f"`{one.arg}`" for one in call.keywords)
    new = func[: -len(name)] + "tensor" if func.endswith(name) else "torch.tensor"
    first = call.args[0] if call.args else None
    sizes = isinstance(first, ast.Constant) and isinstance(first.value, int)
    mendings = []
    if not sizes:
        change = ReplaceExpression(call.lineno, func, new, code.start(call.func))
        mendings.append(Mending(title=_("Use `{new}`").format(new=new), changes=(change,)))
    if keyword(call, "requires_grad") is not None:
        dropped: tuple[Change, ...] = (
            WithMethod(call.lineno, _without(code.of(call), "requires_grad"), "requires_grad_()", code.start(call)),
            DropArgument(call.lineno, name, "requires_grad", code.start(call)),
        )
        mendings.append(
            Mending(title=_("Ask for the gradient afterwards: `.requires_grad_()`"), changes=tuple(reversed(dropped)))
        )
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{old}` in line {line} takes no {names}; `{new}`, with a small t, does.").format(
            old=func, line=facts.line, names=names, new=new
        ),
        why=_(
            "`{old}` is the tensor class of earlier days: it takes data or sizes and nothing else. `{new}` makes a tensor from "
            "data, finds the dtype, and takes `dtype`, `device` and `requires_grad`."
        ).format(old=func, new=new),
        mendings=tuple(mendings),
    )


def _without(text: str, name: str) -> str:
    return re.sub(rf",\s*{name}\s*=\s*\w+", "", text)


def _without_keywords(facts: Facts, call: ast.Call) -> Finding:
    code, name = facts.code, called_name(call)
    mendings: list[Mending] = []
    if keyword(call, "requires_grad") is not None:
        plain = _without(code.of(call), "requires_grad")
        change = ReplaceExpression(call.lineno, code.of(call), f"{plain}.requires_grad_()", code.start(call))
        mendings.append(Mending(title=_("Ask for the gradient afterwards: `.requires_grad_()`"), changes=(change,)))
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{name}` in line {line} takes the array and nothing else.").format(
            name=code.of(call.func), line=facts.line
        ),
        why=_(
            "The new tensor shares memory and dtype with the array, so there is nothing to choose. Ask for a gradient afterwards with "
            "`.requires_grad_()`, in place of `requires_grad=True` in `{name}`."
        ).format(name=name),
        mendings=tuple(mendings),
    )


CONSTRUCTOR_KEYWORD = Kind(
    slug="constructor-keyword",
    rank=25,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("An argument that the function does not know"),
        what=_(
            "`torch.tensor` takes `requires_grad`, `dtype` and `device`. `torch.Tensor`, with a capital T, takes none of them."
        ),
        mend=_("Correct the spelling, or use `torch.tensor`."),
    ),
    cases=(
        Case(
            code="import torch\nspeed = torch.Tensor([1.0, 2.0], requires_grad=True)\n(speed * 2).sum().backward()\n",
            line=2,
            facts=(r"torch\.Tensor", r"torch\.tensor", "requires_grad"),
        ),
        Case(
            code="import torch\ndef start():\n    return torch.zeros(3, require_grad=True)\nstart().sum().backward()\n",
            line=3,
            facts=("require_grad", "`requires_grad`", r"torch\.zeros"),
        ),
        Case(
            code="import torch, numpy\nw = torch.from_numpy(numpy.ones(2), requires_grad=True)\nw.sum().backward()\n",
            line=2,
            facts=("from_numpy", r"requires_grad_\(\)"),
        ),
        Case(
            code="import torch\nw = torch.FloatTensor(3, requires_grad=True)\nw.sum().backward()\n",
            line=2,
            facts=("FloatTensor",),
        ),
    ),
)
