"""`uses` and `avoids` look at the syntax tree: what runs counts, what merely looks like it does not."""

from __future__ import annotations

import keyword

import pytest

from tutor.judging.structure import where_used
from tutor.judging.syntax import KEYWORDS, OPERATORS
from tutor.packs.python_text import is_used

USED = [
    ("backward", "y.backward()", 1),
    ("backward", "(y * 2).sum().backward()", 1),
    ("backward", "torch.autograd.backward(y)", 1),
    ("backward", "b = y.backward\nb()", 2),
    ("backward", "getattr(y, 'backward')()", 1),
    ("backward", "def f():\n  y.backward()\nf()", 2),
    ("backward", "class A:\n  def run(self):\n    self.y.backward()\nA().run()", 3),
    ("backward", "from functools import partial\nrun = partial(y.backward, retain_graph=True)\nrun()", 2),
    ("backward", "torch.Tensor.backward(y)", 1),
    ("backward", "for i in range(3):\n    if i:\n        y.backward()", 3),
    ("torch.autograd.grad", "torch.autograd.grad(y, x)", 1),
    ("torch.autograd.grad", "import torch.autograd as ag\nag.grad(y, x)", 2),
    ("torch.autograd.grad", "from torch.autograd import grad as g\ng(y, x)", 2),
    ("torch.autograd.grad", "from torch import autograd\nautograd.grad(y, x)", 2),
    ("torch.autograd.grad", "import torch as t\nt.autograd.grad(y, x)", 2),
    ("torch.autograd.grad", "g = torch.autograd.grad\ng(y, x)", 2),
    ("torch.autograd.grad", "def f():\n    from torch.autograd import grad\n    return grad(y, x)\nf()", 3),
    ("grad", "from torch.autograd import grad as g\ng(y, x)", 2),
    ("torch.exp", "list(map(torch.exp, xs))", 1),
    ("torch.nn.functional.relu", "import torch.nn.functional as F\nF.relu(x)", 2),
    ("torch.no_grad", "@torch.no_grad()\ndef f(): pass\nf()", 1),
    ("torch.no_grad", "@torch.no_grad\ndef f(): pass\nf()", 1),
    ("torch.no_grad", "from torch import no_grad\nwith no_grad():\n    pass", 2),
    ("with torch.no_grad", "with torch.no_grad():\n    pass", 1),
    ("with torch.no_grad", "from torch import no_grad as quiet\nwith quiet():\n    pass", 2),
    (".data", "x.data.zero_()", 1),
    ("data", "x.data = z", 1),
    ("grad", "g = x.grad", 1),
    ("x.grad.zero_", "x.grad.zero_()", 1),
    ("requires_grad=True", "x = torch.ones(3, requires_grad = True)", 1),
    ("requires_grad=True", "x.requires_grad = True", 1),
    ("requires_grad", "x.requires_grad = True", 1),
    ("retain_graph", "y.backward(retain_graph=True)", 1),
    ("backward(retain_graph=True)", "y.backward(retain_graph=True)", 1),
    ("sum", "sum(x)", 1),
    ("for", "[i for i in x]", 1),
    ("for", "for i in x: pass", 1),
    ("while", "while x: pass", 1),
    ("lambda", "f = lambda x: x", 1),
    ("def", "def f(): pass\nf()", 1),
    ("if", "y = 1 if x else 2", 1),
    ("@", "a @ b", 1),
    ("@", "a @= b", 1),
    ("-", "-x", 1),
    ("*", "x\ny = x * 2", 2),
    ("+", "x += 1", 1),
    ("+=", "x += 1", 1),
    ("==", "a == b", 1),
    ("[]", "x[0]", 1),
    ("torch.relu", "class M:\n  def forward(self, x):\n    return torch.relu(x)\nM()", 3),
    ("backward", "try:\n    pass\nfinally:\n    y.backward()", 4),
    ("sum", "y = lambda: x.sum()", 1),
    ("finally", "try:\n    pass\nfinally:\n    pass", 1),
    ("else", "if x:\n    pass\nelse:\n    pass", 1),
    ("elif", "if x:\n    pass\nelif y:\n    pass", 1),
    ("as", "with a as b:\n    pass", 1),
    ("None", "x.grad = None", 1),
]

