"""Names that do not exist: methods, attributes, variables; mostly a slip of the finger or a habit from elsewhere."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from typing import Final

from tutor.explaining.changes import Change, ReplaceExpression, ReplaceStatement
from tutor.explaining.code import flat
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Case, Finding, Kind, Mending, Page
from tutor.words import _

_ATTRIBUTE = re.compile(r"'([\w.]+)' object has no attribute '(\w+)'")
_MODULE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
_NAME = re.compile(
    r"name '(\w+)' is not defined|cannot access local variable '(\w+)'|local variable '(\w+)' referenced"
)
_TENSORS: Final = {"Tensor", "Parameter"}

# Method names of other libraries and of earlier versions, and what they are called on a tensor.
_HABITS: Final = {
    "zero_grad": "grad.zero_",
    "astype": "to",
    "copy": "clone",
    "len": "numel",
    "length": "numel",
    "concat": "cat",
    "toarray": "numpy",
    "asnumpy": "numpy",
    "to_numpy": "numpy",
    "as_numpy": "numpy",
    "power": "pow",
    "square_": "square",
    "average": "mean",
    "stop_gradient": "detach",
    "gradient": "grad",
    "gradients": "grad",
    "grads": "grad",
    "derivative": "grad",
    "backwards": "backward",
    "back": "backward",
    "backprop": "backward",
    "dimension": "dim",
    "sizes": "size",
    "require_grad": "requires_grad",
    "require_grad_": "requires_grad_",
    "requires_gradient": "requires_grad",
    "require_grads": "requires_grad",
    "cast": "to",
    "append": "cat",
    "value": "item",
    "eval": "item",
    "get": "item",
    "scalar": "item",
}
_METHODS: Final = (
    "abs", "acos", "add", "add_", "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "asin", "atan", "backward",
    "bmm", "ceil", "chunk", "clamp", "clamp_", "clip", "clone", "copy_", "cos", "cosh", "cpu", "cumprod", "cumsum", "data",
    "detach", "detach_", "device", "diag", "diff", "dim", "div", "div_", "dot", "double", "dtype", "eq", "erf", "exp",
    "expand", "expand_as", "fill_", "flatten", "flip", "float", "floor", "gather", "ge", "grad", "grad_fn", "gt", "half",
    "index_select", "int", "inverse", "is_leaf", "isfinite", "isinf", "isnan", "item", "le", "log", "log10", "log1p", "log2",
    "logsumexp", "long", "lt", "masked_fill", "matmul", "max", "maximum", "mean", "median", "min", "minimum", "mm", "mul",
    "mul_", "mv", "nan_to_num", "ndim", "neg", "new_zeros", "norm", "normal_", "nonzero", "numel", "numpy", "outer",
    "permute", "pow", "prod", "reciprocal", "register_hook", "relu", "repeat", "requires_grad", "requires_grad_", "reshape",
    "retain_grad", "roll", "round", "rsqrt", "scatter", "shape", "sigmoid", "sign", "sin", "sinh", "size", "softmax", "sort",
    "split", "sqrt", "square", "squeeze", "std", "sub", "sub_", "sum", "t", "tan", "tanh", "to", "tolist", "topk", "trace",
    "transpose", "tril", "triu", "type", "unbind", "unique", "unsqueeze", "var", "view", "view_as", "where", "zero_",
)  # fmt: skip
_TORCH: Final = (
    *_METHODS, "arange", "as_tensor", "autograd", "bmm", "cat", "concat", "einsum", "enable_grad", "eye", "float32",
    "float64", "from_numpy", "full", "inference_mode", "int64", "is_tensor", "linalg", "linspace", "logspace", "manual_seed",
    "meshgrid", "nn", "no_grad", "ones", "ones_like", "optim", "rand", "rand_like", "randint", "randn", "randn_like",
    "randperm", "set_default_dtype", "set_grad_enabled", "stack", "tensor", "Tensor", "vmap", "zeros", "zeros_like",
)  # fmt: skip


def _suspects_method(facts: Facts) -> bool:
    seen = facts.exception
    return (
        seen is not None
        and seen.type == "AttributeError"
        and bool(_ATTRIBUTE.search(seen.message) or _MODULE.search(seen.message))
    )


def _attribute(facts: Facts, name: str) -> ast.Attribute | None:
    statement = facts.code.statement_at(facts.line) if facts.line else None
    return next(
        (node for node in ast.walk(statement) if isinstance(node, ast.Attribute) and node.attr == name)
        if statement
        else iter(()),
        None,
    )


def _find_method(facts: Facts) -> Finding | None:
    message = facts.exception.message if facts.exception else ""
    owned, module = _ATTRIBUTE.search(message), _MODULE.search(message)
    match = owned or module
    node = _attribute(facts, match.group(2)) if match else None
    if (
        match is None
        or node is None
        or match.group(1) in {"NoneType", "builtin_function_or_method", "function", "float", "int"}
    ):
        return None
    owner, name = match.group(1), match.group(2)
    receiver = facts.code.segment(node.value)
    meant = _meant(facts, owner, name, receiver)
    if owner in _TENSORS and name == "zero_grad":
        return _zero_grad(facts, node, receiver)
    if owner not in _TENSORS and name in {"backward", "item", "retain_grad"}:
        return _on_what_was_computed(facts, node, owner)
    what = _("a tensor") if owner in _TENSORS else f"`{owner}`"
    headline = _("`{receiver}`, {what}, has no `{name}`.").format(receiver=receiver, what=what, name=name)
    if module is not None:
        headline = _("There is no `{name}` in `{owner}`.").format(name=name, owner=owner)
    why = _("In line {line} you ask for `{receiver}.{name}`, and there is no such method or attribute.").format(
        line=facts.line, receiver=receiver, name=name
    )
    if meant:
        why += " " + _("Did you mean `{meant}`?").format(meant=meant[0])
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=headline,
        why=why,
        mendings=tuple(_renamed(facts, node, one) for one in meant),
    )


def _meant(facts: Facts, owner: str, name: str, receiver: str) -> list[str]:
    if owner in _TENSORS:
        habit = [_HABITS[name]] if name in _HABITS else []
        return [*habit, *(one for one in difflib.get_close_matches(name, _METHODS, 2, 0.7) if one not in habit)]
    if owner == "torch":
        return difflib.get_close_matches(name, _TORCH, 2, 0.7)
    if owner == "torch.autograd":
        return difflib.get_close_matches(name, ("backward", "grad", "Function", "functional", "gradcheck"), 2, 0.6)
    if owner in {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"}:
        return difflib.get_close_matches(name, ("zero_grad", "step", "param_groups", "state_dict"), 1, 0.5)
    known = {one.name.rsplit(".", 1)[-1] for one in facts.observation.tensors if one.name.startswith(f"{receiver}.")}
    written = {
        part.attr
        for target in facts.code.nodes
        if isinstance(target, (ast.Assign, ast.AnnAssign))
        for whole in (target.targets if isinstance(target, ast.Assign) else [target.target])
        for part in flat(whole)
        if isinstance(part, ast.Attribute)
    }
    methods = {node.name for node in facts.code.nodes if isinstance(node, ast.FunctionDef)}
    layer = {"weight", "bias", "parameters", "forward", "train", "eval", "zero_grad", "in_features", "out_features"}
    return difflib.get_close_matches(name, sorted(known | written | methods | layer), 2, 0.6)


def _renamed(facts: Facts, node: ast.Attribute, new: str) -> Mending:
    code = facts.code
    text = f"{code.of(node.value)}.{new}"
    change = ReplaceExpression(node.lineno, code.of(node), text, code.start(node))
    return Mending(title=_("Write `{new}`").format(new=f"{code.segment(node.value)}.{new}"), changes=(change,))


def _on_what_was_computed(facts: Facts, node: ast.Attribute, owner: str) -> Finding:
    """``model.backward()``: it is the loss that goes backward."""
    code, receiver = facts.code, facts.code.segment(node.value)
    tensors = [one.name for one in facts.observation.tensors if one.grad_fn is not None and one.name.isidentifier()]
    frame = facts.frame
    tensors += [
        one.name
        for one in (frame.locals if frame is not None else ())
        if one.tensor is not None and one.tensor.grad_fn is not None and one.name.isidentifier()
    ]
    single = sorted(dict.fromkeys(tensors), key=lambda name: "loss" not in name.lower())
    changes = [ReplaceExpression(node.lineno, code.of(node.value), name, code.start(node.value)) for name in single]
    hint = _(" Here that is `{name}`.").format(name=single[0]) if single else ""
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{receiver}` in line {line} is a `{owner}`, not a tensor, so it has no `{name}`.").format(
            receiver=receiver, line=facts.line, owner=owner, name=node.attr
        ),
        why=_("`{name}` belongs to the tensor that was computed, the loss, not to what computed it.{hint}").format(
            name=node.attr, hint=hint
        ),
        mendings=tuple(
            Mending(
                title=_("Call it on the tensor: `{name}.{method}()`").format(name=change.new, method=node.attr),
                changes=(change,),
            )
            for change in changes
        ),
    )


def _zero_grad(facts: Facts, node: ast.Attribute, receiver: str) -> Finding:
    code = facts.code
    statement = code.statement_of(node)
    start = code.start(statement)
    changes: list[tuple[str, Change]] = [
        (
            _("Forget the gradient: `{name}.grad = None`"),
            ReplaceStatement(statement.lineno, f"{receiver}.grad = None", start),
        ),
        (
            _("Set it to zero: `{name}.grad.zero_()`"),
            ReplaceStatement(statement.lineno, f"{receiver}.grad.zero_()", start),
        ),
    ]
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("`{name}` is a tensor, and tensors have no such method as `zero_grad`.").format(name=receiver),
        why=_(
            "`zero_grad()` belongs to a module or an optimizer, which clears the gradients of all its parameters. In line {line} you "
            "have a single tensor: clear its gradient with `{name}.grad = None` or `{name}.grad.zero_()`."
        ).format(line=facts.line, name=receiver),
        mendings=tuple(Mending(title=title.format(name=receiver), changes=(change,)) for title, change in changes),
    )


# Variables


def _find_name(facts: Facts) -> Finding | None:
    match = _NAME.search(facts.exception.message) if facts.exception else None
    name = next((group for group in match.groups() if group), None) if match else None
    statement = facts.code.statement_at(facts.line) if facts.line else None
    if name is None or statement is None:
        return None
    node = next((one for one in ast.walk(statement) if isinstance(one, ast.Name) and one.id == name), None)
    later = [one for one in facts.code.assignments(name) if one.lineno > (facts.line or 0)]
    known = {one.id for one in facts.code.nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    known |= {one.name for one in facts.code.nodes if isinstance(one, (ast.FunctionDef, ast.ClassDef))}
    known |= {part.arg for one in facts.code.nodes if isinstance(one, ast.FunctionDef) for part in one.args.args}
    known |= {one.name for one in facts.observation.tensors if one.name.isidentifier()} | {"torch"}
    close = difflib.get_close_matches(name, sorted((known | set(dir(builtins))) - {name}), 2, 0.6)
    close += [one for one in sorted(known) if one.lower() == name.lower() and one != name and one not in close]
    mendings = []
    if node is not None:
        for one in close:
            change = ReplaceExpression(node.lineno, name, one, facts.code.start(node), every=False)
            mendings.append(Mending(title=_("Write `{new}`").format(new=one), changes=(change,)))
        if name in _MODULES:
            new = _MODULES[name]
            from_top = ReplaceExpression(node.lineno, name, new, facts.code.start(node))
            mendings.insert(0, Mending(title=_("Write it in full: `{new}`").format(new=new), changes=(from_top,)))
    why = _("Python reads from top to bottom, and when it comes to line {line} nothing has that name.").format(
        line=facts.line
    )
    if later:
        why += " " + _("`{name}` gets its value in line {later}, further down.").format(
            name=name, later=later[0].lineno
        )
    if close:
        why += " " + _("Did you mean `{meant}`?").format(meant=close[0])
    return Finding(
        line=facts.line,
        cause_line=facts.line,
        headline=_("There is no `{name}` yet in line {line}.").format(name=name, line=facts.line),
        why=why,
        mendings=tuple(mendings),
    )


_MODULES: Final = {
    "nn": "torch.nn",
    "optim": "torch.optim",
    "F": "torch.nn.functional",
    "autograd": "torch.autograd",
    "tensor": "torch.tensor",
    "no_grad": "torch.no_grad",
    "Tensor": "torch.Tensor",
    "grad": "torch.autograd.grad",
}

NO_SUCH_METHOD = Kind(
    slug="no-such-method",
    rank=60,
    needs_history=False,
    suspects=_suspects_method,
    find=_find_method,
    page=Page(
        title=_("A method that a tensor does not have"),
        what=_(
            "The name after the dot does not exist: misspelt, of another library, or of a module or optimizer, not of a tensor."
        ),
        mend=_("Use the tensor's own name for it. `x.grad = None` clears the gradient of one tensor."),
    ),
    cases=(
        Case(
            code=(
                "import torch\n"
                "class Player:\n"
                "    def __init__(self):\n"
                "        self.skill = torch.tensor([2.0], requires_grad=True)\n"
                "    def train(self):\n"
                "        (self.skill ** 2).sum().backward()\n"
                "        self.skill.zero_grad()\n"
                "Player().train()\n"
            ),
            line=7,
            cause_line=7,
            facts=(r"`self\.skill`", r"grad\.zero_\(\)", "optimizer", "line 7"),
        ),
        Case(
            code="import torch\nheat = torch.ones(2, requires_grad=True)\n(heat * 2).sum().backwards()\n",
            line=3,
            facts=("backwards", "Did you mean `backward`"),
        ),
        Case(
            code="import torch\nnet = torch.nn.Linear(2, 1)\nprint(net.weights)\n",
            line=3,
            facts=("`weight`", r"net\.weight"),
        ),
        Case(code="import torch\ny = torch.arrange(4.0)\n", line=2, facts=("arrange", r"torch\.arange")),
    ),
)

UNKNOWN_NAME = Kind(
    slug="unknown-name",
    rank=60,
    needs_history=False,
    suspects=lambda facts: facts.exception is not None and facts.exception.type in {"NameError", "UnboundLocalError"},
    find=_find_name,
    page=Page(
        title=_("A name that does not exist yet"),
        what=_(
            "Python reads from top to bottom. A name must get its value above the line that uses it, spelt in the same way."
        ),
        mend=_("Correct the spelling, or assign it first."),
    ),
    cases=(
        Case(
            code="import torch\nweight = torch.ones(2, requires_grad=True)\nloss = (wieght * 2).sum()\n",
            line=3,
            facts=("`wieght`", "`weight`", "line 3"),
        ),
        Case(code="import torch\nlayer = nn.Linear(1, 1)\n", line=2, facts=(r"torch\.nn",)),
    ),
)
