"""Two themes of our own. Every pair of colours that carries text meets WCAG AA; a test measures them."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

_CODE_DARK: Final = {
    "code-keyword": "#c8a2f2",
    "code-string": "#a3d39c",
    "code-number": "#ecbf85",
    "code-comment": "#9299a6",
    "code-call": "#8cbcf0",
    "code-operator": "#b9c1d0",
    "code-decorator": "#e8c585",
}
_CODE_LIGHT: Final = {
    "code-keyword": "#7838a8",
    "code-string": "#2c6a33",
    "code-number": "#924c00",
    "code-comment": "#5d636e",
    "code-call": "#1a5a9e",
    "code-operator": "#4c525c",
    "code-decorator": "#7f560a",
}

DARK: Final = Theme(
    name="tutor-dark",
    dark=True,
    primary="#f0956f",
    secondary="#8cbcf0",
    accent="#f0956f",
    success="#8fd6a0",
    warning="#ecc684",
    error="#f58a8a",
    foreground="#dbdee6",
    background="#16181b",
    surface="#1c1e22",
    panel="#282b31",
    variables={
        "muted": "#9ca2ad",
        "rule": "#41464f",
        "scrollbar": "#41464f",
        "scrollbar-hover": "#9ca2ad",
        "scrollbar-active": "#f0956f",
        "scrollbar-background": "#1c1e22",
        "scrollbar-background-hover": "#1c1e22",
        "scrollbar-background-active": "#1c1e22",
        "mark-wrong": "#4a2830",
        "mark-right": "#20402f",
        "mark-cause": "#43381f",
        "code-surface": "#212429",
        "input-selection-background": "#f0956f 35%",
        "block-cursor-background": "#f0956f",
        "block-cursor-foreground": "#16181b",
        **_CODE_DARK,
    },
)

LIGHT: Final = Theme(
    name="tutor-light",
    dark=False,
    primary="#ad3d17",
    secondary="#1a5a9e",
    accent="#ad3d17",
    success="#1f6a3c",
    warning="#7f560a",
    error="#ad2730",
    foreground="#282c34",
    background="#f3f2ee",
    surface="#fdfcfa",
    panel="#e5e3df",
    variables={
        "muted": "#5a606b",
        "rule": "#c9c6c1",
        "scrollbar": "#c9c6c1",
        "scrollbar-hover": "#5a606b",
        "scrollbar-active": "#ad3d17",
        "scrollbar-background": "#fdfcfa",
        "scrollbar-background-hover": "#fdfcfa",
        "scrollbar-background-active": "#fdfcfa",
        "mark-wrong": "#fbdcd9",
        "mark-right": "#dcefdd",
        "mark-cause": "#f7e8c6",
        "code-surface": "#f1f0ed",
        "input-selection-background": "#ad3d17 25%",
        "block-cursor-background": "#ad3d17",
        "block-cursor-foreground": "#fdfcfa",
        **_CODE_LIGHT,
    },
)

THEMES: Final = (DARK, LIGHT)


def other(name: str) -> str:
    """The name of the theme that is not ``name``."""
    return LIGHT.name if name == DARK.name else DARK.name
