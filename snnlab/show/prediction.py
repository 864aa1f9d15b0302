"""What somebody expected, laid over what was measured."""

from __future__ import annotations

from matplotlib.axes import Axes

from snnlab.show.arrays import Values, floats, require_same_shape
from snnlab.show.page import write_near
from snnlab.show.picture import attach_description, describe
from snnlab.show.style import PREDICTED as _LOOK


def lay_prediction(ax: Axes, x: Values, y: Values, *, name: str = _LOOK.name) -> Axes:
    """Draw a prediction over a finished figure, and describe how far off it was.

    Limits grow so that the prediction is seen whole.

    Args:
        ax: a figure of this room.
        x: in the units of its x axis (n,).
        y: in the units of its y axis (n,).
        name: written beside the line.

    Returns:
        The same Axes.

    Raises:
        ValueError: shapes that differ, or values that are not finite.

    Example:
        >>> lay_prediction(accuracy_against_timesteps(curves), [1, 4, 16], [95, 90, 80])
    """
    at, guess = floats("x", x), floats("y", y)
    require_same_shape(x=at, y=guess)
    low, high = ax.get_ylim()
    line = _LOOK.line | {"label": ""}  # it is named beside the line, in no key
    ax.plot(at, guess, linewidth=4, markersize=15, zorder=6, clip_on=False, **line)
    margin = 0.04 * (high - low)
    ax.set_ylim(min(low, guess.min() - margin), max(high, guess.max() + margin))
    middle = len(at) // 2
    low, high = ax.get_ylim()
    below = guess[middle] > low + 0.9 * (high - low)  # above it stands the key
    write_near(
        ax,
        name,
        (at[middle], guess[middle]),
        (0, -14 if below else 14),
        "data",
        color=_LOOK.colour,
        ha="center",
        va="top" if below else "bottom",
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        zorder=7,
    )
    points = ", ".join(f"{b:.4g} at {a:.4g}" for a, b in zip(at, guess, strict=True))
    attach_description(ax, f"{describe(ax)} {name.capitalize()}: {points}.".strip())
    return ax
