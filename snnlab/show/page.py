"""Where figures are drawn: new axes, their frame, and what stands above the data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import TextPath
from matplotlib.transforms import offset_copy

from snnlab.show.style import FONT, GREY, GRID, INK, KEY, LABEL, NOTE, SIZE, TICK, TITLE, written

_HANDLE, _TO_TEXT, _BETWEEN = 2.4, 0.7, 1.6  # of a key, in font sizes
_KEY_LINE, _NOTE_LINE = 1.5 * NOTE, 1.3 * NOTE  # points


def blank_axes(size: tuple[float, float] = SIZE) -> Axes:
    """An empty Axes outside pyplot, for programs that save and never show.

    Args:
        size: width and height in inches.

    Example:
        >>> ax = raster(spikes, ax=blank_axes())
        >>> save(ax, "raster")
    """
    return Figure(figsize=size, layout=layout()).add_subplot()


def blank_panels(
    shares: Sequence[float],
    side: Literal["beside", "below"] = "beside",
    size: tuple[float, float] = SIZE,
) -> tuple[Axes, ...]:
    """Panels of one figure outside pyplot, with the given shares of its width or height."""
    return _panels(Figure(figsize=size, layout=layout()), shares, side)


def shown_axes(size: tuple[float, float] = SIZE) -> Axes:
    """An empty Axes that pyplot knows, so that a notebook displays it."""
    return shown_panels([1], size=size)[0]


def shown_panels(
    shares: Sequence[float],
    side: Literal["beside", "below"] = "beside",
    size: tuple[float, float] = SIZE,
) -> tuple[Axes, ...]:
    """As `blank_panels`, in a figure that pyplot knows."""
    import matplotlib.pyplot as plt  # here, so that programs never start a window system

    return _panels(plt.figure(figsize=size, layout=layout()), shares, side)


def _panels(
    figure: Figure, shares: Sequence[float], side: Literal["beside", "below"]
) -> tuple[Axes, ...]:
    if side == "beside":
        grid = figure.add_gridspec(1, len(shares), width_ratios=list(shares))
    else:
        grid = figure.add_gridspec(len(shares), 1, height_ratios=list(shares))
    first = figure.add_subplot(grid[0])
    share = first if side == "below" else None
    return first, *(figure.add_subplot(grid[i], sharex=share) for i in range(1, len(shares)))


def layout(pad: float = 0.15) -> ConstrainedLayoutEngine:
    """Room for all that is written around the panels, and `pad` inches around each of them."""
    return ConstrainedLayoutEngine(w_pad=pad, h_pad=pad)


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height of the data area in points, after the figure's layout if it has one."""
    figure = ax.get_figure(root=True)
    if figure is not None and (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    box = ax.get_window_extent()
    inches = box.transformed(ax.figure.dpi_scale_trans.inverted())
    return 72 * inches.width, 72 * inches.height


@lru_cache(maxsize=1024)
def text_width(text: str, size: float) -> float:
    """Width of a line of text in points."""
    path = TextPath((0, 0), text, size=size, prop=FontProperties(family=FONT))
    return float(path.get_extents().width)


def dressed(ax: Axes | None, *, x: str, y: str) -> Axes:
    """`ax`, or else a new Axes that pyplot knows, with labels, ticks and grid; see `dress`."""
    ax = shown_axes() if ax is None else ax
    dress(ax, x=x, y=y)
    return ax


def dress(ax: Axes, *, x: str, y: str, grid: Literal["x", "y", "both"] = "y") -> None:
    """Axis labels, tick sizes, a thin grid behind the data, and no box."""
    ax.set_facecolor("white")
    ax.set_xlabel(x, labelpad=8, **written(LABEL))
    ax.set_ylabel(y, labelpad=8, **written(LABEL))
    ax.tick_params(
        labelsize=TICK, labelcolor=INK, color=GREY, length=5, width=1, labelfontfamily=FONT
    )
    ax.tick_params(which="minor", length=0)
    ax.set_axisbelow(True)
    ax.grid(False)
    ax.grid(True, axis=grid, color=GRID, linewidth=1, linestyle="-")
    for edge in ("top", "right"):
        ax.spines[edge].set_visible(False)
    for edge in ("left", "bottom"):
        ax.spines[edge].set_color(GREY)
        ax.spines[edge].set_linewidth(1)


def head(ax: Axes, title: str | None, note: str | None = None, *, key: bool = False) -> None:
    """Put title, grey note and key above the data, in this order from the top.

    Args:
        ax: what it belongs to, with everything drawn.
        title: bold, left-aligned; None for none.
        note: how to read the figure, wrapped at the width of the axes.
        key: whether to name the labelled artists, in as many columns as fit.
    """
    height = 10.0  # points above the axes
    width, _ = size_in_points(ax)
    if key:
        height += _key(ax, width)
    if note:
        lines = textwrap.wrap(note, max(20, int(width / (0.55 * NOTE))))
        write_near(ax, "\n".join(lines), (0, 1), (0, height), written(NOTE, GREY))
        height += len(lines) * _NOTE_LINE + 4
    if title:
        ax.set_title(title, loc="left", pad=height + 2, fontweight="bold", **written(TITLE))


def _key(ax: Axes, width: float) -> float:
    """Draw the key above the axes; return its height in points."""
    handles, names = ax.get_legend_handles_labels()
    columns = _columns(names, width)
    ax.legend(
        handles,
        names,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=offset_copy(ax.transAxes, ax.get_figure(root=True), 0, 8, "points"),
        borderaxespad=0,
        borderpad=0,
        ncols=columns,
        handlelength=_HANDLE,
        handletextpad=_TO_TEXT,
        columnspacing=_BETWEEN,
        **KEY,
    )
    return -(-len(names) // columns) * _KEY_LINE + 2


def _columns(names: list[str], width: float) -> int:
    """The most columns of equal height, filled from the left, that fit in `width` points."""
    widths = [text_width(name, NOTE) + NOTE * (_HANDLE + _TO_TEXT) for name in names]
    for rows in range(1, len(names)):
        columns = [max(widths[i : i + rows]) for i in range(0, len(widths), rows)]
        if sum(columns) + NOTE * _BETWEEN * (len(columns) - 1) <= width:
            return len(columns)
    return 1


def write_near(
    ax: Axes,
    text: str,
    place: tuple[float, float],
    away: tuple[float, float],
    style: dict[str, Any],
    within: Any = "axes fraction",
) -> None:
    """Write a text some points away from a place.

    Args:
        ax: where.
        text: what.
        place: in the coordinates `within`.
        away: points to the right of it, and above it.
        style: see `written`; further properties of a text may be among them.
        within: "data", "axes fraction" or a transform.
    """
    ax.annotate(text, place, away, xycoords=within, textcoords="offset points", **style)


def write_at_sides(
    ax: Axes, left: str, right: str, margin: float, height: float, **more: Any
) -> None:
    """Write grey notes at the left and the right edge, as shares of the width and the height."""
    for x, side, text in ((margin, "left", left), (1 - margin, "right", right)):
        if text:
            style = written(NOTE, GREY) | more
            ax.text(x, height, text, transform=ax.transAxes, ha=side, multialignment=side, **style)
