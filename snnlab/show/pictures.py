"""What each picture holds: one function for one picture, whoever draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from snnlab.measure.curve import SeedCurves
from snnlab.show.bands import Band, banded, edges
from snnlab.show.described import ACCURACY, TIMESTEPS, accuracy_limits, accuracy_words
from snnlab.show.plot import Axis, Look, Plot, Series


def accuracy_plot(
    curves: Mapping[Look, SeedCurves],
    *,
    band: Band = "range",
    faint: Iterable[Look] = (),
    most_ticks: int = 10,
) -> Plot:
    """Mean test accuracy over T on a log2 axis, with a band over seeds.

    Args:
        curves: accuracy by what it looks like.
        band: see `banded`.
        faint: those that lie behind the others: thin, without points and bands.
        most_ticks: with more T than that, only the powers of two have a tick.
    """
    behind = set(faint)
    series: list[Series] = []
    for look, found in curves.items():
        T = found.timesteps
        told = {"T": T, "accuracy": found.mean, "seeds": [found.seeds] * len(T)}
        if look in behind:
            unmarked = Look(look.name, look.colour, dashes=look.dashes)
            series.append(Series(unmarked, T, found.mean, size=0.6, opacity=0.7))
        else:
            telling = tuple(told.values())
            series += banded(look, found, band, told=tuple(told), telling=telling)
    drawn = (chain(found.mean, *edges(found, band)) for found in curves.values())
    words = accuracy_words({look.name: found for look, found in curves.items()})
    x = timesteps_axis(curves.values(), most_ticks)
    y = Axis(ACCURACY, accuracy_limits(chain.from_iterable(drawn)))
    return Plot(x, y, tuple(series), words)


def timesteps_axis(curves: Iterable[SeedCurves], most_ticks: int) -> Axis:
    """A log2 axis with a tick at every T, or at the powers of two where that is too many."""
    ticks = sorted({T for found in curves for T in found.timesteps})
    low, high = ticks[0], ticks[-1]
    if len(ticks) > most_ticks:
        ticks = [T for T in ticks if T & (T - 1) == 0]
    margin = (high / low) ** 0.04 if high > low else 1.5
    return Axis(TIMESTEPS, (low / margin, high * margin), "log", tuple(map(float, ticks)))
