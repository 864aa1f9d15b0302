"""What a neuron carries into a timestep, measured, and the noise that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.show.charts.frame import LINE, Picture, colour_scale, look, repeated
from snnlab.show.colours import Palette

QUIET, DRAWN, CLOSED = "residual, without noise", "noise, drawn", "noise, closed form"
"""The curves, as the legend names them."""


def residual_chart(
    edges: Sequence[float],
    without: Sequence[float],
    with_noise: Sequence[float],
    points: Sequence[float],
    law: Sequence[float],
    *,
    colours: Palette,
    height: int = 280,
) -> Picture:
    """Two histograms over one another, and the density of the noise in closed form.

    Args:
        edges: of the bins, one more than bins, in units of v_th.
        without: density of the residuals of neurons that run without noise, one per bin.
        with_noise: density of the noise that was drawn, one per bin.
        points: where the closed form is known, in units of v_th.
        law: the density of the noise there.
        colours: see `palette`.
        height: in pixels.

    Raises:
        ValueError: the lengths do not fit.
    """
    if len(edges) != len(without) + 1 or len(without) != len(with_noise):
        raise ValueError(
            f"{len(edges)} edges need {len(edges) - 1} densities, got {len(without)} and "
            f"{len(with_noise)}"
        )
    bins = pa.table(
        {
            "v": [*edges, *edges],
            "density": [*without, without[-1], *with_noise, with_noise[-1]],
            "name": repeated({QUIET: len(edges), DRAWN: len(edges)}),
        }
    )
    closed = repeated({CLOSED: len(points)})
    curve = pa.table({"v": points, "density": law, "name": closed})
    peak = max(range(len(without)), key=lambda i: without[i])
    likely = points[max(range(len(law)), key=lambda i: law[i])]
    words = (
        "Histogram of the residual potential. Without noise the highest bin begins at "
        f"{edges[peak]:.2f} v_th with density {without[peak]:.2f}; the noise has its highest "
        f"density, {max(law):.2f}, at {likely:.2f} v_th."
    )
    kept = residual_look(colours, height)
    return Picture(kept, {"bins": bins, "law": curve}, words, height)


@cache
def residual_look(colours: Palette, height: int) -> dict[str, Any]:
    """What the chart looks like."""
    names = {QUIET: colours.quiet, DRAWN: colours.noise, CLOSED: colours.ink}
    colour = alt.Color("name:N", scale=colour_scale(names), title=None)
    x = alt.X("v:Q", title="Residual potential (v_th)", scale=alt.Scale(nice=False))
    y = alt.Y("density:Q", title="Density", stack=None)
    shape = alt.Chart(alt.NamedData("bins")).encode(x=x, y=y, color=colour)
    areas = shape.mark_area(opacity=0.45, interpolate="step-after")
    line = alt.Chart(alt.NamedData("law")).mark_line(strokeWidth=LINE)
    return look(areas + line.encode(x=x, y=y, color=colour), colours, height=height)
