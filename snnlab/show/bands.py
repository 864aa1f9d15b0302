"""Means over seeds as lines with a band, against any number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from snnlab.show.arrays import Floats, floats
from snnlab.show.style import Look

if TYPE_CHECKING:
    from snnlab.show.arrays import Values

Curves = Mapping[str, tuple["Values", "Values"]]
"""Name to x (n,) and accuracy (seeds, n) in percent."""


def checked_curves(curves: Curves) -> dict[str, tuple[Floats, Floats]]:
    """The curves as arrays: x (n,) and accuracy (seeds, n).

    Raises:
        ValueError: no curves, shapes that do not fit, x that does not rise, or accuracy outside
            0 to 100.
    """
    if not curves:
        raise ValueError("curves is empty: give at least one")
    found = {}
    for name, (x, accuracy) in curves.items():
        points = floats(f"x of {name!r}", x)
        rows = np.atleast_2d(floats(f"accuracy of {name!r}", accuracy, ndim=np.ndim(accuracy)))
        if rows.ndim != 2 or rows.shape[1] != len(points):
            raise ValueError(
                f"accuracy of {name!r} has shape {rows.shape}, x has {points.shape}: it must be "
                f"(seeds, {len(points)})"
            )
        if (np.diff(points) <= 0).any():
            raise ValueError(f"x of {name!r} must rise, got {points.tolist()}")
        if rows.min() < 0 or rows.max() > 100:
            raise ValueError(
                f"accuracy of {name!r} must be in percent, 0 to 100, "
                f"got {rows.min():g} to {rows.max():g}"
            )
        found[name] = (points, rows)
    return found


def draw_band(ax: Axes, x: Floats, accuracy: Floats, look: Look, *, zorder: float = 3) -> None:
    """The mean over seeds as a line, and a band from the lowest to the highest seed."""
    ax.plot(
        x,
        accuracy.mean(axis=0),
        label=look.name,
        color=look.colour,
        marker=look.marker,
        linestyle=look.dashes,
        linewidth=2.5,
        markersize=8,
        markeredgecolor="white",
        markeredgewidth=1,
        zorder=zorder,
    )
    if len(accuracy) > 1:
        low, high = accuracy.min(axis=0), accuracy.max(axis=0)
        ax.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=2)


def seeds_note(curves: Sequence[Floats]) -> str:
    """How many seeds, and what the band is, for accuracies (seeds, n)."""
    counts = sorted({len(accuracy) for accuracy in curves})
    if counts == [1]:
        return "One seed"
    seeds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"Mean of {seeds} seeds, band: lowest to highest seed"
