"""Equations as docstrings write them, in plain text, to MathML that every browser draws.

    h[t] = beta * v[t-1] + I[t]

A docstring is read in a terminal as well, so it has no TeX in it. A block of several lines, or with
columns two spaces apart, becomes a table of equations.
"""

from __future__ import annotations

import re

from latex2mathml.converter import convert

TOKEN = re.compile(r"[A-Za-z]\w*|\d+(?:\.\d+)?|>=|<=|\S")
GREEK = {"beta", "gamma", "mu", "pi", "rho", "sigma", "Phi", "phi"}
FUNCTIONS = {"exp", "max", "min", "tanh"}
SIGNS = {">=": r"\ge ", "<=": r"\le ", "*": r"\cdot ", "%": r"\%", "{": r"\{", "}": r"\}"}
WORDS = {"if", "else", "for", "where", "or", "and"}
NO_EQUATION = re.compile(r"[\"'`#:]|\w/<|\.\w+\.")
PROSE = re.compile(r"[A-Za-z][a-z ,]*")


def is_equation(block: str) -> bool:
    """Whether an indented block holds equations, and not files, code or a table of words."""
    return bool(re.search(r" = |sqrt\(|\(\d\)$", block)) and not NO_EQUATION.search(block)


def mathml(block: str, *, display: bool = True) -> str:
    """The MathML of equations in plain text."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in block.splitlines() if line.strip()]
    if rows == [rows[0][:1]]:
        return convert(latex(rows[0][0]), display="block" if display else "inline")
    columns = max(map(len, rows))
    lines = [" & ".join(map(latex, row)) for row in rows]
    table = r"\begin{array}{" + "l" * columns + "}" + r" \\ ".join(lines) + r"\end{array}"
    return convert(table, display="block")


def latex(cell: str) -> str:
    """The TeX of one cell, which holds words or an equation."""
    if PROSE.fullmatch(cell):
        return rf"\text{{{cell}}}"
    return "".join(parts(TOKEN.findall(cell)))


def parts(tokens: list[str]) -> list[str]:
    """The TeX of each token; a root or a rounding takes its argument with it."""
    done = []
    while tokens:
        token, *tokens = tokens
        if token in {"sqrt", "floor"} and tokens:
            argument, tokens = first_argument(tokens)
            inside = "".join(parts(argument))
            done.append(rf"\sqrt{{{inside}}}" if token == "sqrt" else rf"\lfloor {inside}\rfloor ")
        elif token == "^" and tokens:
            done.append(f"^{{{word(tokens[0])}}}")
            tokens = tokens[1:]
        else:
            done.append(word(token))
    return done


def first_argument(tokens: list[str]) -> tuple[list[str], list[str]]:
    """What a function is applied to, a number or what stands in parentheses; and the rest."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return (tokens[1:i] if i else tokens[:1]), tokens[i + 1 :]
    return tokens, []


def word(token: str) -> str:
    """The TeX of a name, a number or a sign."""
    name, _, index = token.partition("_")
    if index:
        return f"{word(name)}_{{{word(index)}}}"
    if token == "sum":
        return r"\sum"
    if token in GREEK or token in FUNCTIONS:
        return rf"\{token} "
    if token in WORDS:
        return rf"\text{{ {token} }}"
    if re.fullmatch(r"d[A-Za-z]", token):  # dt, dV
        return rf"\,\mathrm{{d}}{token[1]}"
    if len(token) > 1 and token[0].isalpha():
        return rf"\mathrm{{{token}}}\,"
    return SIGNS.get(token, token)
