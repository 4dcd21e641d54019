"""A tensor with several elements where Python wants yes or no."""

from __future__ import annotations

import ast

from tutor.autograd import TensorValue
from tutor.explaining.changes import ReplaceExpression
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts, count, shape
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _


def _asked(facts: Facts) -> ast.expr | None:
    """The expression whose truth was asked for, as far as the failing statement shows."""
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if statement is None:
        return None
    candidates: list[ast.expr] = []
    header = [statement] if not isinstance(statement, (ast.If, ast.While)) else [statement.test]
    for top in header:
        if isinstance(top, ast.expr):
            candidates.append(top)
        for node in ast.walk(top):
            if isinstance(node, ast.BoolOp):
                candidates.extend(node.values)
            elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
                candidates.append(node.operand)
            elif isinstance(node, (ast.IfExp, ast.Assert)):
                candidates.append(node.test)
            elif isinstance(node, ast.Call) and called_name(node) in {"bool", "max", "min", "sorted", "any", "all"}:
                candidates.extend(node.args)
    tensors = [one for one in candidates if _sized(facts, one) is not None]
    single = [one for one in tensors if not isinstance(one, (ast.BoolOp, ast.UnaryOp))]
    return next(iter(single or tensors or candidates), None)


def _sized(facts: Facts, node: ast.expr) -> tuple[str, tuple[int, ...]] | None:
    """The first variable in ``node`` that holds a tensor with more than one element, and its shape."""
    for part in ast.walk(node):
        if isinstance(part, (ast.Name, ast.Attribute)):
            name = ast.unparse(part)
            local = facts.local(name)
            value = local.value if local is not None else None
            if value is None:
                seen = next((one for one in facts.observation.tensors if one.name == name), None)
                value = seen.value if seen is not None else None
            if isinstance(value, TensorValue) and count(value.shape) > 1:
                return name, value.shape
    return None


def _loss_class(facts: Facts) -> tuple[ast.Call, ast.expr] | None:
    """A loss that was made with the tensors it should be called with, ``nn.MSELoss(a, b)``, and the class as written."""
    statement = facts.code.statement_at(facts.line) if facts.line else None
    for node in ast.walk(statement) if statement is not None else ():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if called_name(node).endswith("Loss"):
            return node, node.func
        value = (
            facts.code.value_of(ast.unparse(node.func)) if isinstance(node.func, (ast.Name, ast.Attribute)) else None
        )
        if isinstance(value, (ast.Name, ast.Attribute)) and called_name(value).endswith("Loss"):
            return node, value
    return None


def _find_loss_class(facts: Facts, call: ast.Call, made: ast.expr) -> Finding:
    code = facts.code
    text = code.segment(made)
    change = ReplaceExpression(made.lineno, code.of(made), f"{code.of(made)}()", code.start(made))
    return Finding(
        line=facts.line,
        cause_line=made.lineno,
        headline=_(
            "`{call}` in line {line} makes a loss object; the tensors became its options, which are to be true or false."
        ).format(call=code.segment(call), line=facts.line),
        why=_(
            "`{text}` is a class. Make the loss first, `{text}()`, and then call it with the tensors: `{text}()(prediction, target)`. "
            "Here torch asks the tensor whether an option is switched on, and a tensor with several elements cannot say."
        ).format(text=text),
        mendings=(
            Mending(
                title=_("Make the loss, then call it: `{text}()` in line {line}").format(text=text, line=made.lineno),
                changes=(change,),
            ),
        ),
    )


def _find(facts: Facts) -> Finding | None:
    loss = _loss_class(facts)
    if loss is not None:
        return _find_loss_class(facts, *loss)
    asked = _asked(facts)
    if asked is None:
        return None
    text, sized = facts.code.segment(asked), _sized(facts, asked)
    line = facts.line
    if sized is not None:
        name, size = sized
        headline = _(
            "`{text}` in line {line} has {count} answers, one for each element of `{name}`, and Python needs a single yes or no."
        ).format(text=text, line=line, count=count(size), name=name)
        why = _("`{name}` has shape {shape}: {count} elements. So `{text}` is a tensor of True and False. ").format(
            name=name, shape=shape(size), count=count(size), text=text
        )
    else:
        name = text
        headline = _(
            "`{text}` in line {line} is a tensor with several elements, and Python needs a single yes or no."
        ).format(text=text, line=line)
        why = ""
    why += _(
        "Say what you mean: `.all()` for every element, `.any()` for at least one, a single number such as `{name}.norm()` or "
        "`{name}.sum()`, or `torch.where(condition, a, b)` to choose element by element."
    ).format(name=name if name.isidentifier() else "x")
    return Finding(
        line=line, cause_line=line, headline=headline, why=why, mendings=tuple(_mendings(facts, asked, sized))
    )


