"""A training as it goes on: one number per epoch."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from snnlab.show.charts.frame import LINE, colour_scale, framed
from snnlab.show.colours import Palette


def training_chart(
    table: pd.DataFrame,
    names: Mapping[str, str],
    *,
    value: str,
    title: str,
    epochs: int,
    colours: Palette,
    height: int = 260,
) -> alt.Chart:
    """One line per run over the epochs.

    Args:
        table: columns name, run, epoch and `value`.
        names: name of a method to its colour.
        value: the column that is drawn.
        title: of its axis, with its unit.
        epochs: how many there will be.
        colours: see `palette`.
        height: in pixels.
    """
    scale = alt.Scale(domain=[1, max(epochs, 2)], nice=False)
    chart = (
        alt.Chart(table)
        .mark_line(strokeWidth=LINE, point=len(table) < 12)
        .encode(
            x=alt.X("epoch:Q", title="Epoch", scale=scale, axis=alt.Axis(grid=False, format="d")),
            y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(zero=False)),
            color=alt.Color("name:N", scale=colour_scale(dict(names)), title=None),
            detail="run:N",
        )
    )
    words = f"{title} over {epochs} epochs"
    if len(table):
        last = table.iloc[-1]
        words += f": {last[value]:.3g} after epoch {last['epoch']:.0f}"
    return framed(chart, f"{words}.", colours, height=height)
