"""A prediction, drawn over the measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from snnlab.show.arrays import Floats, Values, floats, require_same_shape
from snnlab.show.described import with_minus
from snnlab.show.page import text_width, write_near
from snnlab.show.picture import SCREEN_DPI, ForPages, attach_description, describe
from snnlab.show.style import INK, LABEL, NOTE, marker_path
from snnlab.show.style import PREDICTED as _LOOK
from snnlab.show.web import for_web_pages

_CLEAR = 11.0  # points between a name and the nearest line, with half a marker
_GRID = 25  # candidate places for a name along each side of the axes
_BOLD = 1.15  # how much wider bold letters are
_THICK, _MARKER = 4.0, 15.0  # points
_DASHES = {"--": "8 4", "-.": "8 4 2 4", ":": "2 4"}  # dashes of lines in SVG


class Guess(Protocol):
    """A prediction, such as a sketch, see `widgets.sketch`."""

    @property
    def x(self) -> Sequence[float]:
        """The x at which to predict (n,)."""

    @property
    def y(self) -> Sequence[float]:
        """Predicted values (n,), nan where nothing was predicted."""

    @property
    def on_page(self) -> Mapping[str, Any]:
        """Data for the picture on a web page, where the reader predicts."""


def predicted_points(x: Values, y: Values) -> tuple[Floats, Floats]:
    """The predicted points: those whose y is not nan.

    Args:
        x: (n,).
        y: predicted values, nan where nothing was predicted (n,).

    Raises:
        ValueError: shapes that differ, or an x that is not finite.
    """
    at, guess = floats("x", x), np.asarray(y, dtype=np.float64)
    require_same_shape(x=at, y=guess)
    said = ~np.isnan(guess)
    return at[said], guess[said]


def lay_prediction(
    ax: Axes, guess: Guess, *, at: Sequence[float] | None = None, name: str = _LOOK.name
) -> Axes:
    """Draw a prediction over a finished figure, and describe it.

    The limits are widened to show the whole prediction, and its name is placed where it hides
    nothing. Points without a prediction are not drawn. On a web page the reader predicts: the
    picture is hidden until then, and its HTML says at which pixels to draw the prediction.

    Args:
        ax: a figure of this room.
        guess: a sketch, in the units of the axes.
        at: positions of its points on the x axis (n,), if the figure does not use x itself.
        name: written beside the line.

    Returns:
        The same Axes.

    Raises:
        ValueError: shapes that differ, or values that are infinite.

    Example:
        >>> lay_prediction(accuracy_against_timesteps(curves), guess)
    """
    across = guess.x if at is None else at
    x, y = predicted_points(across, guess.y)
    if for_web_pages():
        ax.add_artist(ForPages(lambda: _for_page(ax, across, guess.on_page, name)))
    if not len(x):
        return ax
    floats("y", y)  # finite
    low, high = ax.get_ylim()
    line = _LOOK.line | {"label": ""}  # no key: its name stands beside the line
    ax.plot(x, y, linewidth=_THICK, markersize=_MARKER, zorder=6, clip_on=False, **line)
    margin = 0.04 * (high - low)
    ax.set_ylim(min(low, y.min() - margin), max(high, y.max() + margin))
    place = _free_place(ax, np.column_stack([x, y]), name)
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
    points = ", ".join(f"{b:.4g} at {a:.4g}" for a, b in zip(x, y, strict=True))
    attach_description(ax, f"{describe(ax)} {name.capitalize()}: {points}.".strip())
    return ax


def _free_place(ax: Axes, points: Floats, name: str) -> tuple[float, float]:
    """The centre of a name as shares of the axes: near its own line, and on no other line.

    Of a grid of places, the one nearest to the predicted line that keeps its distance from all
    lines; if there is none, the one farthest from all lines.
    """
    places, clear, half = _places(ax, name)
    own = _along(ax.transData.transform(points))
    near = np.array([_distance(own, place, half) for place in places])
    enough = clear >= min(_CLEAR * _scale(ax), clear.max())
    best = places[np.where(enough, near, np.inf).argmin()]
    x, y = ax.transAxes.inverted().transform(best)
    return float(x), float(y)


def _places(ax: Axes, name: str) -> tuple[Floats, Floats, Floats]:
    """Places for a name (n, 2), distances from all lines (n,), half its size (2,); in pixels."""
    half = np.array([_BOLD * text_width(name, LABEL) / 2, NOTE / 2]) * _scale(ax)
    frame = ax.get_window_extent()
    low, high = np.array([frame.x0, frame.y0]) + half, np.array([frame.x1, frame.y1]) - half
    across, up = (np.linspace(low[k], high[k], _GRID) for k in (0, 1))
    places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    corners = [_along(ax.transData.transform(line.get_xydata())) for line in ax.lines]
    lines = np.concatenate(corners) if corners else np.full((1, 2), np.inf)
    return places, np.array([_distance(lines, place, half) for place in places]), half


def _scale(ax: Axes) -> float:
    """Pixels per point."""
    return float(ax.get_figure(root=True).dpi / 72)  # type: ignore[union-attr]


def _for_page(
    ax: Axes, across: Sequence[float], told: Mapping[str, Any], name: str
) -> dict[str, str]:
    """Attributes for the web page: positions in pixels of a prediction, and its look.

    Raises:
        ValueError: the y axis is not linear.
    """
    if ax.get_yscale() != "linear":
        raise ValueError(f"a page draws over a linear axis only, got {ax.get_yscale()!r}")
    width, height = (SCREEN_DPI * inches for inches in ax.get_figure(root=True).get_size_inches())  # type: ignore[union-attr]
    shrink, point = SCREEN_DPI / 72 / _scale(ax), SCREEN_DPI / 72

    def pixels(points: Floats) -> list[list[float]]:
        """Points in pixels, with y downwards from the top."""
        return np.round(np.array([0, height]) + np.array([1, -1]) * shrink * points, 1).tolist()

    span = told["span"]
    x = floats("x", across)
    ends = [pixels(ax.transData.transform([(x[0], value) for value in span]))[k][1] for k in (0, 1)]
    points = ax.transData.transform(np.column_stack([x, np.full(len(x), span[0])]))
    box = ax.get_window_extent()
    (left, bottom), (right, top) = pixels(np.array([[box.x0, box.y0], [box.x1, box.y1]]))
    places, clear, half = _places(ax, name)
    dashes = () if isinstance(_LOOK.dashes, str) else _LOOK.dashes[1]
    drawn = {
        "name": name,
        "curves": _curves(ax, x, told["measured"]),
        "size": [round(width), round(height)],
        "frame": [left, top, right, bottom],
        "x": [place[0] for place in pixels(points)],
        "y": ends,
        "half": np.round(shrink * half, 1).tolist(),
        "free": pixels(places[clear >= _CLEAR * _scale(ax)]),
        "clear": round(_CLEAR * point, 1),
        "look": {
            "colour": _LOOK.colour,
            "thickness": round(_THICK * point, 2),
            "dashes": " ".join(f"{_THICK * point * dash:.1f}" for dash in dashes),
            "marker": marker_path(_LOOK.marker, _MARKER * point),
            "size": round(_MARKER * point, 1),
            "text": round(LABEL * point, 1),
        },
    }
    return {"data-needs": "predict", "data-answer": json.dumps({**told, **drawn})}


def _curves(ax: Axes, across: Floats, measured: Sequence[float | None]) -> list[dict[str, Any]]:
    """The named lines of a figure at some x (n,): name, look, values; the predicted one first.

    If no line of the figure is the predicted one, the first entry has no name.
    """
    goal = np.array(measured, dtype=np.float64)
    found = []
    for line in ax.lines:
        name, (x, y) = str(line.get_label()), np.array(line.get_data(), dtype=np.float64)
        if not name or name.startswith("_") or line.get_transform() != ax.transData:
            continue
        if len(x) < 2 or (np.diff(x) <= 0).any():
            continue
        values = np.interp(across, x, y, left=np.nan, right=np.nan)
        if not np.isnan(values).all():
            look = to_hex(line.get_color()), _DASHES.get(str(line.get_linestyle()), "")
            found.append(_curve(name, *look, values))
            if np.allclose(values, goal, equal_nan=True) and not found[0]["predicted"]:
                found.insert(0, found.pop() | {"predicted": True})
    if not (found and found[0]["predicted"]):
        found.insert(0, _curve("", INK, "", goal) | {"predicted": True})
    return found


def _curve(name: str, colour: str, dashes: str, values: Floats) -> dict[str, Any]:
    """A line for the web page: its look, and its values with three digits for a table."""
    return {
        "name": name,
        "colour": colour,
        "dashes": dashes,
        "predicted": False,
        "y": [None if np.isnan(value) else float(value) for value in values],
        "texts": ["\u2013" if np.isnan(value) else with_minus(f"{value:.3g}") for value in values],
    }


def _distance(points: Floats, middle: Floats, half: Floats) -> float:
    """Distance from a box to the nearest of the points (n, 2), in pixels."""
    return float(np.hypot(*np.maximum(np.abs(points - middle) - half, 0).T).min())


def _along(corners: Floats) -> Floats:
    """Points close together along a line, given its corners in pixels (n, 2)."""
    corners = np.asarray(corners, dtype=np.float64)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(corners) < 2:
        return corners.reshape(-1, 2)
    steps = np.linspace(0, len(corners) - 1, max(2, min(4000, 60 * len(corners))))
    index = np.arange(len(corners))
    return np.column_stack([np.interp(steps, index, corners[:, k]) for k in (0, 1)])
