"""Accuracy over seeds as lines with a band, against timesteps or any other number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from snnlab.measure.curve import AccuracyCurve, SeedCurves
from snnlab.show.arrays import Values, floats
from snnlab.show.plot import Look, Series

Curve: TypeAlias = (
    "SeedCurves | AccuracyCurve | Sequence[AccuracyCurve] | Mapping[int, float] "
    "| Mapping[str, Values] | tuple[Values, Values]"
)
"""The forms in which a figure accepts accuracy in percent: curves of several seeds; the curve of
one network, also as a mapping from T; or `timesteps` (n,) and `accuracy` (seeds, n) or (n,), as a
mapping with these names or as a pair."""

Band = Literal["range", "interval"]
BANDS: dict[Band, str] = {
    "range": "band: lowest to highest seed",
    "interval": "band: 95 % t-interval of the mean",
}


def seed_curves(curves: Mapping[str, Curve], *, of_timesteps: bool = True) -> dict[str, SeedCurves]:
    """The curves of a figure as `SeedCurves`, checked; see `Curve` for the forms they may have.

    Args:
        curves: by name.
        of_timesteps: whether they go over timesteps T, which are whole numbers of at least 1.

    Raises:
        ValueError: no curves, shapes that do not fit, points that do not rise or are no T,
            or accuracy outside 0 to 100. The message names the curve.
    """
    if not curves:
        raise ValueError("curves is empty: give at least one")
    named: Any = curves
    if not isinstance(named, Mapping) or isinstance(named, AccuracyCurve):
        raise ValueError(f"curves must be curves by their names, got {named!r}")
    found = {}
    for name, given in curves.items():
        try:
            found[name] = seeds_of(given)
            if of_timesteps:
                found[name] = SeedCurves(tuple(found[name].timesteps), found[name].accuracy)
        except ValueError as problem:
            raise ValueError(f"curve {name!r}: {problem}") from None
    return found


def seeds_of(given: Any) -> SeedCurves:
    """A curve in any form as `SeedCurves`; see `seed_curves`."""
    match given:
        case SeedCurves():
            return given
        case AccuracyCurve():
            return SeedCurves.of([given])
        case [AccuracyCurve(), *_]:
            return SeedCurves.of(given)
        case {"timesteps": points, "accuracy": accuracy} | (points, accuracy):
            pass
        case {**by_timesteps} if "accuracy" not in by_timesteps and "timesteps" not in by_timesteps:
            return SeedCurves.of([AccuracyCurve.from_json(by_timesteps)])
        case _:
            got = list(given) if isinstance(given, Mapping) else given
            raise ValueError(f"needs timesteps and accuracy, got {got!r}")
    x = floats("points", points)
    rows = floats("accuracy", accuracy, ndim=max(1, min(np.ndim(accuracy), 2)))
    return SeedCurves(tuple(x.tolist()), tuple(map(tuple, np.atleast_2d(rows).tolist())))


def banded(look: Look, curves: SeedCurves, band: Band = "range", **line: Any) -> tuple[Series, ...]:
    """The mean over seeds as a line, and a band around it if there are several.

    Args:
        look: of the line.
        curves: the accuracies.
        band: from the lowest to the highest seed, or the 95 % t-interval of the mean.
        line: other properties of the line.
    """
    mean = Series(look, curves.x, curves.mean, **line)
    if curves.seeds == 1:
        return (mean,)
    low, high = edges(curves, band)
    return mean, Series(look, curves.x, low, "band", high, opacity=0.18)


def edges(curves: SeedCurves, band: Band) -> tuple[list[float], list[float]]:
    """Lower and upper edge of a band."""
    return curves.range if band == "range" else curves.interval


def seeds_note(curves: Collection[SeedCurves], band: Band = "range") -> str:
    """A note on the number of seeds and the meaning of the band."""
    counts = sorted({found.seeds for found in curves})
    if counts == [1]:
        return "One seed"
    seeds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"Mean of {seeds} seeds, {BANDS[band]}"
