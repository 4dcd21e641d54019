"""The gradient of a computed tensor was read; only leaves keep theirs, unless asked with retain_grad."""

from __future__ import annotations

import ast

from tutor.autograd import Observation
from tutor.autograd.history import Event, TensorKnown
from tutor.explaining.absent import absent_gradient, gradient_text
from tutor.explaining.changes import DropArgument, Insert, UpdateInPlace, WithMethod
from tutor.explaining.code import called_name, keyword
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.explaining.kinds.grad_is_none import suspects as speaks_of_none
from tutor.explaining.lineage import is_update, made_by_expression
from tutor.words import _

_WARNING = "attribute of a Tensor that is not a leaf Tensor is being accessed"


def _warned(facts: Facts) -> bool:
    return any(_WARNING in warning.message for warning in facts.observation.warnings)


def _suspects(facts: Facts) -> bool:
    return speaks_of_none(facts) or (facts.observation.outcome == "ok" and _warned(facts))


def _find(facts: Facts) -> Finding | None:
    read = _read(facts)
    known = None if read is None else facts.tensor(read.inputs[0])
    if read is None or known is None or known.is_leaf:
        return None
    failed = facts.observation.outcome != "ok"
    maker = facts.maker(known.id)
    if maker is not None and is_update(facts, maker):
        return None if failed else _rebound(facts, read, known, maker)
    name, grad = facts.name(known.id) or facts.text_of(maker), gradient_text(facts, read)
    line, made = facts.line if failed else facts.line_of(read), facts.line_of(maker)
    return Finding(
        severity="error" if failed else "warning",
        line=line,
        cause_line=made,
        headline=_("`{grad}` in line {line} is None: `{name}` is not a leaf but was computed in line {made}.").format(
            grad=grad, line=line, name=name, made=made
        ),
        why=_(
            "`{text}` ({grad_fn}) makes `{name}` an intermediate result. Gradients flow through it, but autograd "
            "keeps them only for leaves, the tensors you made with `requires_grad=True`. Ask before the backward "
            "with `{name}.retain_grad()`."
        ).format(text=facts.text_of(maker), grad_fn=known.grad_fn, name=name),
        mendings=tuple(_mendings(facts, known)),
        about=(known.id,),
    )


def _read(facts: Facts) -> Event | None:
    if facts.observation.outcome != "ok":
        found = absent_gradient(facts)
        return found.read if found is not None and found.why == "not-a-leaf" else None
    lines = {warning.line for warning in facts.observation.warnings if _WARNING in warning.message}
    for event in facts.events("grad.__get__"):
        known = facts.tensor(event.inputs[0])
        if facts.line_of(event) in lines and known is not None and not known.is_leaf and not known.retains_grad:
            return event
    return None


def _quiet(observation: Observation) -> bool:
    return not any(_WARNING in warning.message for warning in observation.warnings)


def _mendings(facts: Facts, known: TensorKnown) -> list[Mending]:
    node = made_by_expression(facts, known.id)
    if node is None:
        return []
    found: list[Mending] = _leaf_at_the_end(facts, node)
    statement, targets = facts.code.statement_of(node), facts.code.targets(node)
    if _is_updated(facts, targets):
        detached = WithMethod(node.lineno, facts.code.of(node), "detach().requires_grad_()", facts.code.start(node))
        title = _("Make it a leaf of its own: `.detach().requires_grad_()` in line {line}").format(line=node.lineno)
        found.append(Mending(title=title, changes=(detached,), holds=_quiet))
    if isinstance(statement, ast.Assign) and len(targets) == 1:
        text = f"{facts.code.of(targets[0])}.retain_grad()"
        found.append(
            Mending(
                title=_("Keep its gradient: `{text}` behind line {line}").format(text=text, line=statement.lineno),
                changes=(Insert(statement.lineno, text, after=True, column=facts.code.start(statement)),),
                holds=_quiet,
            )
        )
    return found


def _is_updated(facts: Facts, targets: list[ast.expr]) -> bool:
    """Whether the program learns it, ``w -= 0.1 * w.grad``, so that it was meant to be a leaf."""
    names = {ast.unparse(target) for target in targets}
    return any(isinstance(node, ast.AugAssign) and ast.unparse(node.target) in names for node in facts.code.nodes)


def _leaf_at_the_end(facts: Facts, node: ast.expr) -> list[Mending]:
    """``torch.ones(3, requires_grad=True).double()`` was meant to be a leaf: ask at the end."""
    asked = [one for one in ast.walk(node) if isinstance(one, ast.Call) and keyword(one, "requires_grad") is not None]
    if not asked:
        return []
    drop = DropArgument(asked[0].lineno, called_name(asked[0]), "requires_grad")
    method = WithMethod(node.lineno, facts.code.of(node), "requires_grad_()", facts.code.start(node))
    title = _("Make it a leaf: ask for the gradient last, `.requires_grad_()` in line {line}").format(line=node.lineno)
    return [Mending(title=title, changes=(method, drop), holds=_quiet)]


def _rebound(facts: Facts, read: Event, known: TensorKnown, maker: Event) -> Finding:
    line, name = facts.line_of(maker), facts.assigned_name(maker) or facts.name(known.id) or "w"
    return Finding(
        kind="leaf-rebound",
        severity="warning",
        line=facts.line_of(read),
        cause_line=line,
        headline=_("`{name}` is no longer the leaf since line {line}, so `{grad}` stays None.").format(
            name=name, line=line, grad=gradient_text(facts, read)
        ),
        why=_(
            "`{text}` computes a new tensor and calls it `{name}`; the leaf that gets gradients is another tensor. "
            "Change the leaf in place under `no_grad`: `{name} -= …`."
        ).format(text=facts.text_of(maker), name=name),
        mendings=_in_place(facts, maker),
    )


def _in_place(facts: Facts, maker: Event) -> tuple[Mending, ...]:
    node = facts.node_of(maker)
    if node is None:
        return ()
    statement = facts.code.statement_of(node)
    change = UpdateInPlace(statement.lineno, column=facts.code.start(statement))
    return (Mending(title=_("Change it in place under `no_grad`"), changes=(change,), holds=_quiet),)


NON_LEAF_GRAD = Kind(
    slug="non-leaf-grad",
    rank=24,
    suspects=_suspects,
    find=_find,
    page=Page(
        title=_("The gradient of a computed tensor"),
        what=_(
            "Autograd keeps gradients for leaves only. The `.grad` of a computed tensor is None, and torch warns "
            "when it is read."
        ),
        mend=_(
            "Call `y.retain_grad()` before the backward. If `y` was meant to be a leaf, ask with `requires_grad_()` "
            "at the end."
        ),
        lesson="autograd/first-gradient",
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Chain:\n"
                "    def run(self, start):\n"
                "        self.middle = start * 2\n"
                "        return (self.middle ** 2).sum()\n"
                "start = torch.tensor([1.0, 2.0], requires_grad=True)\n"
                "chain = Chain()\n"
                "chain.run(start).backward()\n"
                "print(chain.middle.grad)\n"
            ),
            line=9,
            cause_line=4,
            facts=(r"middle", "retain_grad", "leaf", "line 4"),
        ),
        Case(
            code=(
                "import torch\n"
                "w = torch.ones(3, requires_grad=True).double()\n"
                "(w * w).sum().backward()\n"
                "print(w.grad.norm())\n"
            ),
            line=4,
            cause_line=2,
            facts=("`w`", "leaf", "requires_grad_"),
        ),
    ),
)
