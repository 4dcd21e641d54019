"""``nn.Module``: setting it up, and changing its parameters."""

from __future__ import annotations

import ast
import difflib
import re

from tutor.explaining.changes import Change, Insert, ReplaceStatement, ReplaceText, Under
from tutor.explaining.code import called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_ASSIGNED = re.compile(r"cannot assign '(.+?)' (?:object )?(?:to|as) parameter '(\w+)'")
_FORWARD = re.compile(r'Module \[(\w+)\] is missing the required "forward" function')
_OPERATORS = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}


# super().__init__()


def _suspects_init(facts: Facts) -> bool:
    if facts.raised("before Module.__init__() call"):
        return True
    missing = facts.raised(
        "has no attribute '_backward_hooks'", "has no attribute '_parameters'", "has no attribute '_modules'"
    )
    return missing and _uninitialised(facts) is not None


def _initialised(method: ast.FunctionDef) -> ast.Call | None:
    """The call of ``super().__init__()`` (or ``nn.Module.__init__(self)``) in an ``__init__``."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            return node
    return None


def _uninitialised(facts: Facts) -> tuple[ast.ClassDef, ast.FunctionDef] | None:
    frame = facts.frame
    found = []
    for node in facts.code.classes():
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                call = _initialised(part)
                within = frame is not None and part.lineno <= frame.line <= (part.end_lineno or part.lineno)
                if call is None or (within and frame is not None and call.lineno > frame.line):
                    found.append((within, node, part))
    return max(found, key=lambda one: one[0])[1:] if found else None


def _find_init(facts: Facts) -> Finding | None:
    found = _uninitialised(facts)
    if found is None:
        return None
    node, method = found
    call = _initialised(method)
    first = next((part for part in method.body if not _is_docstring(part)), method.body[0])
    inside = facts.line is not None and method.lineno <= facts.line <= (method.end_lineno or method.lineno)
    failing = facts.line if inside else first.lineno
    statement = facts.code.statement_at(facts.line) if inside and facts.line else first
    changes: list[Change] = []
    if call is not None:
        changes.append(ReplaceStatement(facts.code.statement_of(call).lineno, "pass"))
    changes.append(Insert(first.lineno, "super().__init__()", column=facts.code.start(first)))
    late = _(" It is called in line {line}, too late.").format(line=call.lineno) if call is not None else ""
    return Finding(
        line=facts.line,
        cause_line=failing,
        headline=_(
            "`{name}.__init__` has to call `super().__init__()` before line {line} can keep anything in the module."
        ).format(name=node.name, line=failing),
        why=_(
            "`nn.Module` keeps lists of its parameters and of the modules in it, and `super().__init__()` makes these lists. "
            "`{text}` in line {line} wants to put something in them before they exist.{late}"
        ).format(text=facts.code.segment(statement), line=failing, late=late),
        mendings=(
            Mending(
                title=_("Begin `{name}.__init__` with `super().__init__()`").format(name=node.name),
                changes=tuple(changes),
            ),
        ),
    )


def _is_docstring(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)


# Assigning to a parameter


def _find_assigned(facts: Facts) -> Finding | None:
    match = _ASSIGNED.search(facts.exception.message if facts.exception else "")
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if match is None or statement is None:
        return None
    attribute = match.group(2)
    target, value = _assignment(statement)
    name = facts.code.segment(target) if target is not None else attribute
    mendings = _assigned_mendings(facts, statement, target, value)
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_(
            "`{name}` is a Parameter of the module, and line {line} tries to replace it by a plain tensor."
        ).format(name=name, line=facts.line),
        why=_(
            "A module and its optimizer hold on to each `Parameter` object. A new tensor under its name would be no leaf "
            "that they know, so torch refuses it. Change the parameter in place instead, without recording the change: "
            "`with torch.no_grad(): {name} -= ...` or `{name}.copy_(...)`."
        ).format(name=name),
        mendings=tuple(mendings),
    )


def _assignment(statement: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(statement, ast.Assign):
        return statement.targets[0], statement.value
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if called_name(call) in {"setattr", "__setattr__"} and len(call.args) == 3:
            return None, call.args[2]
    return None, None


def _assigned_mendings(
    facts: Facts, statement: ast.stmt, target: ast.expr | None, value: ast.expr | None
) -> list[Mending]:
    code = facts.code
    if value is None:
        return []
    if target is None:
        call = statement.value if isinstance(statement, ast.Expr) else None
        owner = f"getattr({code.of(call.args[0])}, {code.of(call.args[1])})" if isinstance(call, ast.Call) else ""
    else:
        owner = code.of(target)
    guarded = code.with_block(statement, "no_grad", "inference_mode") is not None
    under: tuple[Change, ...] = () if guarded else (Under(statement.lineno, statement.lineno),)
    found: list[Mending] = []
    operator = _OPERATORS.get(type(value.op)) if isinstance(value, ast.BinOp) else None
    if operator and isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(ast.parse(owner)).strip():
        text = f"{owner} {operator} {code.of(value.right)}"
        title = _("Change it in place: `{text}`") if guarded else _("Change it in place, under no_grad: `{text}`")
        if target is not None:
            found.append(
                Mending(
                    title=title.format(text=text),
                    changes=(ReplaceStatement(statement.lineno, text, facts.code.start(statement)), *under),
                )
            )
    text = f"{owner}.copy_({code.of(value)})"
    title = (
        _("Copy the new values into it: `{text}`")
        if guarded
        else _("Copy the new values into it, under no_grad: `{text}`")
    )
    found.append(
        Mending(
            title=title.format(text=text),
            changes=(ReplaceStatement(statement.lineno, text, facts.code.start(statement)), *under),
        )
    )
    if target is not None:
        text = f"{owner} = torch.nn.Parameter({code.of(value)})"
        title = _("Make a new Parameter of it (an optimizer still holds the old one): `{text}`")
        found.append(
            Mending(
                title=title.format(text=text),
                changes=(ReplaceStatement(statement.lineno, text, facts.code.start(statement)),),
            )
        )
    return found


# forward


def _nearest(methods: list[ast.FunctionDef]) -> ast.FunctionDef | None:
    """The method that was probably meant to be ``forward``: spelt nearly so, or the only one there is."""
    close = difflib.get_close_matches("forward", [method.name for method in methods], 1, 0.7)
    return next((part for part in methods if part.name in close), methods[0] if len(methods) == 1 else None)


def _find_forward(facts: Facts) -> Finding | None:
    match = _FORWARD.search(facts.exception.message if facts.exception else "")
    node = next((one for one in facts.code.classes() if match and one.name == match.group(1)), None)
    if match is None or node is None:
        return None
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef) and not part.name.startswith("__")]
    near = _nearest(methods)
    mendings: tuple[Mending, ...] = ()
    if near is not None:
        mendings = (
            Mending(
                title=_("Call the method `forward`: `def forward` in line {line}").format(line=near.lineno),
                changes=(ReplaceText(near.lineno, facts.code.start(near), f"def {near.name}", "def forward"),),
            ),
        )
    return Finding(
        line=facts.line,
        cause_line=near.lineno if near is not None else node.lineno,
        headline=_("`{name}` has no method `forward`, which calling the module would run.").format(name=node.name),
        why=_(
            "`model(x)` runs `model.forward(x)`. The class in line {line} does not define it{near}. Mind the spelling and the "
            "indentation."
        ).format(line=node.lineno, near=_(", but it has `{name}`").format(name=near.name) if near is not None else ""),
        mendings=mendings,
    )


MODULE_BEFORE_INIT = Kind(
    slug="module-before-init",
    rank=15,
    needs_history=False,
    suspects=_suspects_init,
    find=_find_init,
    page=Page(
        title=_("A module used before super().__init__()"),
        what=_(
            "`nn.Module` keeps lists of parameters, buffers and modules. `super().__init__()` makes them; before it nothing "
            "can be put in."
        ),
        mend=_("Call `super().__init__()` first in your `__init__`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "from torch import nn\n"
                "class Encoder(nn.Module):\n"
                "    def __init__(self, width):\n"
                "        self.width = width\n"
                "        self.layer = nn.Linear(width, width)\n"
                "        super().__init__()\n"
                "    def forward(self, x):\n"
                "        return self.layer(x)\n"
                "class Model(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.encoder = Encoder(2)\n"
                "Model().encoder(torch.ones(2)).sum().backward()\n"
            ),
            line=6,
            cause_line=6,
            facts=(r"super\(\)\.__init__\(\)", "Encoder", "line 6", "line 7"),
        ),
        Case(
            code=(
                "import torch\n"
                "class Scale(torch.nn.Module):\n"
                "    def __init__(self):\n"
                "        self.by = 3.0\n"
                "    def forward(self, x):\n"
                "        return self.by * x\n"
                "scale = Scale()\n"
                "scale(torch.ones(2, requires_grad=True)).sum().backward()\n"
            ),
            facts=("Scale", r"super\(\)"),
        ),
    ),
)

PARAMETER_NOT_ASSIGNABLE = Kind(
    slug="parameter-not-assignable",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised("as parameter '", "to parameter '"),
    find=_find_assigned,
    page=Page(
        title=_("A tensor in the place of a Parameter"),
        what=_(
            "A module and its optimizer hold on to each `Parameter` object. `model.weight = tensor` would put something else "
            "in its place, so torch refuses."
        ),
        mend=_("Change it in place: `with torch.no_grad(): model.weight -= ...`, or `model.weight.copy_(...)`."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Line(torch.nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.slope = torch.nn.Parameter(torch.tensor(1.0))\n"
                "    def step(self, rate):\n"
                "        self.slope = self.slope - rate * self.slope.grad\n"
                "line = Line()\n"
                "(line.slope * 2).backward()\n"
                "line.step(0.1)\n"
            ),
            line=7,
            cause_line=7,
            facts=(r"self\.slope", "Parameter", "-=", "no_grad", "line 7"),
        ),
        Case(
            code=(
                "import torch\n"
                "layer = torch.nn.Linear(2, 1)\n"
                "for name, value in list(layer.named_parameters()):\n"
                "    setattr(layer, name, value * 0.5)\n"
            ),
            line=4,
            facts=("Parameter", "copy_"),
        ),
    ),
)

MODULE_WITHOUT_FORWARD = Kind(
    slug="module-without-forward",
    rank=20,
    needs_history=False,
    suspects=lambda facts: facts.raised('is missing the required "forward" function'),
    find=_find_forward,
    page=Page(
        title=_("A module without forward"),
        what=_("Calling a module runs its method `forward`. Misspelt or wrongly indented, it is not there."),
        mend=_("Define `def forward(self, x):` in the class."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Net(torch.nn.Module):\n"
                "    def foward(self, x):\n"
                "        return x * 2\n"
                "Net()(torch.ones(2, requires_grad=True)).sum().backward()\n"
            ),
            line=5,
            cause_line=3,
            facts=("`Net`", "foward"),
        ),
    ),
)
