"""LaTeX mathematics as Unicode: the small part of it that lessons use. What is not known is shown as it was written."""

from __future__ import annotations

import re
from typing import Final


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_SYMBOLS: Final = {
    **_pairs("""
        alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ
        sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω varepsilon ϵ varphi ϕ vartheta ϑ
        Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω ell ℓ Re ℜ Im ℑ
        partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ infty ∞ emptyset ∅
        cdot · times × ast ∗ star ⋆ odot ⊙ oplus ⊕ otimes ⊗ circ ∘ div ÷ pm ± mp ∓
        le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ ll ≪ gg ≫ approx ≈ equiv ≡ sim ∼ propto ∝ in ∈ notin ∉ subset ⊂ cup ∪ cap ∩
        forall ∀ exists ∃ neg ¬ land ∧ lor ∨
        to → rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ implies ⇒ iff ⇔ mapsto ↦ leftrightarrow ↔
        ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ top ᵀ intercal ᵀ dagger † prime ′
        lVert ‖ rVert ‖ Vert ‖ | ‖ lvert | rvert | vert | mid | parallel ∥
        langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lbrace { rbrace } { { } } $ $ % % # # _ _ & &
    """),
    **dict.fromkeys((",", ";", ":", " "), " "),
    **dict.fromkeys(("left", "right", "bigl", "bigr", "Bigl", "Bigr", "big", "Big", "displaystyle", "limits", "!"), ""),
    "quad": "  ",
    "qquad": "    ",
    "\\": "; ",
}
_FUNCTIONS: Final = frozenset(
    {"sin", "cos", "tan", "exp", "log", "ln", "max", "min", "arg", "argmax", "argmin", "det", "dim", "tanh", "lim"}
)
_ACCENTS: Final = {
    "hat": "\u0302",
    "bar": "\u0304",
    "tilde": "\u0303",
    "dot": "\u0307",
    "ddot": "\u0308",
    "vec": "\u20d7",
}
_ACCENTS_WIDE: Final = {"widehat": "hat", "overline": "bar", "widetilde": "tilde"}
_PLAIN: Final = frozenset(
    {"mathrm", "mathbf", "mathit", "mathsf", "mathcal", "boldsymbol", "bm", "text", "textbf", "textit", "operatorname"}
)
_DOUBLE: Final = dict(zip("RNZCQPE", "ℝℕℤℂℚℙ𝔼", strict=True))
_ABOVE: Final = dict(
    zip("0123456789+-=()abcdefghijklmnoprstuvwxyzT′ᵀ†*×", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ′ᵀ†*ˣ", strict=True)
)
_BELOW: Final = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_PIECE: Final = re.compile(r"\\([a-zA-Z]+|.)|([{}^_])|([^\\{}^_]+?(?=[\\{}^_]|$))", re.DOTALL)
_SPAN: Final = re.compile(
    r"(```.*?```|`+[^`]*`+)|(?<![\\$\w])\$(?!\s)((?:[^$`\\\n]|\\.|\n(?!\n))+?)(?<!\s)\$(?![\w$])", re.DOTALL
)
_BLOCK: Final = re.compile(r"(```.*?```)|\$\$(.+?)\$\$", re.DOTALL)
_DEPTH: Final = 40


def as_unicode(latex: str) -> str:
    """``\\partial y / \\partial x`` as ``∂y / ∂x``. Never raises; unknown commands keep their name."""
    text, _rest = _group(_tokens(latex), 0, _DEPTH)
    text = re.sub(r"([∂∇]) (?=\S)(?![/=+−-])", r"\1", text)
    text = re.sub(r"ᵀ (?=\w)", "ᵀ", text)
    text = re.sub(r"‖\s*([^‖]*?)\s*‖", r"‖\1‖", text)
    return re.sub(r" {2,}", " ", text).strip()


def with_mathematics(markdown: str) -> str:
    """``markdown`` with what stands between dollar signs shown as Unicode; code is left as it is."""
    displayed = _BLOCK.sub(lambda found: found[1] or f"\n\n> {as_unicode(found[2])}\n\n", markdown)
    return _SPAN.sub(lambda found: found[1] or _literal(as_unicode(found[2])), displayed)


def _literal(text: str) -> str:
    """What Markdown would read as emphasis stays as it is."""
    return re.sub(r"([*_`\[\]<>#|\\])", r"\\\1", text)


def _tokens(latex: str) -> list[str]:
    """Commands (with their backslash), braces, carets and single characters, the last first."""
    found: list[str] = []
    for command, mark, plain in _PIECE.findall(latex):
        if command:
            found.append("\\" + command)
        elif mark:
            found.append(mark)
        else:
            found.extend(plain)
    return found[::-1]


def _group(tokens: list[str], closing: int, depth: int) -> tuple[str, list[str]]:
    """The text up to the closing brace (``closing`` is 1) or to the end; ``tokens`` is used up from its end."""
    parts: list[str] = []
    while tokens:
        if tokens[-1] == "}":
            tokens.pop()
            if closing:
                break
            continue
        parts.append(_item(tokens, depth))
    return "".join(parts), tokens


def _item(tokens: list[str], depth: int) -> str:
    piece = tokens.pop()
    if depth == 0:
        return piece
    if piece == "{":
        return _group(tokens, 1, depth - 1)[0]
    if piece == "^":
        return _raised(_argument(tokens, depth), _ABOVE, "^")
    if piece == "_":
        return _raised(_argument(tokens, depth), _BELOW, "_")
    if piece in "'-":
        return "′" if piece == "'" else "−"
    return _command(piece[1:], tokens, depth) if piece.startswith("\\") else piece


def _argument(tokens: list[str], depth: int) -> str:
    while tokens and tokens[-1].isspace():
        tokens.pop()
    return _item(tokens, depth - 1) if tokens and tokens[-1] != "}" else ""


def _command(name: str, tokens: list[str], depth: int) -> str:
    if name in {"frac", "dfrac", "tfrac"}:
        above, below = _argument(tokens, depth), _argument(tokens, depth)
        return f"{_bracketed(above)}/{_bracketed(below)}"
    if name == "sqrt":
        return f"√{_bracketed(_argument(tokens, depth))}"
    if name in _ACCENTS or name in _ACCENTS_WIDE:
        accent = _ACCENTS[_ACCENTS_WIDE.get(name, name)]
        return "".join(
            character + accent if not character.isspace() else character for character in _argument(tokens, depth)
        )
    if name in {"begin", "end"}:
        matrix = "matrix" in _argument(tokens, depth)
        return ("[" if name == "begin" else "]") if matrix else ""
    if name == "mathbb":
        return "".join(_DOUBLE.get(character, character) for character in _argument(tokens, depth))
    if name in _PLAIN:
        return _argument(tokens, depth)
    if name in _SYMBOLS:
        return _symbol(name, tokens)
    if name in _FUNCTIONS:
        return name
    return f"\\{name}"


def _symbol(name: str, tokens: list[str]) -> str:
    """LaTeX ignores the blank that ends a command's name; it is kept only where it separates signs."""
    symbol = _SYMBOLS[name]
    if name.isalpha() and symbol and symbol[0] in "∂∇∑∏∫" and tokens and tokens[-1] == " ":
        tokens.pop()
    if name in {"left", "right"} and tokens and tokens[-1] == ".":
        tokens.pop()
    return symbol


def _raised(text: str, table: dict[str, str], mark: str) -> str:
    shown = text.replace("−", "-").replace(" × ", "×")
    if shown in {"ᵀ", "†", "′", "*", "∗"}:
        return shown
    if shown and all(character in table for character in shown):
        return "".join(table[character] for character in shown)
    return f"{mark}{text}" if len(text) <= 1 else f"{mark}({text})"


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.∂∇′ᵀ\u0300-\u036f\u2070-\u209f]*|‖[^‖]*‖|\([^()]*\)", text) else f"({text})"
