"""Changes of a program: what they give, where they refuse, and what they leave alone."""

import ast
import textwrap
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.explaining import changes
from tutor.explaining.changes import (
    AddArgument,
    AddReturn,
    Change,
    DropArgument,
    DropMethod,
    FlipSign,
    FloatLiterals,
    InCall,
    Insert,
    Lift,
    Move,
    RemoveDecorator,
    RemoveStatement,
    RenameAttribute,
    ReplaceExpression,
    ReplaceStatement,
    ReplaceText,
    SetArgument,
    SetKeyword,
    Swap,
    SwapOperands,
    Together,
    Under,
    Unwrap,
    UpdateInPlace,
    WithMethod,
)

LOOP = """\
import torch
w = torch.tensor([1, 2], requires_grad=True)  # the weights
for step in range(3):
    loss = (w * w).sum()  # squared
    loss.backward()
    w = w - 0.1 * w.grad
print(w)
"""
METHOD = """\
import torch

class Net(torch.nn.Module):
\tdef __init__(self):
\t\tsuper().__init__()
\t\tself.fc = torch.nn.Linear(2, 1)

\t@torch.no_grad()
\tdef score(self, x):
\t\t'''Text
\tof two lines.'''
\t\twith torch.no_grad():
\t\t\t# the hidden part
\t\t\th = self.fc(
\t\t\t\tx,
\t\t\t)
\t\treturn h
"""
SHORT = """\
x.grad.zero_(); y = f(x).detach(); y.backward()
for p in (a, b): p.grad = None
"""

