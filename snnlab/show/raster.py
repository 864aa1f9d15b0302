"""Spikes of many neurons over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.show.arrays import Floats, Values, floats, require_binary
from snnlab.show.description import attach_description
from snnlab.show.page import dress, head, shown_panels, size_in_points
from snnlab.show.style import BLUE, INK


def raster(
    spikes: Values,
    *,
    ax: Axes | None = None,
    rate_ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """A tick per spike, one row per neuron, and the rate of all neurons below.

    Args:
        spikes: 0 or 1 (T, N), time first.
        ax: where to draw the ticks; by default a new figure with a panel for the rate.
        rate_ax: where to draw the rate (spikes per neuron and timestep); by default it is
            drawn only in a new figure.
        title: above the figure.

    Returns:
        The Axes with the ticks.

    Raises:
        ValueError: spikes of another shape, or other than 0 and 1.

    Example:
        >>> ax = raster([[0, 1, 0], [1, 1, 0], [0, 0, 1], [0, 1, 0]])
    """
    fired = floats("spikes", spikes, ndim=2)  # (T, N)
    require_binary("spikes", fired)
    if ax is None:
        ax, default_rate_ax = shown_panels([2, 1], "below")
        rate_ax = rate_ax or default_rate_ax
    _draw_ticks(ax, fired)
    if rate_ax is not None:
        _draw_rate(rate_ax, fired.mean(axis=1))
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    head(ax, title)
    timesteps, neurons = fired.shape
    attach_description(
        ax,
        f"Spike raster of {neurons} neurons over {timesteps} timesteps: {int(fired.sum())} "
        f"spikes, {fired.mean():.3f} per neuron and timestep.",
    )
    return ax


def _draw_ticks(ax: Axes, fired: Floats) -> None:
    timesteps, neurons = fired.shape
    dress(ax, x="Timestep t", y="Neuron", grid="x")
    time, neuron = np.nonzero(fired)
    width, _ = size_in_points(ax)
    ax.vlines(
        time + 1,
        neuron - 0.4,
        neuron + 0.4,
        color=INK,
        linewidth=float(np.clip(0.35 * width / timesteps, 0.8, 4)),
        zorder=3,
    )
    ax.set_xlim(0.5, timesteps + 0.5)
    ax.set_ylim(-0.7, neurons - 0.3)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _draw_rate(ax: Axes, rate: Floats) -> None:
    dress(ax, x="Timestep t", y="Rate (spikes\nper timestep)")
    edges = np.arange(len(rate) + 1) + 0.5
    ax.stairs(rate, edges, fill=True, color=BLUE, alpha=0.85)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, max(1.15 * float(rate.max()), 0.01))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=2))
