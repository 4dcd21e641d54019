"""Single values of a pack: text of each sort, numbers, flags; and what to say when something else stands there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from tutor.packs.format import Holds
from tutor.packs.problem import quoted, suggestion
from tutor.packs.python_text import code_trouble, is_dotted_name, is_used, offset_in
from tutor.packs.source import Source
from tutor.packs.traps import block_form
from tutor.packs.tree import Items, Mapping, Node, Scalar
from tutor.text import safe
from tutor.words import _

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_MAX_SLUG: Final = 64
_CUT: Final = re.compile(r" #(?P<rest>[^\n]*)")
_COMMENT: Final = re.compile(r"[ \t]+#(?P<rest>[^\n]*)")
_FLAGS: Final = ("yes", "no", "on", "off", "y", "n", "true", "false")

_SHORT: Final = frozenset({"title", "summary"})
"""One word of these may well be followed by a comment."""
_MAY_BE_EMPTY: Final = frozenset({Holds.CODE})


class Say(Protocol):
    def __call__(self, offset: int, message: str, code: str, *, note: bool = False) -> None: ...


class Leaves:
    """Reads single values. Each method returns the value in a tuple, or None after saying what is wrong."""

    def __init__(self, source: Source, say: Say) -> None:
        self._source = source
        self._say = say
        self._rules: dict[Holds, Callable[[Scalar, str], bool]] = {
            Holds.WORDS: self._words,
            Holds.CODE: self._code,
            Holds.EXPRESSION: self._expression,
            Holds.PATTERN: self._pattern,
            Holds.SLUG: self._slug,
            Holds.DOTTED: self._dotted,
            Holds.USED: self._used,
        }

    def described(self, node: Node) -> str:
        """Return what ``node`` is, for a message that says what was found."""
        if isinstance(node, Items):
            return _("a list")
        if isinstance(node, Mapping):
            first = node.pairs[0][0].text if node.pairs else ""
            return _("a mapping with the key {key}").format(key=quoted(first)) if node.pairs else _("an empty mapping")
        if node.style != "plain" or isinstance(node.value, str):
            return _("the text {text}").format(text=quoted(node.text))
        if node.value is None:
            return _("nothing") if not node.text else _("null ({text})").format(text=quoted(node.text))
        if isinstance(node.value, bool):
            return _("{text} (true or false)").format(text=quoted(node.text))
        return _("the number {text}").format(text=quoted(node.text))

    def text(self, holds: Holds, node: Node, key: str) -> tuple[Any] | None:
        if holds is Holds.LITERAL:
            return self._literal(node)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._no_text(holds, node, key)
            return None
        if not node.text.strip() and holds not in _MAY_BE_EMPTY:
            message = _("found empty text for `{key}`; expected some")
            self._say(node.start, message.format(key=key), "empty")
            return None
        rule = self._rules.get(holds)
        if rule is not None and not rule(node, key):
            return None
        return (safe(node.text),)

    def _no_text(self, holds: Holds, node: Node, key: str) -> None:
        if isinstance(node, Mapping) and node.pairs:
            if self._source.text.startswith("{", node.start):
                message = _("found `{{` at the start of `{key}`, which begins a mapping in YAML; {advice}")
            else:
                message = _("found {found} for `{key}`; expected text. If `: ` belongs to the text: {advice}")
        elif isinstance(node, Items):
            message = _("found a list for `{key}`; expected text. If it begins with `[` or `- `: {advice}")
        elif isinstance(node, Scalar) and node.value is not None:
            message = _("found {found} for `{key}`; expected text, in quotes: {key}: {quotes}")
        elif (comment := self._comment_for(node.start, key)) is not None:
            message = _("found nothing for `{key}`, since ` #` begins a comment ({found}); {advice}")
            text = message.format(key=key, found=quoted(comment["rest"].strip()), advice=block_form(key))
            self._say(comment.start("rest") - 1, text, "comment")
            return
        else:
            message = _("found {found} for `{key}`; expected {wanted}")
        quotes = f'"{node.text}"' if isinstance(node, Scalar) else ""
        wanted = _("Python code, in the block form: `{key}: |`").format(key=key) if holds is Holds.CODE else _("text")
        found = self.described(node)
        text = message.format(found=found, key=key, advice=block_form(key), quotes=quotes, wanted=wanted)
        self._say(node.start, text, "text")

    def _comment_for(self, before: int, key: str) -> re.Match[str] | None:
        """Return the comment that stands where the text of ``key`` is missing."""
        at = self._source.text.rfind(f"{key}:", 0, before + 1)
        return _COMMENT.match(self._source.text, at + len(key) + 1) if at >= 0 else None

    def _words(self, node: Scalar, key: str) -> bool:
        """A comment is set apart by two spaces, as in Python; after one it is more likely text that was cut."""
        long = key not in _SHORT or " " in node.text
        if node.style == "plain" and long and (cut := _CUT.match(self._source.text, node.end)):
            message = _("found ` #` in text without quotes, which cuts it: {rest} is not shown; {advice}")
            text = message.format(rest=quoted("#" + cut["rest"]), advice=block_form(key))
            self._say(node.end + 1, text, "comment")
            return False
        return True

    def _code(self, node: Scalar, key: str) -> bool:
        if node.style == ">" and len(node.text.strip()) and self._lines(node) > 1:
            message = _("found code after `>`, which joins its lines; expected `{key}: |`, which keeps them")
            self._say(node.start, message.format(key=key), "folded")
            return False
        trouble = code_trouble(node.text)
        return trouble is None or self._not_python(node, key, trouble)

    def _lines(self, node: Scalar) -> int:
        return sum(bool(line.strip()) for line in self._source.text[node.start : node.end].split("\n")[1:])

    def _expression(self, node: Scalar, key: str) -> bool:
        trouble = code_trouble(node.text, expression=True)
        return trouble is None or self._not_python(node, key, trouble, expression=True)

    def _not_python(self, node: Scalar, key: str, trouble: tuple[int, int, str], *, expression: bool = False) -> bool:
        line, column, said = trouble
        wanted = _("an expression such as `x.grad`") if expression else _("valid Python")
        message = _("found Python in `{key}` that cannot be read ({said}); expected {wanted}")
        offset = offset_in(self._source, node, line, column)
        self._say(offset, message.format(key=key, said=said, wanted=wanted), "python")
        return False

    def _pattern(self, node: Scalar, key: str) -> bool:
        try:
            re.compile(node.text)
        except (re.error, RecursionError, OverflowError) as error:
            message = _("found a regular expression in `{key}` that cannot be used ({said}); expected a valid one")
            at = getattr(error, "pos", None) or 0
            offset = offset_in(self._source, node, 1, at + 1)
            self._say(offset, message.format(key=key, said=safe(str(error))), "pattern")
            return False
        return True

    def _slug(self, node: Scalar, key: str) -> bool:
        if _SLUG.match(node.text) and len(node.text) <= _MAX_SLUG:
            return True
        better = re.sub(r"[^a-z0-9]+", "-", node.text.lower()).strip("-")[:_MAX_SLUG].strip("-")
        near = suggestion(better)
        message = _("found {found} for `{key}`; expected lower-case letters, digits and single hyphens{near}")
        self._say(node.start, message.format(found=quoted(node.text), key=key, near=near), "slug")
        return False

    def _dotted(self, node: Scalar, key: str) -> bool:
        if is_dotted_name(node.text):
            return True
        message = _("found {found} for `{key}`; expected the name of an exception, such as `RuntimeError`{near}")
        better = node.text.strip().partition("(")[0]
        near = suggestion(better if is_dotted_name(better) else None)
        self._say(node.start, message.format(found=quoted(node.text), key=key, near=near), "name")
        return False

    def _used(self, node: Scalar, key: str) -> bool:
        if is_used(node.text):
            return True
        message = _(
            "found {found} in `{key}`; expected a name such as `backward`, `.data` or `torch.autograd.grad`, a name with "
            "arguments such as `backward(retain_graph=True)`, `with torch.no_grad`, a keyword or an operator"
        )
        self._say(node.start, message.format(found=quoted(node.text), key=key), "name")
        return False

    def _literal(self, node: Node) -> tuple[Any] | None:
        if isinstance(node, Mapping):
            message = _("found a mapping for `equals`; expected a number, true, false, null, a list or an expression")
            self._say(node.start, message, "literal")
            return None
        if isinstance(node, Items):
            values = [self._element(item) for item in node.items]
            return None if None in values else ([value[0] for value in values if value is not None],)
        if isinstance(node.value, str):
            return (safe(node.text),) if self._expression(node, "equals") else None
        return (node.value,)

    def _element(self, node: Node) -> tuple[Any] | None:
        if isinstance(node, Scalar):
            return (
                None if node.style == "unknown" else (safe(node.text) if isinstance(node.value, str) else node.value,)
            )
        return self._literal(node)

    def number(self, node: Node, key: str) -> tuple[float] | None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            message = _("found {found} for `{key}`; expected a number such as 1e-5")
            self._say(node.start, message.format(found=self.described(node), key=key), "number")
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not (0 <= number < math.inf):
            message = _("found {found} for `{key}`; expected a number, zero or more")
            self._say(node.start, message.format(found=self.described(node), key=key), "number")
            return None
        return (number,)

    def flag(self, node: Node, key: str) -> tuple[bool] | None:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return (node.value,)
        message = _("found {found} for `{key}`; expected true or false{hint}")
        text = node.text if isinstance(node, Scalar) else ""
        hint = _(", without quotes; in YAML 1.2 yes, no, on and off are text") if text.lower() in _FLAGS else ""
        self._say(node.start, message.format(found=self.described(node), key=key, hint=hint), "flag")
        return None

    def constant(self, wanted: str | int, node: Node, key: str) -> tuple[str | int] | None:
        if isinstance(node, Scalar) and node.value == wanted and type(node.value) is type(wanted):
            return (wanted,)
        near = _(", without quotes") if isinstance(node, Scalar) and node.text == str(wanted) else ""
        message = _("found {found} for `{key}`; expected {wanted}{near}")
        text = message.format(found=self.described(node), key=key, wanted=wanted, near=near)
        self._say(node.start, text, "constant")
        return None
