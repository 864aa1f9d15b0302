"""Each picture as a `Plot`, for matplotlib and Altair: one function for one picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import Noise
from snnlab.show.arrays import Floats
from snnlab.show.bands import Band, banded, edges
from snnlab.show.described import (
    ACCURACY,
    EPOCH,
    TIMESTEPS,
    Points,
    accuracy_limits,
    accuracy_words,
    cost_words,
    current_words,
    noise_density,
    residual_bins,
    trace_words,
    wide_bins,
)
from snnlab.show.plot import Axis, Look, Plot, Series

if TYPE_CHECKING:
    from snnlab.measure.residuals import ResidualSummary

GROUPS = ("active", "silent", "saturated")
"""The neurons of a stage by how often they fire: sometimes, never, at every timestep."""
_MOST_MARKED = 30


def accuracy_plot(
    curves: Mapping[Look, SeedCurves],
    *,
    band: Band = "range",
    faint: Iterable[Look] = (),
    most_ticks: int = 10,
) -> Plot:
    """Mean test accuracy over T on a log2 axis, with a band over seeds.

    Args:
        curves: the accuracies by their look.
        band: see `banded`.
        faint: looks of curves to draw behind the others: thin, without points and bands.
        most_ticks: with more T than that, only the powers of two have a tick.
    """
    behind = set(faint)
    series: list[Series] = []
    for look, found in curves.items():
        T = found.timesteps
        tooltips = {"T": T, "accuracy": found.mean, "seeds": [found.seeds] * len(T)}
        if look in behind:
            unmarked = Look(look.name, look.colour, dashes=look.dashes)
            series.append(Series(unmarked, T, found.mean, size=0.6, opacity=0.7))
        else:
            values_shown = tuple(tooltips.values())
            series += banded(
                look, found, band, tooltip_names=tuple(tooltips), tooltip_values=values_shown
            )
    drawn = (chain(found.mean, *edges(found, band)) for found in curves.values())
    words = accuracy_words({look.name: found for look, found in curves.items()})
    x = timesteps_axis(curves.values(), most_ticks)
    y = Axis(ACCURACY, accuracy_limits(chain.from_iterable(drawn)))
    return Plot(x, y, tuple(series), words)


def timesteps_axis(curves: Iterable[SeedCurves], most_ticks: int) -> Axis:
    """A log2 axis with a tick at every T, or at powers of two if these are too many."""
    ticks = sorted({T for found in curves for T in found.timesteps})
    low, high = ticks[0], ticks[-1]
    if len(ticks) > most_ticks:
        ticks = [T for T in ticks if T & (T - 1) == 0] or [low, high]
    margin = (high / low) ** 0.04 if high > low else 1.5
    return Axis(TIMESTEPS, (low / margin, high * margin), "log", tuple(map(float, ticks)))


def cost_plot(cost: str, series: Sequence[Series], means: Mapping[str, Points]) -> Plot:
    """Accuracy against a cost on a log axis.

    Args:
        cost: the name of its axis, with the unit.
        series: over costs above 0.
        means: mean cost and accuracy by name.
    """
    costs = [x for one in series for x in one.x]
    margin = max((max(costs) / min(costs)) ** 0.06, 1.15)
    accuracy = accuracy_limits(y for one in series for y in (*one.y, *one.top))
    low, high = min(costs) / margin, max(costs) * margin
    x = Axis(cost, (low, high), "log", round_numbers(low, high))
    return Plot(x, Axis(ACCURACY, accuracy), tuple(series), cost_words(cost, means))


def round_numbers(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers between two, for the ticks of a log axis of either library.

    Args:
        low, high: the ends of the axis, above 0.
        most: how many at most.

    Example:
        >>> round_numbers(0.8, 130)
        (1.0, 3.0, 10.0, 30.0, 100.0)
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ("1 1.5 2 3 5 7", "1 2 5", "1 3", "1"):
        numbers = [float(f"{digit}e{power}") for power in powers for digit in digits.split()]
        ticks = tuple(number for number in numbers if low <= number <= high)
        if len(ticks) <= most:
            break
    if len(ticks) < 3:  # the ends lie too close together
        return even_numbers(low, high, most, finest=powers[0] - 2)
    return ticks[:: math.ceil(len(ticks) / most)]


def training_plot(
    what: Axis,
    lines: Iterable[tuple[Look, Sequence[float], Sequence[float]]],
    epochs: tuple[float, float],
    words: str,
) -> Plot:
    """A value by epoch; epochs are marked unless there are many.

    Args:
        what: axis of the value.
        lines: look, epochs and values of each run.
        epochs: the first and the last one.
        words: the alternative text.
    """
    first, last = epochs
    margin = 0.04 * (last - first) or 0.5
    x = Axis(EPOCH, (first - margin, last + margin), ticks=even_numbers(first, last))
    series = [
        Series(look if len(at) <= _MOST_MARKED else replace(look, marker=""), at, values)
        for look, at, values in lines
    ]
    return Plot(x, what, tuple(series), words)


@dataclass(frozen=True)
class Trace:
    """One neuron over time, for figure and chart.

    It is no `Plot`: the figure distinguishes charge and reset and marks potentials with dots; the
    chart has the noise in a second panel on the same axis, and can mark a timestep.
    """

    times: list[int]
    """Times of the corners of its path: 0, 1, 1, 2, 2, ..., T, T."""
    potentials: list[float]
    """Potentials of the corners: v_init, h[1], v[1], h[2], v[2], ..., h[T], v[T]."""
    spikes: list[int]
    """The timesteps at which it fires."""
    floor: float
    """The lowest potential or current, at most 0."""
    mark: float
    """The height at which spikes are marked, above all potentials and currents."""
    roof: float
    """The upper end of the axis of potentials."""
    words: str


def trace_of(
    h: Sequence[float],
    v: Sequence[float],
    spikes: Sequence[float],
    v_th: float,
    v_init: float,
    currents: Sequence[float] = (),
) -> Trace:
    """The path, the spikes and the limits of the potential of one neuron over time.

    Args:
        h: potential before firing (T,).
        v: potential after reset (T,).
        spikes: 0 or 1 (T,).
        v_th: threshold, in the unit of h.
        v_init: potential before the first timestep; nan if it is not known.
        currents: into the neuron (T,), if they are drawn.
    """
    steps = range(1, len(h) + 1)
    floor = float(np.nanmin([0, v_init, *h, *v, *currents]))
    highest = float(np.nanmax([v_th, v_init, *h, *currents]))
    mark = highest + 0.12 * (highest - floor)
    words = trace_words(h, spikes, v_th, v_init)
    return Trace(
        times=[0, *(t for t in steps for _ in range(2))],
        potentials=[v_init, *chain.from_iterable(zip(h, v, strict=True))],
        spikes=[t for t, fired in zip(steps, spikes, strict=True) if fired],
        floor=floor,
        mark=mark,
        roof=mark + 0.08 * (mark - floor),
        words=f"{words} {current_words(currents, v_th)}" if len(currents) else words,
    )


def residual_series(
    found: ResidualSummary,
    noise: Noise | None,
    looks: Mapping[str, Look],
    span: tuple[float, float] | None = None,
    at: Floats | None = None,
) -> tuple[Series, ...]:
    """Residuals of a stage, a layer or a neuron as bars, and the density of the training noise.

    Args:
        found: from `residuals`.
        noise: that of the training; None: trained without.
        looks: of each of `GROUPS` that is shown, of which active neurons come first, and of the
            "noise".
        span: potentials over which neurons that drift are counted, too, in units of v_th; None:
            the bins are those of active neurons that do not drift.
        at: potentials at which the noise is drawn; None: in the middle of each bin.
    """
    bins = {"active": residual_bins(found)}
    if span is not None:
        bins = {group: wide_bins(found, group, span) for group in GROUPS if group in looks}
    bars = [
        Series(looks[group], edges, density, "bars", opacity=0.55)
        for group, (density, edges) in bins.items()
    ]
    if noise is None:
        return tuple(bars)
    _, edges = bins["active"]
    x = (edges[1:] + edges[:-1]) / 2 if at is None else at
    return *bars, Series(looks["noise"], x, noise_density(noise, x))


def even_numbers(first: float, last: float, most: int = 7, *, finest: int = 0) -> tuple[float, ...]:
    """The multiples of a round step in a range, whose ends may be among them.

    Args:
        first, last: the ends.
        most: the range is less than this many steps.
        finest: the power of ten of the smallest step; 0: whole numbers.

    Example:
        >>> even_numbers(1, 60)
        (10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
    """
    steps = (float(f"{digit}e{power}") for power in count(finest) for digit in (1, 2, 5))
    step = next(step for step in steps if (last - first) / step < most)
    places = range(math.ceil(first / step), math.floor(last / step) + 1)
    return tuple(float(f"{place * step:.10g}") for place in places)


def around(values: Iterable[float], *, percent: bool) -> tuple[float, float] | None:
    """Limits around numbers; around equal ones, too, whose ticks would have six decimals."""
    found = list(values)
    if not found:
        return None
    if percent:
        return accuracy_limits(found)
    low, high = min(found), max(found)
    margin = 0.05 * (high - low) if high - low > 1e-3 * abs(high) else 0.1 * abs(high) or 1.0
    return low - margin, high + margin
