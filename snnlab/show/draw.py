"""Draws a `Plot` with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from snnlab.show.described import TIMESTEPS
from snnlab.show.line_ends import LineEnd, head_and_names
from snnlab.show.page import dress, is_inner, shown_panels
from snnlab.show.picture import attach_description
from snnlab.show.plot import Axis, Numbers, Plot, Series
from snnlab.show.style import DASHED

HOLLOW: dict[str, Any] = {"markersize": 8, "markerfacecolor": "white", "markeredgewidth": 2}
"""Markers of points that no line joins."""


def draw_plot(ax: Axes | None, plot: Plot, *, shared: bool = False) -> Axes:
    """Draw frame, series and description; title, note and key are added later, see `head`.

    Args:
        ax: where to draw; None: on a new Axes that pyplot knows.
        plot: the plot.
        shared: whether only the first panel of a row names its y axis.
    """
    ax = shown_panels(1)[0] if ax is None else ax
    dress(ax, x=plot.x.name, y="" if shared and is_inner(ax) else plot.y.name)
    for place, one in enumerate(plot.series):
        draw_series(ax, one, plot, 4 - place / len(plot.series))
    if plot.x.scale == "log":
        scale_log(ax, plot.x.ticks)
    elif plot.x.ticks:
        ax.set_xticks(plot.x.ticks)
    ax.set(xlim=plot.x.limits, ylim=plot.y.limits)
    attach_description(ax, plot.words)
    return ax


def draw_with_names(
    ax: Axes | None, plot: Plot, title: str | None, note: str | None = None
) -> Axes:
    """Draw a plot with title and note, and with names at the ends of lines if there is room."""
    ax = draw_plot(ax, plot)
    lines = [one for one in plot.series if one.kind == "line"]
    ends = [LineEnd(one.x[-1], one.y[-1], one.look.name, one.look.colour) for one in lines]
    head_and_names(ax, ends, title, note)
    return ax


def draw_series(ax: Axes, one: Series, plot: Plot, height: float) -> None:
    """Draw one series.

    Args:
        ax: where to draw.
        one: the series.
        plot: to which it belongs; on an axis of timesteps T a line is marked only at the ticks.
        height: lines with a larger height cover others; a dashed line without markers covers a
            solid one of the same height, so that both are seen.
    """
    look, label = one.look, one.look.name
    filled: dict[str, Any] = {"color": look.colour, "alpha": one.opacity, "linewidth": 0}
    match one.kind:
        case "rule":
            for x in one.x:
                ax.axvline(x, zorder=2, **DASHED)
        case "band":
            ax.fill_between(one.x, one.y, one.top, zorder=2, **filled)
        case "spans":
            ax.vlines(one.x, one.y, one.top, color=look.colour, linewidth=1.5, zorder=height - 1)
        case "bars" if one.opacity < 1:
            ax.stairs(one.y, one.x, fill=True, label=label, zorder=2, **filled)
        case "bars":
            ax.stairs(one.y, one.x, color=look.colour, linewidth=2.5, label=label, zorder=3)
        case "points":
            errors = np.subtract(one.top, one.y) if len(one.top) else None
            bars: dict[str, Any] = {"elinewidth": 2, "capsize": 4, "linestyle": "none"}
            dots = {"color": look.colour, "marker": look.marker, "clip_on": False} | HOLLOW
            ax.errorbar(one.x, one.y, errors, zorder=5, **bars | dots)
        case _:
            every = plot.x.name != TIMESTEPS
            marked = [i for i, x in enumerate(one.x) if every or x in plot.x.ticks]
            # lines and markers at the edge are whole, but what lies beyond it is not drawn
            clip = goes_beyond(one.x, plot.x) or goes_beyond(one.y, plot.y)
            height += not look.marker and look.dashes != "-"
            size: dict[str, Any] = {"linewidth": 2.5 * one.size, "markersize": 9, "zorder": height}
            ax.plot(one.x, one.y, markevery=marked, clip_on=clip, **size, **look.line)


def goes_beyond(values: Numbers, axis: Axis) -> bool:
    """Whether any value lies beyond the limits of its axis."""
    low, high = axis.limits or (-math.inf, math.inf)
    return any(not low <= value <= high for value in values)


def scale_log(ax: Axes, ticks: Sequence[float]) -> None:
    """A log axis with these ticks, as numbers without powers of ten."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:,.10g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
