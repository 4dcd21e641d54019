"""Two themes of our own. Every pair of colours that carries text meets WCAG AA; a test measures them."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

_CODE_DARK: Final = {
    "code-keyword": "#c8a2f2",
    "code-string": "#a3d39c",
    "code-number": "#ecbf85",
    "code-comment": "#929aab",
    "code-call": "#8cbcf0",
    "code-operator": "#b9c1d0",
    "code-decorator": "#e8c585",
}
_CODE_LIGHT: Final = {
    "code-keyword": "#7838a8",
    "code-string": "#2c6a33",
    "code-number": "#924c00",
    "code-comment": "#676d77",
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
    background="#14171d",
    surface="#1a1e26",
    panel="#252b37",
    variables={
        "muted": "#98a1b3",
        "rule": "#3a4252",
        "mark-wrong": "#4a2830",
        "mark-right": "#20402f",
        "mark-cause": "#43381f",
        "code-surface": "#20252f",
        "input-selection-background": "#f0956f 35%",
        "block-cursor-background": "#f0956f",
        "block-cursor-foreground": "#14171d",
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
    background="#f4f0e9",
    surface="#fdfbf7",
    panel="#e8e2d8",
    variables={
        "muted": "#626874",
        "rule": "#cdc5b8",
        "mark-wrong": "#fbdcd9",
        "mark-right": "#dcefdd",
        "mark-cause": "#f7e8c6",
        "code-surface": "#f3efe8",
        "input-selection-background": "#ad3d17 25%",
        "block-cursor-background": "#ad3d17",
        "block-cursor-foreground": "#fdfbf7",
        **_CODE_LIGHT,
    },
)

THEMES: Final = (DARK, LIGHT)


def other(name: str) -> str:
    """The name of the theme that is not ``name``."""
    return LIGHT.name if name == DARK.name else DARK.name
