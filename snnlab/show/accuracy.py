"""Accuracy against timesteps, the central figure of the kit."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from snnlab.show.bands import BANDS, Band, Curve, seed_curves, seeds_note
from snnlab.show.draw import draw_with_names
from snnlab.show.pictures import accuracy_plot
from snnlab.show.style import looks_of


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
    plot = accuracy_plot({looks[name]: seeds for name, seeds in found.items()}, band=band)
    return draw_with_names(ax, plot, title, seeds_note(found.values(), band))
