"""Under ``vmap`` nothing can depend on the value of one sample."""

from __future__ import annotations

import ast

from tutor.explaining.changes import Change, RemoveStatement, ReplaceExpression, ReplaceStatement
from tutor.explaining.changes.expressions import tight
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.transforms import Function, name_of, transformed
from tutor.words import _


def _find_dependent(facts: Facts) -> Finding | None:
    found = transformed(facts)
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if found is None or statement is None or facts.exception is None:
        return None
    call, given, body = found
    name, message = name_of(facts, given), facts.exception.message
    branch = isinstance(statement, (ast.If, ast.While)) or any(
        isinstance(node, ast.IfExp) for node in ast.walk(statement)
    )
    if branch:
        test = next(node.test for node in ast.walk(statement) if isinstance(node, (ast.If, ast.While, ast.IfExp)))
        headline = _(
            "The branch in line {line} depends on the value of `{test}`, and under `vmap` there is no one value."
        )
        text = facts.code.segment(test)
    elif "dynamic shape" in message:
        headline = _(
            "What `{test}` in line {line} gives has a size that depends on the values; `vmap` needs one size for all."
        )
        text = facts.code.segment(statement)
    else:
        headline = _(
            "`{test}` in line {line} asks for one Python number, and under `vmap` there is one for each sample."
        )
        text = next(
            (
                facts.code.segment(node)
                for node in ast.walk(statement)
                if isinstance(node, ast.Call) and called_name(node) in {"item", "float", "int", "bool"}
            ),
            facts.code.segment(statement),
        )
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=headline.format(line=facts.line, test=text),
        why=_(
            "`vmap` runs {name} once for the whole batch. Python's `if` (control flow), `while`, `.item()` and masks as an index "
            "need the value of a single sample. Compute both sides and choose element by element: "
            "`torch.where(condition, one, other)`."
        ).format(name=name),
        mendings=(*_dependent_mendings(facts, statement, body), *_one_by_one(facts, call)),
    )


def _dependent_mendings(facts: Facts, statement: ast.stmt, body: Function | None) -> list[Mending]:
    where = _where(facts, statement, body)
    if where is not None:
        return [where]
    for node in ast.walk(statement):
        if isinstance(node, ast.IfExp):
            code = facts.code
            text = f"torch.where({code.of(node.test)}, {code.of(node.body)}, {code.of(node.orelse)})"
            change = ReplaceExpression(node.lineno, code.of(node), text, code.start(node))
            return [Mending(title=_("Choose element by element: `{text}`").format(text=text), changes=(change,))]
        if isinstance(node, ast.Call) and called_name(node) == "item" and isinstance(node.func, ast.Attribute):
            change = ReplaceExpression(
                node.lineno, facts.code.of(node), facts.code.of(node.func.value), facts.code.start(node)
            )
            return [Mending(title=_("Compute with the tensor itself, without `.item()`"), changes=(change,))]
        if isinstance(node, ast.Call) and called_name(node) in {"float", "int"} and len(node.args) == 1:
            change = ReplaceExpression(
                node.lineno, facts.code.of(node), facts.code.of(node.args[0]), facts.code.start(node)
            )
            return [Mending(title=_("Compute with the tensor itself"), changes=(change,))]
    return []


def _one_by_one(facts: Facts, call: ast.Call) -> list[Mending]:
    """A plain loop over the samples, for what no choice element by element can say."""
    code, above = facts.code, facts.code.parents.get(call)
    if called_name(call) != "vmap" or not isinstance(above, ast.Call) or above.func is not call or not call.args:
        return []
    if not above.args or above.keywords or len(call.args) > 1 or call.keywords:
        return []
    names = [f"one_{index}" if len(above.args) > 1 else "one" for index in range(len(above.args))]
    rows = code.of(above.args[0]) if len(above.args) == 1 else f"zip({', '.join(code.of(part) for part in above.args)})"
    text = f"torch.stack([{tight(code.of(call.args[0]))}({', '.join(names)}) for {', '.join(names)} in {rows}])"
    change = ReplaceExpression(above.lineno, code.of(above), text, code.start(above))
    return [Mending(title=_("Go through the samples one by one: `{text}`").format(text=text), changes=(change,))]


def _where(facts: Facts, statement: ast.stmt, body: Function | None) -> Mending | None:
    """``if t: return a`` and ``return b`` become ``return torch.where(t, a, b)``; so do two assignments to one name."""
    if not isinstance(statement, ast.If) or not isinstance(body, ast.FunctionDef) or len(statement.body) != 1:
        return None
    block = facts.code.block_of(statement)
    index = block.index(statement)
    then, after = statement.body[0], block[index + 1] if index + 1 < len(block) else None
    other = statement.orelse[0] if len(statement.orelse) == 1 else after if not statement.orelse else None
    code, test = facts.code, facts.code.of(statement.test)
    if isinstance(then, ast.Return) and isinstance(other, ast.Return) and then.value and other.value:
        text = f"torch.where({test}, {code.of(then.value)}, {code.of(other.value)})"
        changes: list[Change] = [] if statement.orelse else [RemoveStatement(other.lineno)]
        changes.append(ReplaceStatement(statement.lineno, f"return {text}"))
    elif isinstance(then, ast.Assign) and isinstance(other, ast.Assign) and statement.orelse:
        target = code.of(then.targets[0])
        if target != code.of(other.targets[0]):
            return None
        text = f"torch.where({test}, {code.of(then.value)}, {code.of(other.value)})"
        changes = [ReplaceStatement(statement.lineno, f"{target} = {text}")]
    else:
        return None
    return Mending(title=_("Choose element by element: `{text}`").format(text=text), changes=tuple(changes))


VMAP_DATA_DEPENDENT = Kind(
    slug="vmap-data-dependent",
    rank=15,
    needs_history=False,
    suspects=lambda facts: facts.raised(
        "vmap: It looks like you're", "data-dependent control flow", "operators that can support dynamic shape"
    ),
    find=_find_dependent,
    page=Page(
        title=_("Under vmap, no decision can depend on one value"),
        what=_(
            "`vmap` runs your function once for a whole batch, so `if`, `while` and `.item()` have no single value to look at."
        ),
        mend=_("Compute both sides and choose with `torch.where`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "def hinge(margin):\n"
                "    if margin < 1:\n"
                "        cost = 1 - margin\n"
                "    else:\n"
                "        cost = margin * 0\n"
                "    return cost\n"
                "print(torch.vmap(hinge)(torch.tensor([0.5, 2.0])))\n"
            ),
            line=3,
            cause_line=3,
            facts=("branch", "line 3", r"torch\.where", "margin < 1"),
        ),
        Case(
            code=(
                "import torch\n"
                "def scaled(row):\n"
                "    biggest = row.max().item()\n"
                "    return row / biggest\n"
                "print(torch.func.vmap(scaled)(torch.ones(2, 3)))\n"
            ),
            line=3,
            facts=(r"row\.max\(\)\.item\(\)", "vmap"),
        ),
        Case(
            code=(
                "import torch\nclip = lambda x: x if x > 0 else 0 * x\nprint(torch.func.vmap(clip)(torch.ones(3)))\n"
            ),
            line=2,
            facts=("where",),
        ),
    ),
)