def _mendings(facts: Facts, asked: ast.expr, sized: tuple[str, tuple[int, ...]] | None) -> list[Mending]:
    code, found = facts.code, []
    text, start = code.of(asked), code.start(asked)
    compared = isinstance(asked, ast.Compare)

    def offer(title: str, new: str) -> None:
        found.append(Mending(title=title.format(new=new), changes=(ReplaceExpression(asked.lineno, text, new, start),)))

    bracketed = text if isinstance(asked, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else f"({text})"
    elementwise = _where(facts, asked)
    if elementwise is not None:
        found.append(elementwise)
    statement = code.statement_at(facts.line) if facts.line else None
    if isinstance(statement, ast.While) and isinstance(asked, ast.Compare) and sized is not None:
        offer(_("Ask for the length of the vector: `{new}`"), text.replace(sized[0], f"{sized[0]}.norm()", 1))
    if compared or isinstance(asked, (ast.Name, ast.Attribute, ast.Call)):
        offer(_("Ask whether it holds for every element: `{new}`"), f"{bracketed}.all()")
        offer(_("Ask whether it holds for any element: `{new}`"), f"{bracketed}.any()")
    parent = code.parents.get(asked)
    if isinstance(parent, ast.BoolOp) and isinstance(statement, (ast.Assign, ast.Expr, ast.Return)):
        operator = " & " if isinstance(parent.op, ast.And) else " | "
        new = operator.join(f"({code.of(value)})" for value in parent.values)
        change = ReplaceExpression(parent.lineno, code.of(parent), new, code.start(parent))
        found.insert(0, Mending(title=_("Combine element by element: `{new}`").format(new=new), changes=(change,)))
    if isinstance(parent, ast.Call) and called_name(parent) in {"max", "min"} and len(parent.args) == 2:
        new = f"torch.{'maximum' if called_name(parent) == 'max' else 'minimum'}"
        change = ReplaceExpression(parent.lineno, code.of(parent.func), new, code.start(parent.func))
        found.insert(0, Mending(title=_("Compare element by element: `{new}`").format(new=new), changes=(change,)))
    return found


def _where(facts: Facts, asked: ast.expr) -> Mending | None:
    """``a if t else b`` becomes ``torch.where(t, a, b)``."""
    parent = facts.code.parents.get(asked)
    if not isinstance(parent, ast.IfExp) or parent.test is not asked:
        return None
    code = facts.code
    new = f"torch.where({code.of(parent.test)}, {code.of(parent.body)}, {code.of(parent.orelse)})"
    change = ReplaceExpression(parent.lineno, code.of(parent), new, code.start(parent))
    return Mending(title=_("Choose element by element: `{new}`").format(new=new), changes=(change,))


AMBIGUOUS_TRUTH_VALUE = Kind(
    slug="ambiguous-truth-value",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("Boolean value of Tensor with"),
    find=_find,
    page=Page(
        title=_("A tensor where Python wants yes or no"),
        what=_(
            "`if`, `while`, `and`, `or` and `not` need one answer. A comparison of tensors gives one for each element."
        ),
        mend=_("Use `.all()`, `.any()`, a single number such as `x.norm()`, or `torch.where`."),
        lesson="autograd/control-flow",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Descent:\n"
                "    def __init__(self):\n"
                "        self.place = torch.tensor([3.0, -2.0, 1.0], requires_grad=True)\n"
                "    def run(self):\n"
                "        moved = self.place * 0.5\n"
                "        while moved > 0.1:\n"
                "            moved = moved * 0.5\n"
                "        return moved\n"
                "Descent().run().sum().backward()\n"
            ),
            line=7,
            cause_line=7,
            facts=("`moved`", r"\(3,\)", "3 elements", "line 7", r"norm\(\)", r"all\(\)"),
        ),
        Case(
            code=(
                "import torch\n"
                "x = torch.tensor([-1.0, 2.0], requires_grad=True)\n"
                "y = x if x > 0 else 0 * x\n"
                "y.sum().backward()\n"
            ),
            line=3,
            facts=("`x`", r"torch\.where\(x > 0, x, 0 \* x\)"),
        ),
        Case(
            code=("import torch\nx = torch.rand(4, requires_grad=True)\ninside = x > 0.2 and x < 0.8\nprint(inside)\n"),
            line=3,
            facts=("`x`", r"\(x > 0.2\) & \(x < 0.8\)"),
        ),
        Case(
            code=(
                "import torch\n"
                "margin = torch.tensor([0.5, -1.0], requires_grad=True)\n"
                "hinge = max(margin, torch.zeros(2))\n"
                "hinge.sum().backward()\n"
            ),
            line=3,
            facts=("`margin`", r"torch\.maximum"),
        ),
    ),
)
