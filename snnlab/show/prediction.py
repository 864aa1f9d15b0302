"""What somebody expected, laid over what was measured."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from snnlab.show.arrays import Floats, Values, floats, require_same_shape
from snnlab.show.page import text_width, write_near
from snnlab.show.picture import attach_description, describe
from snnlab.show.style import LABEL, NOTE
from snnlab.show.style import PREDICTED as _LOOK

_CLEAR = 11.0  # points between a name and all lines, half a marker included
_GRID = 25  # places for a name along each side of the axes


def points_said(x: Values, y: Values) -> tuple[Floats, Floats]:
    """The points of a sketch that say something: those whose y is a number.

    Args:
        x: where (n,).
        y: predicted values, nan where nothing was predicted (n,).

    Raises:
        ValueError: shapes that differ, or an x that is not finite.
    """
    at, guess = floats("x", x), np.asarray(y, dtype=np.float64)
    require_same_shape(x=at, y=guess)
    said = ~np.isnan(guess)
    return at[said], guess[said]


def lay_prediction(ax: Axes, x: Values, y: Values, *, name: str = _LOOK.name) -> Axes:
    """Draw a prediction over a finished figure, and describe it.

    Limits grow so that the prediction is seen whole, and its name stands where it hides nothing.
    Where nothing was predicted nothing is drawn.

    Args:
        ax: a figure of this room.
        x: in the units of its x axis (n,).
        y: in the units of its y axis (n,), nan where nothing was predicted.
        name: written beside the line.

    Returns:
        The same Axes.

    Raises:
        ValueError: shapes that differ, or values that are infinite.

    Example:
        >>> lay_prediction(accuracy_against_timesteps(curves), [1, 4, 16], [95, 90, 80])
    """
    at, guess = points_said(x, y)
    if not len(at):
        return ax
    floats("y", guess)  # finite
    low, high = ax.get_ylim()
    line = _LOOK.line | {"label": ""}  # it is named beside the line, in no key
    ax.plot(at, guess, linewidth=4, markersize=15, zorder=6, clip_on=False, **line)
    margin = 0.04 * (high - low)
    ax.set_ylim(min(low, guess.min() - margin), max(high, guess.max() + margin))
    place = _free_place(ax, np.column_stack([at, guess]), name)
    write_near(
        ax,
        name,
        place,
        (0, 0),
        color=_LOOK.colour,
        ha="center",
        va="center",
        fontweight="bold",
        zorder=7,
    )
    points = ", ".join(f"{b:.4g} at {a:.4g}" for a, b in zip(at, guess, strict=True))
    attach_description(ax, f"{describe(ax)} {name.capitalize()}: {points}.".strip())
    return ax


def _free_place(ax: Axes, points: Floats, name: str) -> tuple[float, float]:
    """Where the middle of a name stands, as shares of the axes: near its line and on no other.

    Of a grid of places the nearest to the predicted line that is clear of all lines; if there is
    none, the clearest.
    """
    scale = ax.get_figure(root=True).dpi / 72  # type: ignore[union-attr]  # pixels in a point
    half = np.array([text_width(name, LABEL) / 2, NOTE / 2]) * scale
    frame = ax.get_window_extent()
    low, high = np.array([frame.x0, frame.y0]) + half, np.array([frame.x1, frame.y1]) - half
    across, up = (np.linspace(low[k], high[k], _GRID) for k in (0, 1))
    places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    lines = np.concatenate([_along(ax.transData.transform(line.get_xydata())) for line in ax.lines])
    own = _along(ax.transData.transform(points))
    clear = np.array([_distance(lines, place, half) for place in places])
    near = np.array([_distance(own, place, half) for place in places])
    enough = clear >= min(_CLEAR * scale, clear.max())
    best = places[np.where(enough, near, np.inf).argmin()]
    x, y = ax.transAxes.inverted().transform(best)
    return float(x), float(y)


def _distance(points: Floats, middle: Floats, half: Floats) -> float:
    """From the nearest of the points (n, 2) to a box, in pixels."""
    return float(np.hypot(*np.maximum(np.abs(points - middle) - half, 0).T).min())


def _along(corners: Floats) -> Floats:
    """Points all along a line, given its corners in pixels (n, 2)."""
    corners = np.asarray(corners, dtype=np.float64)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(corners) < 2:
        return corners.reshape(-1, 2)
    steps = np.linspace(0, len(corners) - 1, max(2, min(4000, 60 * len(corners))))
    index = np.arange(len(corners))
    return np.column_stack([np.interp(steps, index, corners[:, k]) for k in (0, 1)])
