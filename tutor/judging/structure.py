"""``uses`` and ``avoids``: what an answer is made of, by its syntax tree.

The vocabulary is small and written down in ``docs/checks.md``: names (``backward``, ``.data``,
``torch.autograd.grad``), names with arguments (``retain_graph=True``, ``backward(retain_graph=True)``), the language's
keywords, its operators, and ``with NAME``.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from tutor.autograd import Observation
from tutor.judging.living import living
from tutor.judging.names import Names, Path
from tutor.judging.outcomes import why_it_stopped
from tutor.judging.programs import LIMITS
from tutor.judging.syntax import KEYWORDS, OPERATORS
from tutor.judging.verdict import CheckResult
from tutor.packs.format import AvoidsCheck, CodeStep, UsesCheck
from tutor.words import _

_READABLE: Final = frozenset({"ok", "exception", "timeout", "memory-limit", "output-limit"})
"""Outcomes of programs that Python has compiled, so that parsing them here is safe."""

_PROPERTIES: Final = frozenset(
    {"T", "H", "mT", "mH", "data", "device", "dtype", "grad", "grad_fn", "imag", "is_leaf", "itemsize", "layout"}
    | {"nbytes", "ndim", "real", "requires_grad", "retains_grad", "shape", "_version"}
)
"""Attributes of tensors that are used by being read; any other name is used by being called."""


def check_structure(step: CodeStep, answer: str, seen: Observation) -> tuple[CheckResult, ...]:
    """Return the results of the ``uses`` and ``avoids`` checks, one for each word, in the order of the step."""
    checks = [check for check in step.checks if isinstance(check, (UsesCheck, AvoidsCheck))]
    if not checks:
        return ()
    program = _parsed(answer, step.setup) if seen.outcome in _READABLE else None
    results: list[CheckResult] = []
    for check in checks:
        words = check.uses if isinstance(check, UsesCheck) else check.avoids
        results.extend(_result(check, word, program, seen) for word in words)
    return tuple(results)


def where_used(word: str, source: str, setup: str = "") -> int | None:
    """Return the first line of ``source`` that uses ``word``, None where none does or the source does not parse."""
    program = _parsed(source, setup)
    return program.line_of(word) if program is not None else None


class _Program:
    def __init__(self, tree: ast.Module, before: ast.Module | None) -> None:
        self._nodes = list(living(tree))
        self._names = Names(tree, before)
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}

    def line_of(self, word: str) -> int | None:
        word = " ".join(word.split())
        return next((line for node in self._nodes if (line := self._line(node, word)) is not None), None)

    def _line(self, node: ast.AST, word: str) -> int | None:
        if not self._matches(node, word):
            return None
        line = getattr(node, "lineno", None) or getattr(self._parents.get(node), "lineno", None)
        return line if isinstance(line, int) else 1

    def _matches(self, node: ast.AST, word: str) -> bool:
        if word in KEYWORDS:
            return KEYWORDS[word](node)
        if word in OPERATORS:
            return OPERATORS[word](node)
        if word.startswith("with "):
            return isinstance(node, ast.withitem) and self._is_use(_called(node.context_expr), word[5:])
        assigned = re.fullmatch(r"(\w+) ?= ?([^=].*)", word)
        if assigned is not None:
            return _gives(node, assigned[1], assigned[2])
        if word.endswith(")") and "(" in word:
            return self._is_call_with(node, word)
        if isinstance(node, ast.keyword):
            return node.arg == word and not _is_off(node.value)
        return isinstance(node, (ast.Name, ast.Attribute, ast.Call)) and self._is_use(node, word)

    def _is_call_with(self, node: ast.AST, word: str) -> bool:
        name, _paren, arguments = word[:-1].partition("(")
        if not isinstance(node, ast.Call) or self._path(node.func, name) is None:
            return False
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        wanted = [part.partition("=") for part in arguments.split(",") if part.strip()]
        return all(given.get(key.strip()) == value.strip() for key, _equals, value in wanted)

    def _is_use(self, node: ast.expr, word: str) -> bool:
        path = self._path(node, word)
        if path is None:
            return False
        is_read = path.parts[-1] in _PROPERTIES and path.root != "imported"
        return word.startswith(".") or is_read or self._is_handed_on(node)

    def _path(self, node: ast.expr, word: str) -> Path | None:
        """What ``node`` stands for, if that is what ``word`` means."""
        path = self._names.resolve(node)
        if path is None or (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)):
            return None
        return path if _is_path(path, word, attribute=not isinstance(node, ast.Name)) else None

    def _is_handed_on(self, node: ast.expr) -> bool:
        """Whether a function is called, or given to something that may call it; merely naming it does nothing."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call):
            return True
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return node in parent.decorator_list
        return isinstance(parent, (ast.withitem, ast.keyword, ast.Starred, ast.Return, ast.Yield, ast.List, ast.Tuple))


def _is_path(path: Path, word: str, *, attribute: bool) -> bool:
    if word.startswith("."):
        return attribute and path.parts[-len(word[1:].split(".")) :] == tuple(word[1:].split("."))
    if "." in word:
        return path.dotted == word and (path.root == "imported" or not word.startswith("torch."))
    return path.parts[-1] == word and (path.root != "own" or len(path.parts) > 1)


def _parsed(source: str, setup: str) -> _Program | None:
    try:
        before = ast.parse(setup) if setup else None
        return _Program(ast.parse(source), before)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _gives(node: ast.AST, name: str, value: str) -> bool:
    """``requires_grad=True``: an argument, or an attribute that is set."""
    if isinstance(node, ast.keyword):
        return node.arg == name and ast.unparse(node.value) == value
    if isinstance(node, ast.Assign):
        named = any(isinstance(target, ast.Attribute) and target.attr == name for target in node.targets)
        return named and ast.unparse(node.value) == value
    return False


def _is_off(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _result(check: UsesCheck | AvoidsCheck, word: str, program: _Program | None, seen: Observation) -> CheckResult:
    wanted = isinstance(check, UsesCheck)
    if program is None:
        deep = _("Your program is nested too deeply to be looked into.")
        why = deep if seen.outcome in _READABLE else why_it_stopped(seen, LIMITS)
        text = _("{why} Whether it uses `{word}` was not looked at.").format(why=why, word=word)
        return CheckResult(kind="uses" if wanted else "avoids", label=word, passed=False, cause="not-run", text=text)
    line = program.line_of(word)
    passed = (line is not None) == wanted
    return CheckResult(
        kind="uses" if wanted else "avoids",
        label=word,
        passed=passed,
        cause="equal" if passed else "structure",
        text=_text(word, line, wanted),
        message=None if passed else check.message,
        line=line,
    )


def _text(word: str, line: int | None, wanted: bool) -> str:
    if wanted:
        text = _("Your program does not use `{word}`, which this step asks for.")
        return text.format(word=word) if line is None else _("Line {line} uses `{word}`.").format(line=line, word=word)
    if line is None:
        return _("Your program does without `{word}`.").format(word=word)
    return _("Line {line} uses `{word}`, which this step asks you to do without.").format(line=line, word=word)
