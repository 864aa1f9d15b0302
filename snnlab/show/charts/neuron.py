"""Charts of one neuron that follow sliders: its potential, how often it fires, its residual.

What the potential shows is a `Trace`; how, is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from snnlab.neuron.spec import Noise
from snnlab.show.charts.draw import DATA, draw_chart
from snnlab.show.charts.frame import LINE, LiveChart, look, named, repeated
from snnlab.show.colours import Palette
from snnlab.show.described import (
    DENSITY,
    RESIDUAL,
    STEP,
    beside_words,
    noise_density,
    noise_points,
)
from snnlab.show.pictures import trace_of
from snnlab.show.plot import Axis, Look, Plot, Series

RESIDUAL_NAME, SAMPLES_NAME, CLOSED_FORM_NAME = (
    "residual, without noise",
    "noise, drawn",
    "noise, closed form",
)
"""Names of the curves over potentials in the legend."""
LOWEST_SHOWN = -0.25
"""Lowest potential that is always shown, in units of v_th, so that sigma does not move the axis."""
RESIDUALS_AT = -0.25
"""Position of the ticks of the residuals, on the axis where the noise goes from 0 to 1."""
BAR_GAP = 0.06
"""Gap between the bar of a current and each end of its timestep, in timesteps."""
MET_AT = 0.02
"""Height at which the currents of a neuron are marked, in spikes per timestep."""


def part_of(part: str) -> Any:
    """A chart of the rows of the data that belong to one part."""
    return named(DATA).transform_filter(f"datum.name == '{part}'")


def together(parts: dict[str, dict[str, Sequence[Any]]]) -> dict[str, pa.Table]:
    """The data of a chart as one table, from several parts with their own columns."""
    counts = {name: len(next(iter(columns.values()))) for name, columns in parts.items()}
    names = dict.fromkeys(column for columns in parts.values() for column in columns)
    table = {"name": repeated(counts)}
    for column in names:
        nothing = {name: [None] * count for name, count in counts.items()}
        found = (columns.get(column, nothing[name]) for name, columns in parts.items())
        table[column] = pa.array([value for values in found for value in values])
    return {DATA: pa.table(table)}


@dataclass(frozen=True)
class NoiseAndResiduals:
    """Residuals and noise, drawn to the right of a potential over time."""

    left: Sequence[float]
    """The residuals v[t-1] for t = 1 to T."""
    noise: Noise | None
    """The noise that replaces them in training; None: there is none."""
    points: Sequence[float] = ()
    """Potentials at which the density of the noise is given, in units of v_th."""
    law: Sequence[float] = ()
    """The density of the noise at these points."""

    @classmethod
    def of(cls, left: Sequence[float], noise: Noise | None) -> NoiseAndResiduals:
        """Residuals and noise, with the density of the noise computed for the whole chart."""
        if noise is None:
            return cls(left, None)
        return cls(
            left, noise, noise_points().tolist(), noise_density(noise, noise_points()).tolist()
        )


def potential_chart(
    h: Sequence[float],
    v: Sequence[float],
    spikes: Sequence[float],
    *,
    v_th: float,
    beside: NoiseAndResiduals,
    colours: Palette,
    currents: Sequence[float] = (),
    now: int | None = None,
    height: int = 360,
) -> LiveChart:
    """Charge, fire and reset as one line; the threshold; a triangle for every spike.

    To the right the residuals, and the noise that replaces them in training. If the currents are
    given, a bar for the current of each timestep.

    Args:
        h: potential before firing at t = 1 to T.
        v: potential after reset, as many.
        spikes: 0 or 1, as many.
        v_th: threshold, in the unit of the potentials.
        beside: residuals and noise at the right; the line begins at the first residual.
        colours: see `palette`.
        currents: into the neuron at t = 1 to T, in the unit of the potentials; none: no bars.
        now: the timestep that is marked, 1 to T; None: none is.
        height: in pixels.

    Raises:
        ValueError: not one value of each per timestep, or there is no timestep.

    Example:
        >>> beside = NoiseAndResiduals([0, 0.6], None)
        >>> potential_chart([0.6, 1.2], [0.6, 0.2], [0, 1], v_th=1, beside=beside, colours=LIGHT)
    """
    if not len(h) == len(v) == len(spikes) == len(beside.left) or not len(h):
        raise ValueError(
            f"h, v, spikes and what is left must have one value per timestep, got {len(h)}, "
            f"{len(v)}, {len(spikes)} and {len(beside.left)}"
        )
    if len(currents) not in (0, len(h)):
        raise ValueError(f"{len(h)} timesteps need as many currents or none, got {len(currents)}")
    T, trace = len(h), trace_of(h, v, spikes, v_th, beside.left[0], currents)
    upto = T if now is None else now
    floor, roof = min(trace.floor, LOWEST_SHOWN * v_th), trace.roof
    seen = [t for t in trace.spikes if t <= upto]
    line: dict[str, Sequence[Any]] = {
        "index": range(len(trace.times)),
        "t": trace.times,
        "potential": trace.potentials,
    }
    passed = slice(0, 2 * upto + 1)
    parts: dict[str, dict[str, Sequence[Any]]] = {
        "ends": {"t": [0, T], "potential": [floor, roof]},
        "threshold": {"potential": [v_th]},
        "line": line,
        "seen": {name: values[passed] for name, values in line.items()},
        "now": {"t": [upto], "potential": [h[upto - 1]]},
        "spikes": {"t": seen, "potential": [trace.mark] * len(seen)},
        "left": {"share": [RESIDUALS_AT] * upto, "potential": beside.left[:upto]},
    }
    if len(currents):
        bars = bars_of(currents)
        parts["currents"] = bars
        if now is not None:
            parts["current"] = {name: values[now - 1 : now] for name, values in bars.items()}
    data = together(parts | noise_beside(beside, floor / v_th, roof / v_th, v_th))
    kept = potential_look(colours, height, stepping=now is not None, driven=len(currents) > 0)
    words = f"{trace.words} {beside_words(beside.left, beside.noise, v_th)}"
    return LiveChart(kept, data, words, height)


def bars_of(currents: Sequence[float]) -> dict[str, Sequence[Any]]:
    """A bar for each current, from 0 to it, over the timestep in which it flows."""
    steps = range(1, len(currents) + 1)
    return {
        "index": steps,
        "t": [t - 1 + BAR_GAP for t in steps],
        "until": [t - BAR_GAP for t in steps],
        "potential": currents,
    }


def noise_beside(
    beside: NoiseAndResiduals, low: float, high: float, v_th: float
) -> dict[str, dict[str, Sequence[Any]]]:
    """The density of the noise, 1 at its peak, and the band around its mean, within limits.

    Args:
        beside: with the noise and its density.
        low, high: the limits, in units of v_th.
        v_th: threshold, in the unit of potentials.
    """
    if beside.noise is None:
        return {}
    mu, sigma = beside.noise.mu, beside.noise.sigma
    points, law = np.asarray(beside.points), np.asarray(beside.law)
    inside = (points >= low) & (points <= high)
    shares = law[inside] / max(law.max(), np.finfo(float).tiny)
    start, end = (np.clip([mu - sigma, mu + sigma], low, high) * v_th).tolist()
    return {
        "noise": {"share": shares.tolist(), "potential": (points[inside] * v_th).tolist()},
        "band": {"from": [start], "to": [end]},
    }


@lru_cache
def potential_look(
    colours: Palette, height: int, *, stepping: bool, driven: bool
) -> dict[str, Any]:
    """The specification of the chart, with or without a marked timestep and bars of currents."""
    x = alt.X("t:Q", title=STEP, scale=alt.Scale(nice=False, zero=False, range=part(0, 0.84)))
    x = x.axis(alt.Axis(tickMinStep=1, format="d", grid=False))
    y = alt.Y("potential:Q", title="Potential", scale=alt.Scale(nice=False, zero=False))
    order = alt.Order("index:Q")
    grey: Any = {"color": colours.grey}
    rule = part_of("threshold").mark_rule(strokeDash=[7, 5], strokeWidth=2, **grey)
    invisible = part_of("ends").mark_point(opacity=0)  # invisible points that span the axes
    band = part_of("band").mark_rect(color=colours.noise, opacity=0.13)
    layers: list[Any] = [
        band.encode(y=alt.Y("from:Q", title="Potential"), y2="to:Q"),
        invisible.encode(x=x, y=y),
        rule.encode(y=y),
    ]
    if driven:
        bar: dict[str, Any] = {"x": x, "x2": "until:Q", "y": y, "y2": alt.datum(0)}
        bar["tooltip"] = [
            alt.Tooltip("index:Q", title="Current at t"),
            alt.Tooltip("potential:Q", title="is", format=".3f"),
        ]
        orange = colours.hue("orange")
        bars = part_of("currents").mark_rect(color=orange, opacity=0.4)
        layers.append(bars.encode(**bar))
        if stepping:
            layers.append(part_of("current").mark_rect(color=orange, opacity=1).encode(**bar))
    if stepping:
        whole = part_of("line").mark_line(strokeWidth=1.5, opacity=0.4, **grey)
        upright = part_of("now").mark_rule(strokeDash=[3, 4], strokeWidth=1.5, **grey)
        dot = part_of("now").mark_circle(size=240, color=colours.noise, opacity=1)
        layers.append(whole.encode(x=x, y=y, order=order))
        layers += [upright.encode(x="t:Q"), dot.encode(x=x, y=y)]
    seen = part_of("seen").mark_line(color=colours.noise, strokeWidth=LINE, strokeJoin="round")
    layers.append(seen.encode(x=x, y=y, order=order))
    triangle: Any = {"shape": "triangle-down", "filled": True, "size": 190}
    marks = part_of("spikes").mark_point(color=colours.quiet, opacity=1, **triangle)
    layers.append(marks.encode(x=x, y=y, tooltip=[alt.Tooltip("t:Q", title="Spike at t")]))
    both = alt.layer(alt.layer(*layers), beside_look(colours, y)).resolve_scale(x="independent")
    return look(both, colours, height)


def beside_look(colours: Palette, y: alt.Y) -> Any:
    """The panel at the right: the same axis of potentials, and a horizontal axis of its own."""
    scale = alt.Scale(domain=[2 * RESIDUALS_AT, 1], nice=False, range=part(0.86, 1))
    x = alt.X("share:Q", scale=scale, axis=None)
    area = part_of("noise").mark_area(orient="horizontal", color=colours.noise, opacity=0.3)
    curve = part_of("noise").mark_line(color=colours.noise, strokeWidth=2)
    curve = curve.encode(x=x, y=y, order=alt.Order("potential:Q"))
    ticks = part_of("left").mark_point(
        shape="stroke", size=220, strokeWidth=2.5, opacity=0.75, color=colours.quiet
    )
    return alt.layer(area.encode(x=x, x2=alt.datum(0), y=y), curve, ticks.encode(x=x, y=y))


def part(start: float, end: float) -> list[Any]:
    """A part of the width of a chart, given by both ends as shares of the width."""
    return [alt.expr(f"{start} * width"), alt.expr(f"{end} * width")]


def firing_chart(
    currents: Sequence[float],
    probability: Sequence[float],
    rate: Sequence[float],
    *,
    timesteps: int,
    current: float,
    at_current: float,
    noisy: bool,
    colours: Palette,
    met: Sequence[float] = (),
    height: int = 280,
) -> LiveChart:
    """Firing probability of a single step, and the rate over T timesteps without noise.

    Args:
        currents: at which both are given.
        probability: of a spike in one timestep, 0 to 1.
        rate: spikes per timestep over T timesteps, 0 to 1.
        timesteps: T.
        current: the chosen current, marked.
        at_current: the probability there.
        noisy: whether noise acts in the single step.
        colours: see `palette`.
        met: currents that the neuron had, a tick for each; `current` is then their mean.
        height: in pixels.
    """
    one, many = names_of(timesteps, noisy=noisy)
    stairs = ends_of_steps(rate)
    series = (
        Series(Look(one, colours.noise), currents, probability),
        Series(
            Look(many, colours.quiet, dashes=(0, (5, 2))),
            [currents[i] for i in stairs],
            [rate[i] for i in stairs],
        ),
        Series(Look("", colours.grey), [current], [], "rule", size=0.5),
        Series(Look("", colours.noise), [current], [at_current], "points", size=1.85),
        Series(Look("", colours.hue("orange")), met, [MET_AT] * len(met), "ticks", size=1.9),
    )
    words = (
        f"Spikes per timestep against current. In {one}, the neuron fires with "
        f"probability {at_current:.2f} at current {current:.2f}"
    )
    if len(met):
        words += f", the mean of those that it met, {min(met):.2f} to {max(met):.2f}"
    words += "."
    plot = Plot(Axis("Current"), Axis("Spikes per timestep", (0, 1.03)), series, words)
    return draw_chart(plot, colours=colours, height=height)


def ends_of_steps(values: Sequence[float]) -> list[int]:
    """Indices of the points that suffice to draw a step curve: both ends, both sides of each step.

    Example:
        >>> ends_of_steps([0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5])
        [0, 2, 3, 6]
    """
    steps = np.flatnonzero(np.diff(values))
    ends: list[int] = np.unique([0, *steps, *steps + 1, len(values) - 1]).tolist()
    return ends


def names_of(timesteps: int, *, noisy: bool) -> tuple[str, str]:
    """Names of the two curves in the legend."""
    plural = "s" * (timesteps != 1)
    one = f"one timestep, {'with' if noisy else 'without'} noise"
    return one, f"{timesteps} timestep{plural}, without"


def residual_chart(
    edges: Sequence[float],
    without: Sequence[float],
    with_noise: Sequence[float],
    points: Sequence[float],
    law: Sequence[float],
    *,
    colours: Palette,
    height: int = 280,
) -> LiveChart:
    """The histograms of residuals and noise over each other, and the noise in closed form.

    Args:
        edges: of the bins, one more than bins, in units of v_th.
        without: density of the residuals of neurons that run without noise, one per bin.
        with_noise: density of the noise that was drawn, one per bin; empty: there is no noise.
        points: potentials at which the closed form is given, in units of v_th.
        law: the density of the noise there; empty: there is no noise.
        colours: see `palette`.
        height: in pixels.

    Raises:
        ValueError: the lengths do not fit.
    """
    if len(edges) != len(without) + 1 or len(with_noise) not in (0, len(without)):
        raise ValueError(
            f"{len(edges)} edges need {len(edges) - 1} densities, got {len(without)} and "
            f"{len(with_noise)}"
        )
    words = f"Histogram of the residual potential. {residual_words(edges, without)}"
    series = [Series(Look(RESIDUAL_NAME, colours.quiet), edges, without, "bars", opacity=0.45)]
    if with_noise:
        seen = [
            (v, density)
            for v, density in zip(points, law, strict=True)
            if edges[0] <= v <= edges[-1]
        ]
        v, densities = zip(*seen, strict=True)
        drawn = Look(SAMPLES_NAME, colours.noise)
        series.append(Series(drawn, edges, with_noise, "bars", opacity=0.45))
        series.append(Series(Look(CLOSED_FORM_NAME, colours.ink), v, densities))
        likely = int(np.argmax(densities))
        words += f"; the noise has its highest density, {densities[likely]:.2f}, at "
        words += f"{v[likely]:.2f} v_th"
    plot = Plot(Axis(RESIDUAL), Axis(DENSITY), tuple(series), f"{words}.")
    return draw_chart(plot, colours=colours, height=height)


def residual_words(edges: Sequence[float], density: Sequence[float]) -> str:
    """In words, where the residuals lie that were measured without noise.

    Example:
        >>> residual_words([0.0, 0.5, 1.0, 1.5], [1.2, 0.8, 0.0])
        'Without noise it lies between 0.00 and 1.00 v_th, with density 1.20 at most'
    """
    filled = np.flatnonzero(density)
    if not len(filled):
        return f"Without noise it lies outside of {edges[0]:g} to {edges[-1]:g} v_th"
    low, high = edges[filled[0]], edges[filled[-1] + 1]
    return (
        f"Without noise it lies between {low:.2f} and {high:.2f} v_th, with density "
        f"{max(density):.2f} at most"
    )
