"""Charts of trainings, finished or not: accuracy, cost, epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import NamedTuple

import pandas as pd

from snnlab.measure.curve import SeedCurves
from snnlab.runs.methods import Dashes
from snnlab.show.charts.draw import draw_chart
from snnlab.show.charts.frame import LiveChart
from snnlab.show.colours import Palette
from snnlab.show.described import (
    ACCURACY,
    OWN_SPIKES,
    training_words,
)
from snnlab.show.pictures import accuracy_plot, around, cost_plot, training_plot
from snnlab.show.plot import Axis, Look, Series

DASHES = (
    *([1, 0], [8, 4], [10, 3, 2, 3], [2, 3], [5, 2], [12, 5], [1, 3], [14, 3]),
    *([10, 3, 2, 3, 2, 3], [16, 4, 6, 4], [3, 8], [8, 3, 8, 3, 2, 3]),
)
"""Dashes that distinguish lines without colours, or where colours repeat."""


BAND = 0.25
"""Opacity of a band behind the lines."""


class Line(NamedTuple):
    """One method: its accuracy, and how it is drawn."""

    colour: str
    curves: SeedCurves
    dashes: list[int] | None = None
    """Lengths of dashes and gaps in pixels; None: any that are free."""
    images: tuple[int, ...] = ()
    """The numbers of test images of the runs, each once; empty if unknown."""
    faint: bool = False
    """Whether it is drawn behind the others: thin, without points and bands."""


def dashes_in_points(pattern: Sequence[int]) -> Dashes:
    """Dashes and gaps in pixels converted for matplotlib; the inverse of `dash_pattern`."""
    return 0, tuple(length / 1.5 for length in pattern)


def dashes_of(own: Sequence[list[int] | None]) -> list[list[int]]:
    """Dashes of lines: their own, or for a line without (None) the next that no other has."""
    taken = [dashes for dashes in own if dashes]
    free = cycle([dashes for dashes in DASHES if dashes not in taken] or DASHES)
    return [dashes or next(free) for dashes in own]


def one_image_words(images: Iterable[int]) -> str:
    """How many percentage points one test image counts, in words; empty if unknown.

    Example:
        >>> one_image_words([449])
        'one image of 449 is 0.22 points'
    """
    found = sorted(set(images))
    if not found:
        return ""
    worth = [f"{100 / count:.2g}" for count in found]
    if len(found) == 1:
        return f"one image of {found[0]:,} is {worth[0]} points"
    return f"one image is {worth[-1]} to {worth[0]} points"


def accuracy_table(lines: Mapping[str, Line]) -> pd.DataFrame:
    """Mean, lowest and highest accuracy over seeds for each name and T."""
    rows = [
        (name, *row, line.curves.seeds)
        for name, line in lines.items()
        for row in zip(line.curves.timesteps, line.curves.mean, *line.curves.range, strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "T", "accuracy", "lowest", "highest", "seeds"])


def accuracy_chart(
    lines: Mapping[str, Line], *, colours: Palette, at: int | None = None, height: int = 380
) -> LiveChart:
    """Mean test accuracy against T; the band runs from the lowest to the highest seed.

    The axis says how much one image counts: a smaller difference means nothing.

    Args:
        lines: the name of each line in the chart, with its accuracy.
        colours: see `palette`.
        at: a T to be marked.
        height: in pixels.

    Raises:
        ValueError: no lines.
    """
    if not lines:
        raise ValueError("no accuracy to draw: give at least one line")
    dashes = dashes_of([line.dashes for line in lines.values()])
    looks = [
        Look(name, line.colour, "o", dashes_in_points(pattern))
        for (name, line), pattern in zip(lines.items(), dashes, strict=True)
    ]
    faint = [look for look, line in zip(looks, lines.values(), strict=True) if line.faint]
    curves = [line.curves for line in lines.values()]
    plot = accuracy_plot(dict(zip(looks, curves, strict=True)), faint=faint, most_ticks=5)
    if at is not None:
        there = [
            (look, one.timesteps.index(at), one)
            for look, one in zip(looks, curves, strict=True)
            if at in one.timesteps and look not in faint
        ]
        marked = (
            Series(replace(look, name=""), [at], [one.mean[i]], "points", size=2)
            for look, i, one in there
        )
        rule = Series(Look("", colours.grey), [at], [], "rule", size=0.7)
        plot = replace(plot, series=(*plot.series, *marked, rule))
    if worth := one_image_words(count for line in lines.values() for count in line.images):
        words = f"{plot.words} {worth[0].upper()}{worth[1:]}."
        plot = replace(plot, y=replace(plot.y, name=f"{ACCURACY}\n{worth}"), words=words)
    return draw_chart(plot, colours=colours, height=height)


def cost_chart(
    table: pd.DataFrame,
    names: Mapping[str, str],
    *,
    title: str,
    colours: Palette,
    lines: bool,
    height: int = 380,
) -> LiveChart:
    """Accuracy against a cost on a logarithmic axis.

    Args:
        table: columns name, seed, T, cost and accuracy (in percent).
        names: name of a method to its colour.
        title: of the axis of the cost, with its unit.
        colours: see `palette`.
        lines: join the points of one method and seed.
        height: in pixels.

    Raises:
        ValueError: nothing to draw, or a cost that is not above 0.
    """
    if table.empty or not (table["cost"] > 0).all():
        raise ValueError("a cost chart needs rows, and costs above 0")
    columns = ("seed", "T", "cost", "accuracy")
    series = []
    for look in (Look(name, colour) for name, colour in names.items()):
        own = table[table["name"] == look.name].sort_values("T")
        runs = [run for _, run in own.groupby("seed", sort=False)] or [own]  # all are in the key
        for run in runs:
            values = tuple(run[column].tolist() for column in columns)
            one = Series(
                look,
                values[2],
                values[3],
                opacity=0.7,
                tooltip_names=columns,
                tooltip_values=values,
            )
            size = 1.1 if lines else 1.6
            series.append(replace(one, kind="points", size=size, opacity=0.9))
            if lines:
                series.append(one)
    means = table.groupby(["name", "T"], sort=False)[["cost", "accuracy"]].mean().sort_index()
    points_of = {
        name: tuple(found.to_numpy().T.tolist()) for name, found in means.groupby(level="name")
    }
    return draw_chart(cost_plot(title, series, points_of), colours=colours, height=height)


def training_chart(
    table: pd.DataFrame,
    names: Mapping[str, str],
    *,
    value: str,
    title: str,
    epochs: int,
    colours: Palette,
    dashes: Sequence[list[int]] = DASHES,
    own_spikes: Iterable[int] = (),
    height: int = 260,
) -> LiveChart:
    """One line per run over the epochs.

    Args:
        table: columns name, run, epoch and `value`.
        names: name of a method to its colour.
        value: the column that is drawn.
        title: of its axis, with its unit.
        epochs: how many there will be.
        colours: see `palette`.
        dashes: of each name, in pixels.
        own_spikes: the first epochs of rates phases, which all end with the last epoch; a labelled
            band marks these epochs.
        height: in pixels.
    """
    looks = {
        name: Look(name, colour, "o" * (len(table) < 12), dashes_in_points(pattern))
        for (name, colour), pattern in zip(names.items(), cycle(dashes), strict=False)
    }
    lines = []
    for name, shown in looks.items():
        own = table[table["name"] == name]
        runs = [run for _, run in own.groupby("run", sort=False)] or [own]  # all are in the key
        lines += [(shown, run["epoch"].tolist(), run[value].tolist()) for run in runs]
    first = sorted(set(own_spikes))
    grouped = (
        table.groupby(["name", "epoch"], sort=False)[value].mean().groupby(level="name", sort=False)
    )
    means = {name: y.tolist() for name, y in grouped}
    words = training_words(title, range(1, epochs + 1), means, first)
    axis = Axis(title, around(table[value], percent=value == "accuracy"))
    plot = training_plot(axis, lines, (1, max(epochs, 2)), words)
    where = 0.02 if value == "loss" else 0.5  # a loss falls, an accuracy climbs
    late = [
        Series(
            Look(OWN_SPIKES if one == first[0] else "", colours.own_spikes),
            [max(1, one - 0.5)],
            [where],
            "span",
            [epochs],
            opacity=BAND / len(first),
        )
        for one in first
    ]
    return draw_chart(replace(plot, series=(*plot.series, *late)), colours=colours, height=height)