NOT_USED = [
    ("backward", "# y.backward()"),
    ("backward", "'y.backward()'"),
    ("backward", "print('y.backward()')"),
    ("backward", "y.backward"),
    ("backward", "b = y.backward"),
    ("backward", "backward = 3"),
    ("backward", "def backward(): pass\nbackward()"),
    ("backward", "backward = print\nbackward()"),
    ("backward", "y.forward()"),
    ("backward", "class A:\n  def backward(self): pass\n"),
    ("backward", "def f():\n  return 1\n  y.backward()\nf()"),
    ("backward", "while True:\n  break\n  y.backward()"),
    ("backward", "raise SystemExit\ny.backward()"),
    ("backward", "if False:\n  y.backward()"),
    ("backward", "if 0:\n  y.backward()"),
    ("backward", "if not True:\n  y.backward()"),
    ("backward", "if True:\n  pass\nelse:\n  y.backward()"),
    ("backward", "while False:\n  y.backward()"),
    ("backward", "for i in []:\n  y.backward()"),
    ("backward", "False and y.backward()"),
    ("backward", "True or y.backward()"),
    ("backward", "y.backward() if False else 0"),
    ("backward", "def f():\n  y.backward()"),
    ("backward", "def f():\n  y.backward()\ndef g():\n  f()"),
    ("torch.autograd.grad", "torch = Fake()\ntorch.autograd.grad(y, x)"),
    ("torch.autograd.grad", "def f(torch):\n  return torch.autograd.grad(y, x)\nf(z)"),
    ("torch.autograd.grad", "x.grad"),
    ("torch.dot", "x.dot(x)"),
    ("sum", "sum = 3\nsum"),
    ("detach", "z = y.detach"),
    ("retain_graph", "y.backward(retain_graph=False)"),
    ("requires_grad=True", "x = torch.ones(3, requires_grad=False)"),
    ("requires_grad=True", "requires_grad = True"),
    ("+=", "x + 1"),
    ("for", "while x: pass"),
    ("with torch.no_grad", "with open(f):\n    pass"),
    ("@", "@staticmethod\ndef f(): pass"),
    ("no_such", "x = ("),
]


@pytest.mark.parametrize(("word", "source", "line"), USED)
def test_what_a_program_uses_is_found_with_its_line(word: str, source: str, line: int) -> None:
    assert where_used(word, source) == line


@pytest.mark.parametrize(("word", "source"), NOT_USED)
def test_what_only_looks_like_use_is_not(word: str, source: str) -> None:
    assert where_used(word, source) is None


def test_every_word_of_the_language_and_every_operator_that_a_pack_may_name_is_known() -> None:
    assert set(keyword.kwlist) <= KEYWORDS.keys()
    assert all(is_used(word) for word in (*KEYWORDS, *OPERATORS))
    assert all(is_used(word) for word, _source, _line in USED)


def test_names_that_the_setup_imported_are_known() -> None:
    assert where_used("torch.autograd.grad", "g(y, x)", "from torch.autograd import grad as g") == 1
    assert where_used("torch.autograd.grad", "torch.autograd.grad(y, x)", "torch = 3") is None


def test_a_name_means_what_it_was_last_given() -> None:
    source = "from torch.autograd import grad\ngrad(y, x)\ngrad = print\n"
    assert where_used("torch.autograd.grad", source) == 2
    assert where_used("torch.autograd.grad", "from torch.autograd import grad\ngrad = print\ngrad(y, x)") is None


@pytest.mark.parametrize("depth", [100, 100_000])
def test_very_deep_programs_are_answered(depth: int) -> None:
    assert where_used("backward", "x = " + "-" * depth + "1") is None
    assert where_used("no_such", "x = " + " @ ".join(["a"] * depth)) is None
    assert where_used("no_such", "x = " + "[" * depth + "]" * depth) is None
