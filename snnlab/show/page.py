"""Axes of figures: how they are made, their frame, and the text around the data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import TextPath
from matplotlib.transforms import offset_copy

from snnlab.show.style import FONT, GREY, GRID, INK, LABEL, NOTE, SIZE, TICK, TITLE, style

PANEL = (4.6, 4.0)  # inches
_HANDLE, _TO_TEXT, _BETWEEN = 2.4, 0.7, 1.6  # of a key, in font sizes
_KEY: dict[str, Any] = {
    "handlelength": _HANDLE,
    "handletextpad": _TO_TEXT,
    "columnspacing": _BETWEEN,
    "borderpad": 0,
}
_KEY_LINE, _NOTE_LINE = 1.5 * NOTE, 1.3 * NOTE  # points
_SIDE = 0.012  # margin left and right of titles of many panels, as a share of the width


def blank_axes(size: tuple[float, float] = SIZE) -> Axes:
    """An empty Axes outside pyplot, for programs that save and never show.

    Args:
        size: width and height in inches.

    Example:
        >>> save(accuracy_against_timesteps(curves, ax=blank_axes()), "accuracy")
    """
    return blank_panels(1, size)[0]


def blank_panels(count: int, size: tuple[float, float] = SIZE) -> tuple[Axes, ...]:
    """Panels side by side in one figure outside pyplot, each with its own limits."""
    return _panels(_figure(size), count, count)


def shown_panels(count: int, size: tuple[float, float] = SIZE) -> tuple[Axes, ...]:
    """Like `blank_panels`, but known to pyplot, so that a notebook displays the figure."""
    return _panels(_figure(size, shown=True), count, count)


def blank_grid(
    count: int, columns: int = 4, panel: tuple[float, float] = PANEL
) -> tuple[Axes, ...]:
    """Panels of one figure outside pyplot, row by row, with equal axes.

    Args:
        count: how many panels.
        columns: how many side by side, at most.
        panel: width and height of one in inches.

    Raises:
        ValueError: count or columns below 1.

    Example:
        >>> axes = residual_histograms(found, axes=blank_grid(len(found)))
        >>> save(axes[0], "residuals")
    """
    return _grid(count, columns, panel, shown=False)


def given_grid(
    axes: Sequence[Axes] | None, count: int, what: str, panel: tuple[float, float] = PANEL
) -> tuple[Axes, ...]:
    """The given panels, checked, or a new grid that pyplot knows.

    Raises:
        ValueError: not `count` panels; the message says of how many `what`.
    """
    if axes is None:
        return _grid(count, 4, panel, shown=True)
    if len(axes) != count:
        raise ValueError(f"{count} {what} need as many axes, got {len(axes)}")
    return tuple(axes)


def fixed_panels(
    size: tuple[float, float], *boxes: tuple[float, float, float, float]
) -> tuple[Axes, ...]:
    """Panels outside pyplot at fixed places, which is faster than a computed layout.

    Args:
        size: width and height of the figure in inches.
        boxes: left, bottom, width and height of each panel as shares of the figure.
    """
    figure = Figure(figsize=size)
    return tuple(figure.add_axes(box) for box in boxes)


def _figure(size: tuple[float, float], pad: float = 0.15, *, shown: bool = False) -> Figure:
    """A figure whose layout leaves room for all text, and `pad` inches around each panel."""
    layout = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad)
    if not shown:
        return Figure(figsize=size, layout=layout)
    import matplotlib.pyplot as plt  # here, as pyplot may start a window system

    return plt.figure(figsize=size, layout=layout)


def _grid(count: int, columns: int, panel: tuple[float, float], *, shown: bool) -> tuple[Axes, ...]:
    if count < 1 or columns < 1:
        raise ValueError(f"count and columns must be at least 1, got {count} and {columns}")
    across = min(count, columns)
    size = across * panel[0], -(-count // across) * panel[1]
    return _panels(_figure(size, 0.12, shown=shown), count, across, equal=True)


def _panels(figure: Figure, count: int, across: int, *, equal: bool = False) -> tuple[Axes, ...]:
    grid = figure.add_gridspec(-(-count // across), across)
    first = figure.add_subplot(grid[0])
    share = first if equal else None
    rest = (grid[i] for i in range(1, count))
    return first, *(figure.add_subplot(place, sharex=share, sharey=share) for place in rest)


def whole_figure(shown: Axes | Figure, what_for: str) -> Figure:
    """The figure that an Axes belongs to, or the figure itself.

    Raises:
        ValueError: the Axes was removed from its figure; the message names the purpose, `what_for`.
    """
    whole = shown if isinstance(shown, Figure) else shown.get_figure(root=True)
    if whole is None:
        raise ValueError(f"the Axes belongs to no figure any more, so it cannot be {what_for}")
    return whole


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height of the data area in points, after the figure's layout if it has one."""
    figure = whole_figure(ax, "measured")
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    box = ax.get_window_extent()
    inches = box.transformed(figure.dpi_scale_trans.inverted())
    return 72 * inches.width, 72 * inches.height


@lru_cache(maxsize=1024)
@style()
def text_width(text: str, size: float) -> float:
    """Width of a line of text in points."""
    path = TextPath((0, 0), text, size=size)
    return float(path.get_extents().width)


