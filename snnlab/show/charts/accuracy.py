"""Accuracy against timesteps, with a band over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import altair as alt
import pandas as pd

from snnlab.measure.curve import SeedCurves
from snnlab.show.charts.frame import LINE, colour_scale, framed, timestep_axis
from snnlab.show.colours import Palette

DASHES = ([1, 0], [8, 4], [10, 3, 2, 3], [2, 3], [5, 2], [12, 5], [1, 3], [14, 3])
"""So that lines are told apart without colours, too."""


class Line(NamedTuple):
    """One method: its colour, and its accuracy."""

    colour: str
    curves: SeedCurves


def accuracy_table(lines: Mapping[str, Line]) -> pd.DataFrame:
    """Mean, lowest and highest accuracy over seeds for each name and T."""
    rows = [
        (name, *row, curves.seeds)
        for name, (_, curves) in lines.items()
        for row in zip(curves.timesteps, curves.mean, *curves.range, strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "T", "accuracy", "lowest", "highest", "seeds"])


def accuracy_chart(
    lines: Mapping[str, Line], *, colours: Palette, at: int | None = None, height: int = 380
) -> alt.Chart:
    """Mean test accuracy against T; the band runs from the lowest to the highest seed.

    Args:
        lines: name of a method, as written in the chart, to its accuracy.
        colours: see `palette`.
        at: a T that is marked.
        height: in pixels.

    Raises:
        ValueError: no lines.
    """
    table = accuracy_table(lines)
    if table.empty:
        raise ValueError("no accuracy to draw: give at least one line")
    low, high = table["lowest"].min(), table["highest"].max()
    margin = max(0.08 * (high - low), 0.4)
    limits = [max(low - margin, 0), min(high + margin, 100)]
    x = timestep_axis("T:Q", int(table["T"].max()))
    y = alt.Y(
        "accuracy:Q",
        title="Test accuracy (%)",
        scale=alt.Scale(domain=limits, nice=False, zero=False),
    )
    scale = colour_scale({name: line.colour for name, line in lines.items()})
    stroke = alt.Legend(symbolType="stroke", symbolSize=500)
    colour = alt.Color("name:N", scale=scale, title=None, legend=stroke)
    shape = alt.Chart(table).encode(x=x, color=colour)
    band = shape.mark_area(opacity=0.18).encode(
        y=alt.Y("lowest:Q", title="Test accuracy (%)"), y2="highest:Q"
    )
    dashes = alt.Scale(domain=list(lines), range=list(DASHES[: len(lines)]))
    tooltip = ["name:N", "T:Q", alt.Tooltip("accuracy:Q", format=".2f"), "seeds:Q"]
    line = shape.mark_line(strokeWidth=LINE).encode(
        y=y, strokeDash=alt.StrokeDash("name:N", scale=dashes, title=None)
    )
    dots = shape.mark_circle(size=70, opacity=1).encode(y=y, tooltip=tooltip)
    layers = [band, line, dots]
    if at is not None:
        place = table[table["T"] == at]
        rule = alt.Chart(pd.DataFrame({"T": [at]})).mark_rule(color=colours.grey, strokeWidth=2)
        layers.insert(0, rule.encode(x="T:Q"))
        layers.append(
            alt.Chart(place).mark_circle(size=260, opacity=1).encode(x=x, y=y, color=colour)
        )
    return framed(alt.layer(*layers), in_words(lines), colours, height=height)


def in_words(lines: Mapping[str, Line]) -> str:
    """The ends of every line, as a screen reader says them."""
    parts = [
        f"{name} {curves.mean[0]:.2f} % at T = {curves.timesteps[0]} and "
        f"{curves.mean[-1]:.2f} % at T = {curves.timesteps[-1]}"
        for name, (_, curves) in lines.items()
    ]
    return f"Test accuracy against timesteps: {'; '.join(parts)}."
