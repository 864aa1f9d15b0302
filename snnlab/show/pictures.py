"""Each picture as a `Plot`, for matplotlib and Altair: one function for one picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from snnlab.measure.curve import SeedCurves
from snnlab.show.bands import Band, banded, edges
from snnlab.show.described import (
    ACCURACY,
    EPOCH,
    TIMESTEPS,
    Points,
    accuracy_limits,
    accuracy_words,
    cost_words,
)
from snnlab.show.plot import Axis, Look, Plot, Series

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
        ticks = [T for T in ticks if T & (T - 1) == 0]
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
    x = Axis(cost, (min(costs) / margin, max(costs) * margin), "log")
    return Plot(x, Axis(ACCURACY, accuracy), tuple(series), cost_words(cost, means))


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
    x = Axis(EPOCH, (first - margin, last + margin), ticks=whole_numbers(first, last))
    series = [
        Series(look if len(at) <= _MOST_MARKED else replace(look, marker=""), at, values)
        for look, at, values in lines
    ]
    return Plot(x, what, tuple(series), words)


def whole_numbers(first: float, last: float, most: int = 7) -> tuple[float, ...]:
    """Whole numbers in a range, ends included, at a round distance.

    Example:
        >>> whole_numbers(1, 60)
        (10, 20, 30, 40, 50, 60)
    """
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if (last - first) / step < most)
    return tuple(range(-int(-first // step) * step, int(last) + 1, step))


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
