"""Prose divided between paragraphs and items of lists, so that each part fits on a slide.

The height of a text is estimated from its letters, in lines of a slide. From the last row people
can read text of 28 pixels on a slide of 720, so a slide has few and short lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final, Generic, TypeVar

LINES: Final = 15.0
"""Lines of prose on a slide below its heading, with gaps between paragraphs."""
COLUMNS: Final = 74
"""Letters in a line of prose."""
CODE: Final = 0.85
"""Height of a line of code, in lines of prose."""
GAP: Final = 0.45
"""Height of the gap below each paragraph and item, in lines."""

_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_FENCE = re.compile(r"```|\$\$")

T = TypeVar("T")


@dataclass(frozen=True)
class Sized(Generic[T]):
    """A piece of content with its height in lines."""

    what: T
    lines: float
    leads: bool = False
    """Whether it must not be the last on its slide, as it needs the piece that follows."""


def paragraphs(markdown: str) -> list[Sized[str]]:
    """A text in its smallest pieces: headings, paragraphs, items of lists, formulas, tables.

    Args:
        markdown: text without HTML that spans paragraphs.
    """
    pieces: list[list[str]] = [[]]
    inside = ""
    for line in markdown.strip().splitlines():
        if not inside and (not line.strip() or _ITEM.match(line) or line.startswith("#")):
            pieces.append([])
        pieces[-1].append(line)
        for mark in _FENCE.findall(line):
            inside = "" if inside == mark else inside or mark
        if not inside and line.startswith("#"):
            pieces.append([])
    texts = ["\n".join(piece).strip("\n") for piece in pieces]
    return [Sized(text, lines(text), _leads(text)) for text in texts if text]


def _leads(text: str) -> bool:
    return text.startswith("#") or text.rstrip("*").endswith(":")


def lines(text: str) -> float:
    """How many lines of a slide one of these pieces fills."""
    rows = text.splitlines()
    if text.startswith("# "):
        return 3 + 2 * ceil(len(_read(text)) / 32)
    if text.startswith("#"):  # it replaces the small heading of other slides
        return 1.4 * (ceil(len(_read(text)) / 46) - 1) + GAP
    if text.startswith("```"):
        return CODE * (len(rows) - 2) + 2 * GAP
    if text.startswith("|"):
        return 1.3 * (len(rows) - 1) + GAP
    if text.startswith("$$"):
        return 2 * (1 + text.count(r"\\")) + GAP
    return ceil(len(_read(text)) / COLUMNS) + GAP


def _read(markdown: str) -> str:
    """Roughly the visible letters of Markdown: without markup, addresses and names of symbols."""
    shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown)
    shown = re.sub(r"<[^>]*>", "", shown)
    shown = re.sub(r"\\(?:mathrm|text|mathbf|left|right)\b", "", shown)
    shown = re.sub(r"\\[a-zA-Z]+|\\.", "x", shown)
    return re.sub(r"[*`${}_^#]", "", shown).strip()


def together(pieces: Sequence[str]) -> str:
    """Join pieces of a text; the items of a list have no blank lines between them."""
    joined = pieces[0]
    for before, after in pairwise(pieces):
        list_goes_on = _ITEM.match(before) and _ITEM.match(after)
        joined += ("\n" if list_goes_on else "\n\n") + after
    return joined


def packed(pieces: Sequence[Sized[T]]) -> list[list[Sized[T]]]:
    """Pieces in their order on as few slides as hold them, about equally filled.

    A leading piece stays with the next one. A piece larger than a slide has its own.
    """
    fullest = _filled(pieces, LINES)
    even = sum(piece.lines for piece in pieces) / max(len(fullest), 1)
    while even < LINES:
        slides = _filled(pieces, even)
        if len(slides) <= len(fullest):
            return slides
        even += GAP
    return fullest


def _filled(pieces: Sequence[Sized[T]], most: float) -> list[list[Sized[T]]]:
    """Fill slide after slide as far as possible."""
    slides: list[list[Sized[T]]] = []
    filled = most
    for group in _groups(pieces):
        height = sum(piece.lines for piece in group)
        if not slides or filled + height > most:
            slides.append([])
            filled = 0.0
        slides[-1] += group
        filled += height
    return slides


def _groups(pieces: Sequence[Sized[T]]) -> list[list[Sized[T]]]:
    """Groups of pieces that stay together: leading pieces with the next one."""
    groups: list[list[Sized[T]]] = []
    leading = False
    for piece in pieces:
        if not leading:
            groups.append([])
        groups[-1].append(piece)
        leading = piece.leads
    return groups
