"""One neuron over time: charge, fire, reset."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.show.arrays import Floats, Values, floats, require_binary, require_same_shape
from snnlab.show.described import POTENTIAL, STEP, current_words, trace_limits, trace_words
from snnlab.show.page import dressed, head, write_near
from snnlab.show.picture import attach_description
from snnlab.show.style import BLUE, DASHED, INK, ORANGE, TICK, VERMILLION

_DOTS: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 7, "zorder": 5}


def neuron_trace(
    h: Values,
    v: Values,
    spikes: Values,
    v_th: float = 1.0,
    *,
    v_init: float | None = None,
    current: Values | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Potential of one neuron: it rises while the neuron charges and falls where it resets.

    During timestep t, drawn from t-1 to t, the potential goes from v[t-1] to h[t]; at t the
    neuron fires if h[t] >= v_th and falls to v[t].

    Args:
        h: potential before firing (T,).
        v: potential after reset (T,).
        spikes: 0 or 1 (T,).
        v_th: threshold, in the unit of h; everything is drawn in units of it.
        v_init: potential before the first timestep; without it the first charge is not drawn.
        current: input (T,), drawn as steps behind the potential.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: shapes that differ, spikes other than 0 and 1, or v_th not above 0.

    Example:
        >>> ax = neuron_trace(h=[0.9, 1.3], v=[0.9, 0.3], spikes=[0, 1], v_init=0.5)
    """
    if v_th <= 0:
        raise ValueError(f"v_th must be above 0, got {v_th}")
    before, after, fired = floats("h", h), floats("v", v), floats("spikes", spikes)
    require_same_shape(h=before, v=after, spikes=fired)
    require_binary("spikes", fired)
    before, after, spiked = before / v_th, after / v_th, fired == 1
    start = np.nan if v_init is None else v_init / v_th
    ax = dressed(ax, x=STEP, y=POTENTIAL)
    words = trace_words(before.tolist(), fired.tolist(), 1.0, start)
    steps = np.empty(0)
    if current is not None:
        steps = floats("current", current) / v_th
        require_same_shape(current=steps, h=before)
        _draw_current(ax, steps)
        words = f"{words} {current_words(steps.tolist(), 1.0)}"
    _draw_potential(ax, before, after, start)
    lines = before.tolist(), after.tolist()
    floor, mark, top = trace_limits(*lines, 1.0, start, steps.tolist())
    _draw_spikes(ax, before, after, spiked, mark)
    ax.set_ylim(floor - 0.05 * (mark - floor), top)
    ax.axhline(1, zorder=2, **DASHED)
    write_near(ax, "v_th", (1, 1), (8, 0), ax.get_yaxis_transform(), size=TICK, va="center")
    ax.set_xlim(-0.3 if v_init is not None else 0, len(before) + 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=16, integer=True))
    head(ax, title, key=True)
    attach_description(ax, words)
    return ax


def _draw_current(ax: Axes, current: Floats) -> None:
    ax.stairs(
        current,
        np.arange(len(current) + 1),
        baseline=0,
        fill=True,
        color=ORANGE,
        alpha=0.3,
        linewidth=0,
        label="current",
        zorder=1,
    )


def _draw_potential(ax: Axes, before: Floats, after: Floats, start: float) -> None:
    """A segment per timestep from v[t-1] at t-1 to h[t] at t, broken where the neuron resets."""
    time = np.arange(1, len(before) + 1)
    carried = np.concatenate([[start], after[:-1]])  # v[t-1]
    gap = np.full_like(before, np.nan)
    ax.plot(
        np.stack([time - 1, time, time], axis=1).ravel(),
        np.stack([carried, before, gap], axis=1).ravel(),
        color=BLUE,
        linewidth=2.5,
        label="charge: v[t-1] to h[t]",
        zorder=3,
    )
    known = np.isfinite(start)
    ax.plot(
        np.concatenate([[0], time]) if known else time,
        np.concatenate([[start], after]) if known else after,
        color=BLUE,
        **_DOTS,
    )


def _draw_spikes(
    ax: Axes, before: Floats, after: Floats, spiked: np.ndarray, height: float
) -> None:
    time = np.flatnonzero(spiked) + 1
    if not len(time):
        return
    ax.vlines(
        time,
        after[spiked],
        before[spiked],
        color=VERMILLION,
        linewidth=2.5,
        linestyle=(0, (2, 1)),
        label="reset: h[t] to v[t]",
        zorder=3,
    )
    edge = {"markeredgecolor": VERMILLION, "markeredgewidth": 2}
    ax.plot(time, before[spiked], markerfacecolor="white", **_DOTS | edge)
    upright: dict[str, Any] = {"marker": "|", "markersize": 18, "markeredgewidth": 3.5, "zorder": 4}
    heights = np.full(len(time), height)
    ax.plot(time, heights, linestyle="none", color=INK, label="spike", **upright)
