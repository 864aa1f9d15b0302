"""The signs of all drawings, each with one meaning. A drawing is as wide as a phone.

A neuron is a circle, filled up to its potential; stateless layers are a grey box; a spike is an
upright stroke, a real number a grey bar. Residuals are orange, noise is blue, the gradient is a
violet dashed arrow. Lengths are in points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle

from snnlab.show.colours import DARK, HUES, LIGHT, Hue
from snnlab.show.page import text_width
from snnlab.show.style import FONT

WIDTH = 400
"""Width of every drawing: text of size 14 is then 12 pixels high on a phone, 22 on a projector."""
TEXT = 14
"""The only font size."""
_LINE = 17  # from line to line

COLOURS = {
    "ink": Hue(LIGHT.ink, DARK.ink),
    "grey": Hue(LIGHT.grey, DARK.grey),
    "noise": Hue(LIGHT.noise, DARK.noise),
    "residual": HUES["orange"],
    "reset": HUES["vermillion"],
    "gradient": HUES["violet"],
}
"""The colours of the drawings by what they mean."""

INK, GREY, NOISE, RESIDUAL, RESET, GRADIENT = (hue.light for hue in COLOURS.values())
PAPER = LIGHT.paper
FAINT = 0.14
"""Opacity of a grey box."""

Point = tuple[float, float]
Sign = Callable[[Axes, float, float], None]
"""Draws a sign into 18 x 18 points around a place."""


def sheet(height: float) -> Axes:
    """An empty sheet; x from 0 to `WIDTH` to the right, y from 0 to `height` downwards."""
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    ax.axis("off")
    return ax


def write(ax: Axes, x: float, y: float, text: str, colour: str = INK, **more: Any) -> None:
    """Text to the right of x, lower-case letters centred on y; `more` goes to `Axes.text`."""
    lines = text.count("\n") + 1
    first = y + 0.36 * TEXT - (lines - 1) * _LINE / 2  # y of the first line
    for i, part in enumerate(text.split("\n")):
        # told its font: `style` for each text takes four times as long as the text itself
        ax.text(x, first + i * _LINE, part, color=colour, family=FONT, size=TEXT, **more)


def box(ax: Axes, x: float, y: float, width: float, height: float, text: str = "") -> None:
    """Stateless layers: a grey box with its upper left corner at (x, y)."""
    shape = FancyBboxPatch(
        (x, y),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=5",
        facecolor=GREY,
        edgecolor="none",
        alpha=FAINT,
        clip_on=False,
    )
    ax.add_patch(shape)
    write(ax, x + width / 2, y + height / 2, text, ha="center")


def bar(ax: Axes, x: float, top: float, width: float, bottom: float, colour: str = GREY) -> None:
    """A filled bar: an amount."""
    shape = Rectangle((x, top), width, bottom - top, facecolor=colour, edgecolor="none")
    ax.add_patch(shape)


def neuron(
    ax: Axes, x: float, y: float, level: float = 0, colour: str = RESIDUAL, *, radius: float = 9
) -> None:
    """A neuron: a circle, filled up to `level`, a share of its height, with a colour."""
    ax.add_patch(Circle((x, y), radius, facecolor=PAPER, edgecolor="none", zorder=2))
    if level > 0:
        half = math.acos(1 - 2 * min(level, 1))
        angles = [math.pi / 2 + half * (i / 24 - 1) for i in range(49)]
        edge = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]
        ax.add_patch(Polygon(edge, facecolor=colour, edgecolor="none", zorder=3))
    ax.add_patch(Circle((x, y), radius, fill=False, edgecolor=INK, linewidth=1.6, zorder=4))


def spike(ax: Axes, x: float, y: float, size: float = 14) -> None:
    """A spike: a vertical stroke."""
    line(ax, [(x, y - size / 2), (x, y + size / 2)], INK, 2.6)


def silence(ax: Axes, x: float, y: float) -> None:
    """No spike: a dot."""
    ax.add_patch(Circle((x, y), 1.5, facecolor=GREY, edgecolor="none"))


def frame(ax: Axes, x: float, y: float, width: float, height: float, colour: str = INK) -> None:
    """An outline around things that belong together."""
    shape = FancyBboxPatch(
        (x, y),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=5",
        fill=False,
        edgecolor=colour,
        linewidth=1.4,
    )
    ax.add_patch(shape)


def line(ax: Axes, points: Sequence[Point], colour: str, width: float, dashes: Any = "-") -> None:
    """A line through points."""
    x, y = zip(*points, strict=True)
    ax.add_line(Line2D(x, y, color=colour, linewidth=width, linestyle=dashes, clip_on=False))


def arrow(ax: Axes, start: Point, end: Point, colour: str = GREY, *, dashed: bool = False) -> None:
    """An arrow; its colour says what it carries."""
    shape = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>,head_length=0.45,head_width=0.25",
        mutation_scale=13,
        shrinkA=0,
        shrinkB=0,
        linewidth=2,
        linestyle=(0, (2.2, 1.2)) if dashed else "-",
        color=colour,
        zorder=5,
    )
    ax.add_patch(shape)


def gradient(ax: Axes, start: Point, end: Point) -> None:
    """A dashed arrow along which the gradient goes."""
    arrow(ax, start, end, GRADIENT, dashed=True)


def key(ax: Axes, y: float, entries: Sequence[tuple[str, Sign]]) -> None:
    """A legend of signs in one line, spread over the width."""
    widths = [24 + text_width(name, TEXT) for name, _ in entries]
    gap = (WIDTH - 16 - sum(widths)) / max(1, len(entries) - 1)
    x = 8.0
    for (name, sign), width in zip(entries, widths, strict=True):
        sign(ax, x + 9, y)
        write(ax, x + 24, y, name)
        x += width + min(gap, 26)


def patch_of(colour: str) -> Sign:
    """The sign of an amount in a colour."""
    return lambda ax, x, y: bar(ax, x - 6, y - 6, 12, y + 6, colour)


def arrow_of(colour: str, *, dashed: bool = False) -> Sign:
    """The sign of an arrow in a colour."""
    return lambda ax, x, y: arrow(ax, (x - 9, y), (x + 9, y), colour, dashed=dashed)
