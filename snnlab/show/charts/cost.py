"""Accuracy against what it costs: seconds of training, or operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from snnlab.show.charts.frame import LINE, colour_scale, framed
from snnlab.show.colours import Palette


def cost_chart(
    table: pd.DataFrame,
    names: Mapping[str, str],
    *,
    title: str,
    colours: Palette,
    lines: bool,
    height: int = 380,
) -> alt.Chart:
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
    x = alt.X("cost:Q", title=title, scale=alt.Scale(type="log", nice=False, padding=24))
    x = x.axis(alt.Axis(format="~s", tickCount=5))
    y = alt.Y("accuracy:Q", title="Test accuracy (%)", scale=alt.Scale(zero=False))
    colour = alt.Color("name:N", scale=colour_scale(dict(names)), title=None)
    tooltip: list[Any] = [
        "name:N",
        "seed:N",
        "T:Q",
        "cost:Q",
        alt.Tooltip("accuracy:Q", format=".2f"),
    ]
    marks = alt.Shape("name:N", scale=alt.Scale(domain=list(names)), title=None)
    shape = alt.Chart(table).encode(x=x, y=y, color=colour, tooltip=tooltip)
    points = shape.mark_point(filled=True, size=80 if lines else 170, opacity=0.9)
    chart = alt.layer(points.encode(shape=marks))  # told apart without colours, too
    if lines:
        chart = chart + shape.mark_line(strokeWidth=LINE, opacity=0.7).encode(
            detail="seed:N", order="T:Q"
        )
    best = table.loc[table["accuracy"].idxmax()]
    words = (
        f"Test accuracy against {title}: the best is {best['name']} with "
        f"{best['accuracy']:.2f} % at {best['cost']:,.3g}."
    )
    return framed(chart, words, colours, height=height)