CASES: list[tuple[str, Change, str, str]] = [
    (LOOP, Insert(5, "w.grad = None"), "    loss.backward()\n", "    w.grad = None\n    loss.backward()\n"),
    (LOOP, Insert(5, "w.grad = None", after=True), "backward()\n", "backward()\n    w.grad = None\n"),
    (LOOP, Insert(3, "total = 0"), "for step", "total = 0\nfor step"),
    (LOOP, Insert(3, "done = True", after=True), "print(w)", "done = True\nprint(w)"),
    (LOOP, SetKeyword(5, "backward", "retain_graph", "True"), "backward()", "backward(retain_graph=True)"),
    (LOOP, SetKeyword(2, "torch.tensor", "requires_grad", "False"), "requires_grad=True", "requires_grad=False"),
    (LOOP, DropArgument(2, "tensor", "requires_grad"), ", requires_grad=True", ""),
    (LOOP, FloatLiterals(2, "[1, 2]"), "[1, 2]", "[1.0, 2.0]"),
    (LOOP, RenameAttribute(4, "sum", "mean"), ".sum()", ".mean()"),
    (LOOP, DropMethod(4, "sum"), "(w * w).sum()", "w * w"),
    (LOOP, WithMethod(4, "w * w", "clone()"), "(w * w).sum()", "((w * w).clone()).sum()"),
    (LOOP, ReplaceExpression(4, "w", "v", every=True), "(w * w)", "(v * v)"),
    (LOOP, ReplaceExpression(4, "w", "a + b"), "(w * w)", "((a + b) * w)"),
    (LOOP, FlipSign(4, "(w * w).sum()"), "(w * w).sum()", "-(w * w).sum()"),
    (LOOP, UpdateInPlace(6), "    w = w - 0.1", "    with torch.no_grad():\n        w -= 0.1"),
    (LOOP, UpdateInPlace(6, no_grad=False), "w = w - 0.1", "w -= 0.1"),
    (
        LOOP,
        Move(4, 3),
        "for step in range(3):\n    loss = (w * w).sum()  # squared\n",
        "loss = (w * w).sum()  # squared\nfor step in range(3):\n",
    ),
    (
        LOOP,
        Move(7, 6, after=True),
        "print(w)\n",
        "    print(w)\n",
    ),
    (
        LOOP,
        Swap(4, 5),
        "    loss = (w * w).sum()  # squared\n    loss.backward()\n",
        "    loss.backward()\n    loss = (w * w).sum()  # squared\n",
    ),
    (LOOP, Under(7, 7), "print(w)", "with torch.no_grad():\n    print(w)"),
    (LOOP, RemoveStatement(4), "    loss = (w * w).sum()  # squared\n", ""),
    (LOOP, ReplaceStatement(7, "if w:\n    print(w)"), "print(w)", "if w:\n    print(w)"),
    (LOOP, AddArgument(2, "tensor", "None"), "[1, 2], ", "[1, 2], None, "),
    (LOOP, SetArgument(3, "range", 0, "n + 1"), "range(3)", "range(n + 1)"),
    (LOOP, InCall(7, "w", "list"), "print(w)", "print(list(w))"),
    (METHOD, RemoveDecorator(9, "torch.no_grad"), "\t@torch.no_grad()\n", ""),
    (
        METHOD,
        Lift(12),
        "\t\twith torch.no_grad():\n\t\t\t# the hidden part\n\t\t\th = self.fc(\n\t\t\t\tx,\n\t\t\t)\n",
        "\t\t# the hidden part\n\t\th = self.fc(\n\t\t\tx,\n\t\t)\n",
    ),
    (METHOD, SetKeyword(14, "self.fc", "scale", "2"), "x,\n", "x, scale=2,\n"),
    (METHOD, Unwrap(14, "self.fc(x)"), "self.fc(\n\t\t\t\tx,\n\t\t\t)", "self"),
    (
        METHOD,
        Insert(9, "@torch.enable_grad()\ndef other(self):\n    pass"),
        "\t@torch",
        "\t@torch.enable_grad()\n\tdef other(self):\n\t    pass\n\t@torch",
    ),
    (SHORT, Insert(1, "x.grad = None", column=17), "; y =", "; x.grad = None; y ="),
    (SHORT, Insert(1, "x.grad = None", column=36, after=True), "y.backward()", "y.backward()\nx.grad = None"),
    (SHORT, Insert(2, "p.data = q", column=20), ": p", ": p.data = q; p"),
    (SHORT, DropMethod(1, "detach"), "f(x).detach()", "f(x)"),
    (SHORT, RemoveStatement(1, column=17), "y = f(x).detach(); ", ""),
    (SHORT, RemoveStatement(2, column=20), "p.grad = None", "pass"),
    (SHORT, RemoveStatement(1, column=36), "; y.backward()", ""),
    ("def f(w):\n    (w * w).sum()\n", AddReturn(1), "    (w", "    return (w"),
    ("def f(w):\n    y = w * w", AddReturn(2), "w * w", "w * w\n    return y"),
    ("out = W.T @ v\n", Unwrap(1, "W.T"), "W.T", "W"),
    ("out = W.T @ v\n", SwapOperands(1, "W.T @ v"), "W.T @ v", "v @ W.T"),
    ("out = a - (b + c)\n", SwapOperands(1, "a - (b + c)"), "a - (b + c)", "(b + c) - a"),
    ("loss = -(p - t).sum()\n", FlipSign(1, "-(p - t).sum()"), "-(p", "(p"),
    ("z = float(y) * 2\n", Unwrap(1, "float(y)"), "float(y)", "y"),
    ("z = a * torch.exp(b + c)\n", Unwrap(1, "torch.exp(b + c)"), "torch.exp(b + c)", "(b + c)"),
    ("f((a))\n", SetKeyword(1, "f", "dim", "1"), "((a))", "((a), dim=1)"),
    ("f((a), b=2)\n", DropArgument(1, "f", "b"), ", b=2", ""),
    ("f(b=2, c=3)\n", DropArgument(1, "f", "b"), "b=2, ", ""),
    ("f(  # why\n    a,  # first\n)\n", SetKeyword(1, "f", "b", "1"), "a,", "a, b=1,"),
    ("with torch.no_grad(), other(): y = x\n", Lift(1, "torch.no_grad()"), "torch.no_grad(), ", ""),
    ("with torch.no_grad(): y = x\n", Lift(1), "with torch.no_grad(): ", ""),
    ("é = 'ü'; x = é.detach()\n", DropMethod(1, "detach"), ".detach()", ""),
    ("x = y;\r\nz = 1\r\n", Insert(2, "a = 1"), "z = 1", "a = 1\r\nz = 1"),
    ("if x:\ny = 1\n", ReplaceText(2, 0, "y", "    y"), "y =", "    y ="),
]


