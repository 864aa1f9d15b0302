"""Accuracy against timesteps: the figure of the whole kit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from snnlab.measure.curve import SeedCurves
from snnlab.show.arrays import Floats
from snnlab.show.bands import (
    BANDS,
    Band,
    Curve,
    draw_band,
    edges,
    scale_timesteps,
    seed_curves,
    seeds_note,
)
from snnlab.show.described import ACCURACY, TIMESTEPS, accuracy_limits, accuracy_words
from snnlab.show.line_ends import LineEnd, head_and_names
from snnlab.show.page import dressed
from snnlab.show.picture import attach_description
from snnlab.show.style import looks_of

_MOST_TICKS = 10


def accuracy_against_timesteps(
    curves: Mapping[str, Curve],
    *,
    band: Band = "range",
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Mean test accuracy over T on a log2 axis, with a band over seeds.

    Args:
        curves: method to its accuracy: `SeedCurves`, the `AccuracyCurve` of one network, or
            timesteps (n,) and accuracy (seeds, n) in percent. The methods (see `METHODS`) look
            the same in every figure. A single seed has no band.
        band: "range" from the lowest to the highest seed, or "interval", the 95 % t-interval
            of the mean. The figure says which.
        names: other names for methods, as written in the figure.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: no curves, shapes that do not fit, timesteps that are not rising positive
            integers, accuracy outside 0 to 100, a name for a method that is not there, or an
            unknown band.

    Example:
        >>> runs = {"timesteps": [1, 2, 4], "accuracy": [[98.1, 98.2, 98.3], [97.9, 98.1, 98.2]]}
        >>> ax = accuracy_against_timesteps({"noise": runs})
        >>> save(ax, "accuracy")
    """
    if band not in BANDS:
        raise ValueError(f"band must be one of {', '.join(BANDS)}, got {band!r}")
    found = seed_curves(curves)
    looks = looks_of(list(found), names)
    ax = dressed(ax, x=TIMESTEPS, y=ACCURACY)
    ticks = _scale_timesteps(ax, list(found.values()))
    for depth, (method, seeds) in enumerate(found.items()):
        draw_band(
            ax,
            seeds,
            looks[method],
            band=band,
            alpha=0.18,
            markersize=9,
            markevery=np.flatnonzero(np.isin(seeds.x, ticks)).tolist(),
            clip_on=False,
            zorder=4 - depth / len(found),  # the first on top
        )
    drawn = [
        (*seeds.mean, *low, *high) for seeds in found.values() for low, high in [edges(seeds, band)]
    ]
    ax.set_ylim(*accuracy_limits(value for values in drawn for value in values))
    ends = [
        LineEnd(seeds.x[-1], seeds.mean[-1], looks[method].name, looks[method].colour)
        for method, seeds in found.items()
    ]
    head_and_names(ax, ends, title, seeds_note(found.values(), band))
    named = {looks[method].name: seeds for method, seeds in found.items()}
    attach_description(ax, accuracy_words(named))
    return ax


def _scale_timesteps(ax: Axes, curves: list[SeedCurves]) -> Floats:
    """A log2 axis with a tick at every T, or at the powers of two where that is too many."""
    ticks = np.unique(np.concatenate([seeds.timesteps for seeds in curves])).astype(np.float64)
    low, high = ticks[0], ticks[-1]
    if len(ticks) > _MOST_TICKS:
        ticks = ticks[np.log2(ticks) % 1 == 0]
    scale_timesteps(ax, ticks.tolist())
    margin = (high / low) ** 0.04 if high > low else 1.5
    ax.set_xlim(low / margin, high * margin)
    return ticks
