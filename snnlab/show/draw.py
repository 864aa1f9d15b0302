"""Draws a `Plot` with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    NullLocator,
)

from snnlab.show.line_ends import LineEnd, head_and_names
from snnlab.show.page import dress, is_inner, shown_panels
from snnlab.show.picture import attach_description
from snnlab.show.plot import Plot, Series
from snnlab.show.style import DASHED


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
    if plot.x.scale == "log" and plot.x.ticks:
        scale_timesteps(ax, plot.x.ticks)
    elif plot.x.limits and plot.x.scale == "log":
        scale_cost(ax, plot.x.limits)
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
        plot: to which it belongs; a line is marked only at the ticks of the x axis, if there are
            any.
        height: lines with a larger height cover others.
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
        case _:
            ticks, limits = plot.x.ticks, plot.y.limits
            marked = [i for i, x in enumerate(one.x) if not ticks or x in ticks]
            # markers at the edge are drawn whole, points beyond it are not drawn
            beyond = limits is not None and min(one.y) < limits[0]
            size: dict[str, Any] = {"linewidth": 2.5 * one.size, "markersize": 9, "zorder": height}
            clip = beyond or not look.marker
            ax.plot(one.x, one.y, markevery=marked, clip_on=clip, **size, **look.line)


def scale_cost(ax: Axes, limits: tuple[float, float]) -> None:
    """A log axis with at least two numbers, written without powers of ten."""
    ax.set_xscale("log")
    decades = limits[1] / limits[0]
    steps = (1, 2, 5) if decades > 10 else (1, 1.5, 2, 3, 5, 7)
    ax.xaxis.set_major_locator(LogLocator(10, subs=(1.0,) if decades > 200 else steps, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def scale_timesteps(ax: Axes, ticks: Sequence[float]) -> None:
    """A log2 axis of timesteps T with these ticks."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