@pytest.mark.parametrize(("program", "change", "old", "new"), CASES)
def test_a_change_touches_only_what_it_names(program: str, change: Change, old: str, new: str) -> None:
    assert program.count(old) >= 1
    assert change.apply(program) == program.replace(old, new, 1)
    assert change.title


REFUSED: list[tuple[str, Change]] = [
    (LOOP, Insert(99, "x = 1")),
    (LOOP, Insert(4, "not python (")),
    (LOOP, SetKeyword(4, "backward", "retain_graph", "True")),
    (LOOP, Lift(4)),
    (LOOP, Unwrap(4, "w")),
    (LOOP, RemoveDecorator(4, "torch.no_grad()")),
    (LOOP, AddReturn(4)),
    (LOOP, UpdateInPlace(4)),
    (LOOP, UpdateInPlace(5)),
    (LOOP, Move(3, 5)),
    (LOOP, Swap(3, 4)),
    (LOOP, Under(4, 7)),
    (LOOP, FloatLiterals(7, "w")),
    (LOOP, ReplaceExpression(1, "w", "v")),
    (LOOP, DropMethod(4, "detach")),
    (SHORT, Insert(2, "for q in r:\n    pass", column=20)),
    ("f(x for x in y)\n", SetKeyword(1, "f", "dim", "1")),
    ("print(f'{x.detach()}')\n", DropMethod(1, "detach")),
    ("def broken(:\n", Insert(1, "x = 1")),
    ("a = 1\n", RemoveStatement(1)),
]


@pytest.mark.parametrize(("program", "change"), REFUSED)
def test_a_change_that_does_not_fit_gives_none(program: str, change: Change) -> None:
    assert change.apply(program) is None


def test_changes_together_stop_at_the_first_that_does_not_fit() -> None:
    first, wrong = Insert(5, "w.grad = None"), Insert(99, "x = 1")
    assert Together((first,)).apply(LOOP) == first.apply(LOOP)
    assert Together((first, wrong)).apply(LOOP) is None


def test_text_inside_a_string_is_never_indented() -> None:
    program = "with torch.no_grad():\n    s = '''one\n    two'''\n"
    assert Lift(1).apply(program) == "s = '''one\n    two'''\n"
    assert Under(1, 1).apply("s = '''one\ntwo'''\n") == "with torch.no_grad():\n    s = '''one\ntwo'''\n"


NAMES = st.sampled_from(["x", "y", "w.grad", "loss", "net.fc.weight"])
VALUES = st.sampled_from(
    [
        "x * y",
        "(x + 1).sum()",
        "torch.tensor(\n        [1, 2],\n    )",
        "-x",
        "f(x, dim=0)",
        "x.detach() @ y.T",
        "'é' * 2",
    ]
)
SIMPLE = st.one_of(
    st.builds("{} = {}".format, NAMES, VALUES),
    st.builds("{} -= {}".format, st.sampled_from(["x", "y"]), VALUES),
    st.just("loss.backward()"),
    st.just("x = x - 0.1 * x.grad  # step"),
    st.just("a = 1; b = 2"),
)


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        header = draw(
            st.sampled_from(
                ["", "for i in range(2):", "with torch.no_grad():", "def f(x):", "@torch.no_grad()\ndef g(x):", "if x:"]
            )
        )
        if header and depth:
            unit = draw(st.sampled_from(["    ", "\t", "  "]))
            parts.append(header + "\n" + textwrap.indent(draw(blocks(depth - 1)), unit))
        else:
            parts.append(draw(SIMPLE) + "\n")
    return "".join(parts)