def dressed(ax: Axes | None, *, x: str, y: str) -> Axes:
    """The given Axes, or a new one that pyplot knows, with labels, ticks and grid; see `dress`."""
    ax = shown_panels(1)[0] if ax is None else ax
    dress(ax, x=x, y=y)
    return ax


def dress(ax: Axes, *, x: str, y: str, grid: Literal["x", "y", "both"] = "y") -> None:
    """Axis labels, tick sizes, a thin grid behind the data, and no box.

    What matplotlib reads when an Axes is made, or when it is drawn, is set on the Axes itself: the
    font of labels, ticks and title, too, which `style` comes too late for.
    """
    ax.set_facecolor("white")
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        axis.set_label_text(name, fontsize=LABEL, family=FONT, color=INK)
        axis.labelpad = 8
    ax.tick_params(
        labelsize=TICK, labelcolor=INK, color=GREY, length=5, width=1, labelfontfamily=FONT
    )
    ax.tick_params(which="minor", length=0)
    ax.set_axisbelow(True)
    ax.grid(False)
    ax.grid(True, axis=grid, color=GRID, linewidth=1, linestyle="-")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=GREY, linewidth=1)


@style()
def head(ax: Axes, title: str | None, note: str | None = None, *, key: bool = False) -> None:
    """Put title, grey note and key above the data, in this order from the top.

    Args:
        ax: the Axes, with all its data drawn.
        title: bold, left-aligned; None for none.
        note: how to read the figure, wrapped at the width of the axes.
        key: whether to name the labelled artists, in as many columns as fit.
    """
    height = 10.0  # points above the axes
    width, _ = size_in_points(ax)
    if key:
        height += _key(ax, width)
    if note:
        lines = _wrapped(note, NOTE, width)
        write_near(ax, lines, (0, 1), (0, height), color=GREY)
        height += len(lines.split("\n")) * _NOTE_LINE + 4
    if title:
        ax.set_title(title, loc="left", pad=height + 2, family=FONT)


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
        ncols=columns,
        **_KEY,
    )
    return -(-len(names) // columns) * _KEY_LINE + 2


def _columns(names: list[str], width: float) -> int:
    """The largest number of columns of a key that fit in `width` points.

    Columns are filled from the left. Computed here, as matplotlib does not choose the number.
    """
    widths = [text_width(name, NOTE) + NOTE * (_HANDLE + _TO_TEXT) for name in names]
    for rows in range(1, len(names)):
        columns = [max(widths[i : i + rows]) for i in range(0, len(widths), rows)]
        if sum(columns) + NOTE * _BETWEEN * (len(columns) - 1) <= width:
            return len(columns)
    return 1


@style()
def head_all(axes: Sequence[Axes], title: str | None, note: str, *, key: bool = False) -> None:
    """Put a title and a key above a figure of many panels and a grey note below it, on the left.

    All are wrapped at the width of the figure.

    Args:
        axes: the panels.
        title: None for none.
        note: how to read the figure.
        key: name the labelled artists of the first panel below the title.
    """
    figure = whole_figure(axes[0], "given a title")
    whole = 72 * figure.get_figwidth()  # points
    width = (1 - 2 * _SIDE) * whole
    title = _wrapped(title, TITLE, width) if title else None
    if key:  # as title of the key, so that both never overlap
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            title=title,
            title_fontproperties={"size": TITLE, "weight": "bold"},
            loc="outside upper left",
            alignment="left",
            borderaxespad=_SIDE * whole / NOTE,
            ncols=_columns(names, width),
            **_KEY,
        )
    elif title:
        figure.suptitle(title, x=_SIDE, ha="left")
    figure.supxlabel(_wrapped(note, NOTE, width), x=_SIDE, ha="left", color=GREY)


def _wrapped(text: str, size: float, width: float) -> str:
    """A text of a font size in lines of about `width` points at most."""
    return "\n".join(textwrap.wrap(text, max(20, int(width / (0.6 * size)))))


def name_panel(ax: Axes, name: str) -> None:
    """Write the name of a panel above it."""
    write_near(ax, name, (0, 1), (0, 8), size=LABEL)


def is_inner(ax: Axes) -> bool:
    """Whether a panel has another one to its left, so that it needs no y label."""
    place = ax.get_subplotspec()
    return place is not None and not place.is_first_col()


@style()
def write_near(
    ax: Axes,
    text: str,
    place: tuple[float, float],
    away: tuple[float, float],
    within: Any = "axes fraction",
    **more: Any,
) -> None:
    """Write a text some points away from a place.

    Args:
        ax: where to write.
        text: what to write.
        place: (x, y) in the coordinates `within`.
        away: distance from the place in points, to the right and upwards.
        within: "data", "axes fraction" or a transform.
        more: further properties of the text.
    """
    ax.annotate(text, place, away, xycoords=within, textcoords="offset points", **more)


@style()
def write_inside(ax: Axes, text: str, x: float, y: float, **more: Any) -> None:
    """Write a grey note into the data area; x and y are shares of its width and height."""
    ax.text(x, y, text, transform=ax.transAxes, color=GREY, **more)


def write_at_sides(
    ax: Axes, left: str, right: str, margin: float, height: float, **more: Any
) -> None:
    """Write grey notes at the left and right edge; margin and height are shares of the axes."""
    for x, side, text in ((margin, "left", left), (1 - margin, "right", right)):
        if text:
            write_inside(ax, text, x, height, ha=side, multialignment=side, **more)
