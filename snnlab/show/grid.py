"""Panels in rows and columns, for the same picture many times over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.show.description import whole_figure
from snnlab.show.page import layout, write_near
from snnlab.show.style import GREY, KEY, LABEL, NOTE, TITLE, written

PANEL = (4.6, 4.0)  # inches
_GONE = "the panels belong to no figure any more"


def blank_grid(
    count: int, columns: int = 4, panel: tuple[float, float] = PANEL
) -> tuple[Axes, ...]:
    """Panels of one figure outside pyplot, row by row, with equal axes.

    Args:
        count: how many panels.
        columns: how many beside each other, at most.
        panel: width and height of one in inches.

    Raises:
        ValueError: count or columns below 1.

    Example:
        >>> axes = residual_histograms(found, axes=blank_grid(len(found)))
        >>> save(axes[0], "residuals")
    """
    figure = Figure(figsize=_size(count, columns, panel), layout=layout(0.12))
    return _panels(figure, count, columns)


def shown_grid(
    count: int, columns: int = 4, panel: tuple[float, float] = PANEL
) -> tuple[Axes, ...]:
    """As `blank_grid`, in a figure that pyplot knows, so that a notebook displays it."""
    import matplotlib.pyplot as plt  # here, so that programs never start a window system

    size = _size(count, columns, panel)
    return _panels(plt.figure(figsize=size, layout=layout(0.12)), count, columns)


def head_all(axes: Sequence[Axes], title: str | None, note: str) -> None:
    """Put a title above a figure of many panels and a grey note below it, both on the left."""
    figure = whole_figure(axes[0], _GONE)
    left: dict[str, Any] = {"x": 0.012, "ha": "left"}
    if title:
        figure.suptitle(title, fontweight="bold", **left, **written(TITLE))
    figure.supxlabel(note, **left, **written(NOTE, GREY))


def key_all(axes: Sequence[Axes]) -> None:
    """Name the labelled artists of the first panel at the upper right of the whole figure."""
    figure = whole_figure(axes[0], _GONE)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=len(names), **KEY)


def name_panel(ax: Axes, name: str) -> None:
    """Write the name of a panel above it."""
    write_near(ax, name, (0, 1), (0, 8), written(LABEL))


def is_inner(ax: Axes) -> bool:
    """Whether a panel has another one to its left, whose axis label then serves both."""
    place = ax.get_subplotspec()
    return place is not None and not place.is_first_col()


def _size(count: int, columns: int, panel: tuple[float, float]) -> tuple[float, float]:
    if count < 1 or columns < 1:
        raise ValueError(f"count and columns must be at least 1, got {count} and {columns}")
    return min(count, columns) * panel[0], -(-count // columns) * panel[1]


def _panels(figure: Figure, count: int, columns: int) -> tuple[Axes, ...]:
    across = min(count, columns)
    grid = figure.add_gridspec(-(-count // columns), across)
    first = figure.add_subplot(grid[0, 0])
    others = (
        figure.add_subplot(grid[i // across, i % across], sharex=first, sharey=first)
        for i in range(1, count)
    )
    return first, *others
