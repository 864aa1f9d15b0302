"""Names written at the ends of lines instead of in a legend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from snnlab.show.arrays import Floats
from snnlab.show.page import head, size_in_points, text_width
from snnlab.show.style import TICK, readable, style

_GAP = 12.0  # points between the right-most data and the names
_LINE = 1.35 * TICK  # points from one name to the next
_WIDEST = 0.42  # of the width of the axes


@dataclass(frozen=True)
class LineEnd:
    """Last point of a line (data coordinates), its name and its colour."""

    x: float
    y: float
    name: str
    colour: str


def names_fit(ax: Axes, ends: list[LineEnd]) -> bool:
    """Whether names fit at the ends of lines: all lines end at the same x and there is room."""
    width, height = size_in_points(ax)
    together = len({end.x for end in ends}) == 1
    return together and _room(ends) < _WIDEST * width and _LINE * len(ends) < 0.8 * height


def head_and_names(
    ax: Axes, ends: list[LineEnd], title: str | None, note: str | None = None
) -> None:
    """Write title and note above the data, and names at the lines, or in a key for want of room."""
    at_ends = names_fit(ax, ends)
    head(ax, title, note, key=not at_ends)
    if at_ends:
        name_line_ends(ax, ends)


@style()
def name_line_ends(ax: Axes, ends: list[LineEnd]) -> None:
    """Write each name right of its line's end, moved apart where they would overlap.

    The lines must end at the same x, everything else be drawn, and the limits of both axes be
    final. The x axis is widened to the right to hold the names.
    """
    width, height = size_in_points(ax)
    line = _LINE / height
    _widen(ax, ends[0].x, _room(ends) / width)
    to_axes = ax.transData + ax.transAxes.inverted()
    wanted = to_axes.transform([(end.x, end.y) for end in ends])  # (lines, 2)
    heights = spread(wanted[:, 1], line)
    for end, (x, y), free in zip(ends, wanted, heights, strict=True):
        ax.annotate(
            end.name,
            xy=(end.x, end.y),
            xytext=(x + _GAP / width, free),
            textcoords="axes fraction",
            va="center",
            size=TICK,
            color=readable(end.colour),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            arrowprops=_leader(end.colour) if abs(free - y) > 0.75 * line else None,
        )


def _leader(colour: str) -> dict[str, object]:
    """A thin line from a name that was moved far to its line's end."""
    return {
        "arrowstyle": "-",
        "color": colour,
        "linewidth": 1,
        "shrinkA": 2,
        "shrinkB": 7,
        "relpos": (0, 0.5),
    }


def spread(wanted: Floats, gap: float) -> Floats:
    """Heights in [0, 1] nearest to `wanted` (n,) in least squares, at least `gap` apart.

    Isotonic regression of wanted[i] - i gap in rising order.
    """
    from scipy.optimize import isotonic_regression  # here, as the import is slow

    order = np.argsort(wanted, kind="stable")
    steps = np.arange(len(wanted)) * gap
    level = isotonic_regression(wanted[order] - steps).x
    heights = np.empty_like(steps)
    heights[order] = np.clip(level, gap / 2, 1 - gap / 2 - steps[-1]) + steps
    return heights


def _room(ends: list[LineEnd]) -> float:
    return max(text_width(end.name, TICK) for end in ends) + 2 * _GAP


def _widen(ax: Axes, last: float, room: float) -> None:
    """Move the right limit so that x = `last` has `room` of the width to its right."""
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.asarray([ax.get_xlim()[0], last]))
    wide = low + (high - low) / (1 - room)
    ax.set_xlim(right=float(scale.inverted().transform(np.asarray([wide]))[0]))
