"""Tensors at which history begins: which one was meant to be learnt, where it was made, how to ask for its gradient."""

from __future__ import annotations

import ast
import re

from tutor.autograd.history import TensorKnown
from tutor.explaining.changes import FloatLiterals, Insert, SetKeyword, WithMethod
from tutor.explaining.code import Assignment, called_name
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Mending
from tutor.explaining.lineage import made_by_expression
from tutor.words import _

_FACTORIES = frozenset(
    {
        "tensor", "zeros", "ones", "full", "empty", "rand", "randn", "arange", "linspace", "logspace", "eye", "zeros_like",
        "ones_like", "full_like", "rand_like", "randn_like", "empty_like", "normal", "randint", "as_strided", "scalar_tensor",
    }
)  # fmt: skip
_LEARNT = re.compile(
    r"(weight|bias|theta|param|coef|slope|shift|scale|gain|offset|factor|alpha|beta|gamma|sigma|latent|^w\d*$|^b\d*$|^x\d*$)",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"(target|label|truth|data|input|batch|sample|point|feature|image|answer|noise|mask|^y\d*$|^t$)", re.IGNORECASE
)


def likeliest(facts: Facts, numbers: tuple[int, ...]) -> TensorKnown | None:
    """The tensor whose gradient was most likely wanted: one whose ``.grad`` is read, an updated one, else by its name."""
    known = [tensor for number in numbers if (tensor := facts.tensor(number)) is not None and _nameable(facts, tensor)]
    return max(known, key=lambda tensor: (_wish(facts, tensor), -tensor.id), default=None)


def _nameable(facts: Facts, tensor: TensorKnown) -> bool:
    return facts.name(tensor.id) is not None or made_by_expression(facts, tensor.id) is not None


def _wish(facts: Facts, tensor: TensorKnown) -> int:
    names = [*facts.names(tensor.id), facts.name(tensor.id) or ""]
    read = {
        ast.unparse(node.value)
        for node in ast.walk(facts.code.tree)  # in f-strings too
        if isinstance(node, ast.Attribute) and node.attr == "grad"
    }
    last = [name.split(".")[-1] for name in names]
    wish = 8 if read & set(names) or {one.split(".")[-1] for one in read} & set(last) else 0
    wish += 4 if any(_is_optimised(facts, name) for name in names if name) else 0
    wish += 2 if any(_LEARNT.search(name) and name != "X" for name in last) else 0
    wish -= 2 if any(_GIVEN.search(name) or name in {"X", "Y"} for name in last) else 0
    return wish + (1 if tensor.dtype.startswith(("float", "complex", "bfloat")) else 0)


def _is_optimised(facts: Facts, name: str) -> bool:
    """Whether the program changes it in place, hands it to an optimiser, or differentiates with respect to it."""
    for node in facts.code.nodes:
        if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == name:
            return True
        if isinstance(node, ast.Call) and called_name(node) in {"SGD", "Adam", "AdamW", "RMSprop", "grad"}:
            arguments = node.args[1:] if called_name(node) == "grad" else node.args[:1]
            if any(ast.unparse(part) == name for argument in arguments for part in ast.walk(argument)):
                return True
    return False


def name_of_leaf(facts: Facts, tensor: TensorKnown) -> str:
    """Its name in the program, or the expression that made it."""
    name, node = facts.name(tensor.id), made_by_expression(facts, tensor.id)
    return name or facts.code.segment(node) or _("the input")


def part_of(facts: Facts, tensor: TensorKnown) -> str:
    """For a tensor without a name of its own: what it goes into, for a sentence."""
    node = made_by_expression(facts, tensor.id)
    if facts.name(tensor.id) is not None or node is None:
        return ""
    statement = facts.code.statement_of(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return _(" (which goes into `{name}`)").format(name=facts.code.segment(targets[0])) if targets else ""


def made_on(facts: Facts, tensor: TensorKnown) -> int | None:
    """The line of the answer on which it was made."""
    maker = facts.maker(tensor.id)
    if maker is not None and (line := facts.line_of(maker)) is not None and maker.op != "requires_grad_":
        return line
    node = made_by_expression(facts, tensor.id)
    return None if node is None else node.lineno


def asking_for_grad(facts: Facts, tensor: TensorKnown) -> tuple[Mending, ...]:
    """Ways to ask for its gradient: where it is made, or in a line of its own behind that."""
    node = made_by_expression(facts, tensor.id)
    if node is None:
        return ()
    name, found = name_of_leaf(facts, tensor), list[Mending]()
    title = _("Ask for the gradient of `{name}`: `requires_grad=True` in line {line}").format(
        name=name, line=node.lineno
    )
    text, column = facts.code.of(node), facts.code.start(node)
    if isinstance(node, ast.Call) and called_name(node) in _FACTORIES:
        keyword = SetKeyword(node.lineno, called_name(node), "requires_grad", "True", column)
        whole = not tensor.dtype.startswith(("float", "complex", "bfloat"))
        if whole:
            floats = FloatLiterals(node.lineno, text, column)
            title = _("Make `{name}` of floats, with `requires_grad=True` in line {line}").format(
                name=name, line=node.lineno
            )
            found.append(Mending(title=title, changes=(floats, keyword)))
            dtype = SetKeyword(node.lineno, called_name(node), "dtype", "torch.float32", column)
            found.append(Mending(title=title, changes=(dtype, keyword)))
        else:
            found.append(Mending(title=title, changes=(keyword,)))
    found.append(
        Mending(
            title=_("Ask for its gradient where it is made: `.requires_grad_()` in line {line}").format(
                line=node.lineno
            ),
            changes=(WithMethod(node.lineno, text, "requires_grad_()", column),),
        )
    )
    return (*found, *_in_a_line_of_its_own(facts, node))


def _in_a_line_of_its_own(facts: Facts, node: ast.expr) -> tuple[Mending, ...]:
    statement = facts.code.statement_of(node)
    targets = facts.code.targets(node)
    if not isinstance(statement, Assignment) or len(targets) != 1 or isinstance(targets[0], (ast.Tuple, ast.List)):
        return ()
    name = facts.code.of(targets[0])
    return (
        Mending(
            title=_("Ask for its gradient behind line {line}: `{name}.requires_grad_()`").format(
                line=statement.lineno, name=name
            ),
            changes=(
                Insert(statement.lineno, f"{name}.requires_grad_()", after=True, column=facts.code.start(statement)),
            ),
        ),
    )
