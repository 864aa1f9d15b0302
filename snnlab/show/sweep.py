"""Accuracy of many settings: a map with a row per setting and a column per T."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage

from snnlab.show.arrays import Floats
from snnlab.show.bands import Curve, seed_curves
from snnlab.show.colours import MAP
from snnlab.show.described import ACCURACY, TIMESTEPS, map_words
from snnlab.show.page import blank_axes, dress, head
from snnlab.show.picture import attach_description
from snnlab.show.style import BLACK, readable, style

_ROW, _ABOVE, _WIDTH = 0.42, 2.2, 10.0  # inches


def accuracy_map(
    curves: Mapping[str, Curve], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Mean test accuracy over seeds as numbers on colours, for more settings than lines can show.

    Args:
        curves: setting to its accuracy, as `accuracy_against_timesteps` takes it; fields of
            missing T stay empty.
        ax: where to draw; by default a new figure, as high as the rows need.
        title: above the figure.

    Raises:
        ValueError: no curves, or shapes that do not fit.

    Example:
        >>> save(accuracy_map({"sigma 0.1": {"timesteps": [1, 2], "accuracy": [[97, 98]]}}), "map")
    """
    found = seed_curves(curves)
    means = {
        name: dict(zip(seeds.timesteps, seeds.mean, strict=True)) for name, seeds in found.items()
    }
    timesteps = sorted({T for mean in means.values() for T in mean})
    values = np.array([[mean.get(T, np.nan) for T in timesteps] for mean in means.values()])
    if ax is None:
        ax = blank_axes((_WIDTH, _ABOVE + _ROW * len(means)))
    dress(ax, x=TIMESTEPS, y="", grid="both")
    ax.grid(False)
    picture = ax.imshow(values, cmap=MAP, aspect="auto", interpolation="nearest")
    ax.set_xticks(range(len(timesteps)), [f"{T:g}" for T in timesteps])
    ax.set_yticks(range(len(means)), list(means))
    _write_numbers(ax, picture, values)
    seeds = max(curve.seeds for curve in found.values())
    note = "One seed" if seeds == 1 else f"Mean of {seeds} seeds"
    head(ax, title, f"{ACCURACY}. {note}; light is high")
    attach_description(ax, map_words(means))
    return ax


@style()
def _write_numbers(ax: Axes, picture: AxesImage, values: Floats) -> None:
    """Write each mean into its field, white or black, whichever is readable."""
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = picture.to_rgba(np.array([value]))[0].tolist()
            field = to_hex((red, green, blue))
            colour = "white" if readable(field) == field else BLACK
            ax.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour)
