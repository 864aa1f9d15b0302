"""The noise used in training over the residuals measured, one chart per layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import altair as alt
import pandas as pd

from snnlab.show.charts.frame import LINE, colour_scale, framed
from snnlab.show.colours import Palette

MEASURED, TRAINED = "residuals, measured", "noise in training"
"""The curves, as the legend names them."""


def layer_charts(
    edges: Sequence[float],
    density: Sequence[float],
    law: Sequence[float] | None,
    *,
    name: str,
    colours: Palette,
    height: int = 260,
) -> alt.Chart:
    """Residuals of one layer as an area, and the density of the training noise as a line.

    Args:
        edges: of the bins, one more than bins, in units of v_th.
        density: of the residuals, one per bin.
        law: density of the noise at the middle of each bin; None: trained without.
        name: of the layer.
        colours: see `palette`.
        height: in pixels.
    """
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    names, curves = {MEASURED: colours.quiet}, {MEASURED: density}
    if law is not None:
        names[TRAINED], curves[TRAINED] = colours.noise, law
    rows = [
        {"v": place, "density": value, "name": curve}
        for curve, values in curves.items()
        for place, value in zip(middles, values, strict=True)
    ]
    table = pd.DataFrame(rows)
    x = alt.X("v:Q", title="Potential (v_th)", scale=alt.Scale(domain=[-0.6, 1.6], clamp=True))
    y = alt.Y("density:Q", title="Density", stack=None)
    colour = alt.Color("name:N", scale=colour_scale(names), title=None)
    shape = alt.Chart(table).encode(x=x, y=y, color=colour)
    area = shape.transform_filter(alt.datum.name == MEASURED)
    chart = alt.layer(area.mark_area(opacity=0.45, interpolate="step", clip=True))
    if law is not None:
        line = shape.transform_filter(alt.datum.name == TRAINED)
        chart = chart + line.mark_line(strokeWidth=LINE, clip=True)
    peak = max(density, default=0.0)
    words = f"{name}: density of the residual potentials, at most {peak:.2f}" + (
        "; over it the density of the noise used in training." if law is not None else "."
    )
    return framed(chart, words, colours, height=height)
