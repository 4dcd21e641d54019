"""``gradcheck`` compares with finite differences, which single precision cannot show."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, SetKeyword, WithMethod
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_DTYPED = {"tensor", "zeros", "ones", "full", "rand", "randn", "arange", "linspace", "eye", "randint"}


def _call(facts: Facts) -> ast.Call | None:
    calls = facts.code.calls("gradcheck", "gradgradcheck")
    return next((call for call in calls if call.lineno == facts.line), calls[0] if calls else None)


def _given(call: ast.Call) -> list[ast.expr]:
    given = call.args[1] if len(call.args) > 1 else None
    if isinstance(given, (ast.Tuple, ast.List)):
        return list(given.elts)
    return [given] if given is not None else []


def _single(facts: Facts) -> list[str]:
    """The inputs of gradcheck in single or half precision, by name."""
    call = _call(facts)
    found = []
    for part in _given(call) if call is not None else ():
        name = ast.unparse(part)
        seen = next((one for one in facts.observation.tensors if one.name == name), None)
        local = facts.local(name)
        value = seen.value if seen else local.value if local else None
        if value is not None and getattr(value, "dtype", "") in {"float32", "float16", "bfloat16", "complex64"}:
            found.append(name)
    return found


def _suspects(facts: Facts) -> bool:
    return facts.raised("Jacobian mismatch", type=None) and _call(facts) is not None and bool(_inputs(facts))


def _inputs(facts: Facts) -> list[str]:
    names = _single(facts)
    if names:
        return names
    warned = any("is not a double precision" in one.message for one in facts.observation.warnings)
    call = _call(facts)
    return [facts.code.segment(part) for part in _given(call)] if warned and call is not None else []


def _find(facts: Facts) -> Finding | None:
    names, call = _inputs(facts), _call(facts)
    if not names or call is None:
        return None
    code, changes, cause = facts.code, [], call.lineno
    for name in names:
        made = code.value_of(name, call.lineno, code.scope(call)) if name.isidentifier() else None
        made = made if made is not None or not name.isidentifier() else code.value_of(name)
        change: Change | None = None
        if isinstance(made, ast.Call) and called_name(made) in _DTYPED:
            change = SetKeyword(made.lineno, called_name(made), "dtype", "torch.float64", code.start(made))
            cause = made.lineno
        else:
            part = next((one for one in _given(call) if code.segment(one) == name), None)
            cause = made.lineno if made is not None else cause
            if part is not None:
                change = WithMethod(part.lineno, code.of(part), "detach().double().requires_grad_()", code.start(part))
        if change is not None:
            changes.append(change)
    listed = ", ".join(f"`{name}`" for name in names)
    return Finding(
        line=facts.line,
        cause_line=cause,
        headline=_("{names} is in single precision (float32), too coarse for `{check}` to compare.").format(
            names=listed, check=called_name(call)
        ),
        why=_(
            "`{check}` moves each input by 0.000001 and looks how the result changes. A float32 has seven digits, so in the "
            "difference almost none are left: the numbers disagree though your function may be right. Make {names}, from "
            "line {line}, in double precision: `dtype=torch.float64`."
        ).format(check=called_name(call), names=listed, line=cause),
        mendings=(
            Mending(
                title=_("Use double precision for {names}: `dtype=torch.float64`").format(names=listed),
                changes=tuple(sorted(changes, key=lambda change: -getattr(change, "line", 0))),
            ),
        ),
    )


GRADCHECK_FLOAT32 = Kind(
    slug="gradcheck-float32",
    rank=20,
    needs_history=False,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("gradcheck needs double precision"),
        what=_(
            "`gradcheck` compares autograd's gradient with finite differences: it moves each input by a millionth. "
            "In float32 hardly any digit of such a difference is right."
        ),
        mend=_("Give it inputs made with `dtype=torch.float64`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch.autograd import gradcheck\n"
                "def wave(t, s):\n"
                "    return torch.sin(t) * torch.exp(s)\n"
                "def verify():\n"
                "    t = torch.tensor([0.3, 1.7], requires_grad=True)\n"
                "    s = torch.tensor([2.5, 3.5], requires_grad=True)\n"
                "    return gradcheck(wave, (t, s))\n"
                "print(verify())\n"
            ),
            line=8,
            facts=("`t`", "`s`", "float32", "float64"),
        ),
    ),
)
