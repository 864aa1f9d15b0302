"""One neuron over time: charge, fire, reset."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.show.arrays import Values, floats, require_binary, require_same_shape
from snnlab.show.described import CHARGE, INFLOW, POTENTIAL, RESET, SPIKE, STEP
from snnlab.show.page import dressed, head, write_near
from snnlab.show.picture import attach_description
from snnlab.show.pictures import Trace, trace_of
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
    before, after = before / v_th, after / v_th
    start = np.nan if v_init is None else v_init / v_th
    steps = np.empty(0)
    if current is not None:
        steps = floats("current", current) / v_th
        require_same_shape(current=steps, h=before)
    known = before.tolist(), after.tolist(), fired.tolist()
    trace = trace_of(*known, 1.0, start, steps.tolist())
    ax = dressed(ax, x=STEP, y=POTENTIAL)
    if len(steps):
        filled: dict[str, Any] = {"fill": True, "color": ORANGE, "alpha": 0.3, "linewidth": 0}
        ax.stairs(steps, np.arange(len(steps) + 1), baseline=0, label=INFLOW, zorder=1, **filled)
    _draw_path(ax, trace)
    ax.set_ylim(trace.floor - 0.05 * (trace.mark - trace.floor), trace.roof)
    ax.axhline(1, zorder=2, **DASHED)
    write_near(ax, "v_th", (1, 1), (8, 0), ax.get_yaxis_transform(), size=TICK, va="center")
    ax.set_xlim(-0.3 if v_init is not None else 0, len(before) + 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=16, integer=True))
    head(ax, title, key=True)
    attach_description(ax, trace.words)
    return ax


def _draw_path(ax: Axes, trace: Trace) -> None:
    """A segment per timestep from v[t-1] at t-1 to h[t] at t, broken where the neuron resets."""
    times, potentials = np.array(trace.times), np.array(trace.potentials)
    starts, ends = potentials[:-1:2], potentials[1::2]  # v[t-1] and h[t]
    time, gap = times[1::2], np.full_like(ends, np.nan)
    charge: dict[str, Any] = {"color": BLUE, "linewidth": 2.5, "label": CHARGE, "zorder": 3}
    ax.plot(
        np.stack([time - 1, time, time], axis=1).ravel(),
        np.stack([starts, ends, gap], axis=1).ravel(),
        **charge,
    )
    ax.plot(times[::2], potentials[::2], color=BLUE, **_DOTS)
    if not trace.spikes:
        return
    fired = np.array(trace.spikes)
    h, v = potentials[2 * fired - 1], potentials[2 * fired]
    reset: dict[str, Any] = {"color": VERMILLION, "linewidth": 2.5, "linestyle": (0, (2, 1))}
    ax.vlines(fired, v, h, label=RESET, zorder=3, **reset)
    edge = {"markeredgecolor": VERMILLION, "markeredgewidth": 2}
    ax.plot(fired, h, markerfacecolor="white", **_DOTS | edge)
    upright: dict[str, Any] = {"marker": "|", "markersize": 18, "markeredgewidth": 3.5, "zorder": 4}
    marks = [trace.mark] * len(fired)
    ax.plot(fired, marks, linestyle="none", color=INK, label=SPIKE, **upright)