LINES = st.integers(1, 12)
EXPRESSIONS = st.sampled_from(
    ["x", "x * y", "x.detach()", "-x", "f(x, dim=0)", "(x + 1).sum()", "loss", "x - 0.1 * x.grad"]
)
CHANGES = st.one_of(
    st.builds(Insert, LINES, st.just("x.grad = None"), st.booleans()),
    st.builds(RemoveStatement, LINES),
    st.builds(Move, LINES, LINES, st.booleans()),
    st.builds(Swap, LINES, LINES),
    st.builds(Under, LINES, LINES),
    st.builds(Lift, LINES),
    st.builds(RemoveDecorator, LINES, st.just("torch.no_grad()")),
    st.builds(AddReturn, LINES),
    st.builds(UpdateInPlace, LINES, st.booleans()),
    st.builds(SetKeyword, LINES, st.sampled_from(["f", "backward", "torch.tensor"]), st.just("dim"), st.just("1")),
    st.builds(DropArgument, LINES, st.just("f"), st.sampled_from(["dim", 0, 1])),
    st.builds(ReplaceExpression, LINES, EXPRESSIONS, st.just("a + b")),
    st.builds(WithMethod, LINES, EXPRESSIONS, st.just("clone()")),
    st.builds(Unwrap, LINES, EXPRESSIONS),
    st.builds(FlipSign, LINES, EXPRESSIONS),
    st.builds(SwapOperands, LINES, EXPRESSIONS),
    st.builds(FloatLiterals, LINES, st.just("[1, 2]")),
)


@given(program=blocks(), change=CHANGES)
@settings(max_examples=150, deadline=None)
def test_every_result_parses_and_no_line_elsewhere_changes(program: str, change: Change) -> None:
    result = change.apply(program)
    if result is None:
        return
    ast.parse(result)
    touched = _touched(program, change)
    elsewhere = Counter(line for number, line in enumerate(program.splitlines(), 1) if number not in touched)
    assert elsewhere <= Counter(result.splitlines())


def _touched(program: str, change: Change) -> set[int]:
    """The lines of the statements that the change names, whole."""
    tree = changes.parsed(program)
    assert tree is not None
    touched: set[int] = set()
    for name in ("line", "first", "last", "second", "target"):
        statement = tree.statement_at(getattr(change, name, 0))
        if statement is not None:
            touched |= set(range(tree.first_line(statement), tree.last_line(statement) + 1))
    if isinstance(change, AddReturn):  # it may name any line of the function
        functions = [node for node in tree.statements() if isinstance(node, ast.FunctionDef)]
        covering = [node for node in functions if tree.first_line(node) <= change.line <= tree.last_line(node)]
        touched |= {line for node in covering for line in range(node.lineno, tree.last_line(node) + 1)}
    if isinstance(change, Lift):
        around = [node for node in tree.statements() if isinstance(node, ast.With)]
        blocks_around = [node for node in around if node.lineno <= change.line <= tree.last_line(node)]
        touched |= {line for node in blocks_around for line in range(node.lineno, tree.last_line(node) + 1)}
    if isinstance(change, Under) and touched:
        touched = set(range(min(touched), max(touched) + 1))
    return touched


@given(program=blocks(), line=LINES)
@settings(max_examples=60, deadline=None)
def test_what_is_put_in_can_be_taken_out_again(program: str, line: int) -> None:
    put = Insert(line, "marker = None").apply(program)
    if put is None:
        return
    place = next(number for number, text in enumerate(put.splitlines(), 1) if "marker = None" in text)
    column = put.splitlines()[place - 1].index("marker")
    assert RemoveStatement(place, column).apply(put) == program
