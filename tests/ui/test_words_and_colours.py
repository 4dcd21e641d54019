"""Text, mathematics, colours and tables, on their own."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.color import Color

from tutor.autograd import Items, PlainValue, TensorValue
from tutor.ui import commands as table
from tutor.ui.app import TutorApp
from tutor.ui.frames import change, code_frame
from tutor.ui.highlight import WHOLE, highlighted, lines_of_stretches
from tutor.ui.markdown import blocks, inline_text, spoken
from tutor.ui.mathematics import as_unicode, with_mathematics
from tutor.ui.screens.help import help_content
from tutor.ui.screens.home import HomeScreen
from tutor.ui.screens.lesson import LessonScreen
from tutor.ui.theme import DARK, LIGHT, THEMES
from tutor.ui.values import Tolerance, show


def tensor(shape: tuple[int, ...], *numbers: float) -> TensorValue:
    return TensorValue(shape=shape, dtype="float32", data=struct.pack(f"<{len(numbers)}f", *numbers))


class TestMathematics:
    @pytest.mark.parametrize(
        ("latex", "shown"),
        [
            (r"\partial y / \partial x", "∂y / ∂x"),
            (r"y = 2 x^\top x", "y = 2 xᵀx"),
            (r"\frac{\partial y}{\partial x} = 4x", "∂y/∂x = 4x"),
            (r"\left(\frac{a+b}{c}\right)^2", "((a+b)/c)²"),
            (r"\sum_{i=1}^{n} x_i^2", "∑ᵢ₌₁ⁿ xᵢ²"),
            (r"\lVert x \rVert > 1000", "‖x‖ > 1000"),
            (r"\|x\|_2", "‖x‖₂"),
            (r"\hat{y} + \bar{x}", "y\u0302 + x\u0304"),
            (r"x_{t-1} \to x^{T}", "xₜ₋₁ → xᵀ"),
            (r"e^{-x}", "e⁻ˣ"),
            (r"\mathbb{R}^{n \times m}", "ℝⁿˣᵐ"),
            (r"\sqrt{x+1}", "√(x+1)"),
            (r"\nabla_\theta L", "∇_θ L"),
            (r"f'(x)", "f′(x)"),
            (r"\begin{bmatrix} 1 & 2 \end{bmatrix}", "[ 1 & 2 ]"),
        ],
    )
    def test_the_usual_is_shown_as_unicode(self, latex: str, shown: str) -> None:
        assert as_unicode(latex) == shown

    def test_what_is_not_known_keeps_its_name(self) -> None:
        assert as_unicode(r"\wibble{x}") == r"\wibblex"

    @given(st.text(alphabet=r"\{}^_ $abx12'-&|~" + "αx", max_size=40))
    def test_anything_is_shown_somehow(self, latex: str) -> None:
        assert isinstance(as_unicode(latex), str)

    @pytest.mark.parametrize("nesting", ["{", "^{", r"\frac{", "_"])
    def test_deep_nesting_ends(self, nesting: str) -> None:
        assert isinstance(as_unicode(nesting * 5000), str)

    def test_money_and_code_are_no_mathematics(self) -> None:
        assert with_mathematics("It costs $5 and $6 more; `$x_i$` too.") == "It costs $5 and $6 more; `$x_i$` too."
        assert with_mathematics("```\n$x_i$\n```") == "```\n$x_i$\n```"

    def test_stars_in_mathematics_are_no_emphasis(self) -> None:
        assert blocks("$a * b * c$ and $x_i$")[0].content.plain == "a * b * c and xᵢ"


class TestMarkdown:
    @given(st.text(max_size=200))
    @settings(max_examples=150, deadline=None)
    def test_any_text_is_shown(self, text: str) -> None:
        for block in blocks(text):
            assert block.content.render_strips is not None

    def test_every_block_has_its_kind(self) -> None:
        found = blocks(
            "# H\n\np *e* **s** `c`\n\n- a\n  1. b\n\n> q\n\n```python\nx = 1\n```\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        )
        kinds = [block.kind for block in found]
        assert kinds == ["heading", "paragraph", "item", "item", "quote", "code", "rule", "table"]
        assert [block.marker for block in found if block.kind == "item"] == ["• ", "1. "]

    @pytest.mark.parametrize("hostile", ["y[idx]", "list[int]", "[/b]", "[@click=app.quit]x[/]", "$error"])
    def test_nothing_in_it_is_markup(self, hostile: str) -> None:
        assert inline_text(f"`{hostile}`").plain == hostile
        assert spoken(f"see {hostile} `{hostile}`").plain == f"see {hostile} {hostile}"
        assert highlighted(hostile).plain == hostile
        assert hostile in code_frame(hostile, 1).plain
        assert hostile in change(hostile, "x").plain
        assert show(PlainValue(python_type="str", text=hostile)).plain == hostile


class TestHighlighting:
    @given(st.text(max_size=300))
    @settings(deadline=None)
    def test_colours_lie_within_their_lines(self, code: str) -> None:
        lines = code.split("\n")
        for line, found in zip(lines, lines_of_stretches(code), strict=True):
            assert all(0 <= start < end <= len(line) for start, end, _name in found)

    def test_long_texts_are_not_lexed_whole(self) -> None:
        assert len(lines_of_stretches("x = 1\n" * WHOLE)) == WHOLE + 1

    def test_every_colour_is_in_both_themes(self) -> None:
        names = {
            name for _start, _end, name in lines_of_stretches("def f(): return 'a' + 1.0  # c\n@d\nclass C: pass")[0]
        }
        for theme in THEMES:
            assert names <= set(theme.variables)


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [part / 255 for part in Color.parse(colour).rgb]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_can_be_read_on_every_ground_it_stands_on(theme: object) -> None:
    assert theme in (DARK, LIGHT)
    chosen = DARK if theme is DARK else LIGHT
    inks = {
        name: value
        for name, value in {**chosen.variables, **vars(chosen)}.items()
        if name in {"foreground", "primary", "secondary", "success", "warning", "error", "muted"}
        or name.startswith("code-")
        if name != "code-surface"
    }
    grounds = [str(chosen.background), str(chosen.surface), str(chosen.panel), chosen.variables["code-surface"]]
    for name, ink in inks.items():
        for ground in grounds:
            assert contrast(str(ink), ground) >= 4.5, (name, ground)
    marks = {"mark-wrong": "error", "mark-right": "success", "mark-cause": "warning"}
    for ground, ink in marks.items():
        assert contrast(str(inks[ink]), chosen.variables[ground]) >= 4.5, ground
        assert contrast(str(inks["foreground"]), chosen.variables[ground]) >= 4.5, ground


class TestValues:
    def test_a_tensor_is_an_aligned_matrix(self) -> None:
        assert show(tensor((2, 2), 1, 10.5, 100, 2)).plain == "[[  1.0, 10.5]\n [100.0,  2.0]]"

    def test_only_what_differs_is_marked(self) -> None:
        drawn = show(tensor((3,), 1, 2, 3), tensor((3,), 1, 5, 3), Tolerance(0, 0))
        marked = [drawn.plain[span.start : span.end] for span in drawn.spans if "error" in str(span.style)]
        assert marked == ["2.0"]

    def test_what_differs_is_in_sight_however_long_the_tensor(self) -> None:
        got = [float(index) for index in range(1000)]
        want = list(got)
        want[537] = -1.0
        assert "537.0" in show(tensor((1000,), *got), tensor((1000,), *want), Tolerance(0, 0)).plain

    def test_numbers_that_differ_never_look_alike(self) -> None:
        got, want = tensor((1,), 1.00001), tensor((1,), 1.0)
        assert show(got, want, Tolerance(0, 0)).plain != show(want, got, Tolerance(0, 0)).plain

    @given(
        shape=st.lists(st.integers(0, 12), max_size=4).map(tuple).filter(lambda shape: math.prod(shape) <= 4000),
        number=st.floats(width=32),
    )
    @settings(max_examples=100, deadline=None)
    def test_any_tensor_fits_in_a_bounded_space(self, shape: tuple[int, ...], number: float) -> None:
        value = tensor(shape, *([number] * math.prod(shape)))
        lines = show(value, value, Tolerance(0, 0)).plain.split("\n")
        assert len(lines) <= 20
        assert max(map(len, lines)) <= 8 * 26 + 4

    def test_none_numbers_lists_and_dicts_are_shown(self) -> None:
        none = PlainValue(python_type="NoneType", text="None")
        listed = Items(python_type="dict", items=(none, tensor((1,), 2)), keys=("a[b]", "c"))
        assert show(listed).plain == "a[b]: None\nc: [2.0]"


class TestCommands:
    def test_every_command_does_something_where_it_says(self) -> None:
        owners = {"app": TutorApp, "lesson": LessonScreen, "home": HomeScreen}
        for command in table.commands():
            assert hasattr(owners[command.where], f"action_{command.id}"), command.id

    def test_no_two_commands_of_one_place_share_a_key(self) -> None:
        for where in ("lesson", "home"):
            keys = [
                key for each in table.commands() if each.where in {where, "app"} for key in (*each.keys, each.letter)
            ]
            taken = [key for key in keys if key]
            assert len(taken) == len(set(taken))

    def test_the_help_names_every_key_of_every_command(self) -> None:
        words = help_content(80).plain
        for command in table.commands():
            for key in command.shown_keys:
                assert key in words
            assert command.name in words

    def test_every_command_of_a_lesson_works_within_the_editor(self) -> None:
        """By a key with a modifier or a function key, or by Esc and a letter; both are in the table."""
        for command in table.commands():
            assert command.keys or command.letter
