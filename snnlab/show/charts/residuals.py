"""Charts of the residuals of a layer, and of the noise that replaces them in training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from snnlab.neuron.spec import Noise
from snnlab.show.charts.draw import draw_chart
from snnlab.show.charts.frame import LiveChart
from snnlab.show.colours import LIGHT, Palette
from snnlab.show.described import (
    DENSITY,
    RESIDUAL,
    drift_words,
    drifted_span,
    one_neuron_words,
    residual_words,
    wide_quantiles,
)
from snnlab.show.pictures import GROUPS, residual_series
from snnlab.show.plot import Axis, Look, Plot

if TYPE_CHECKING:
    from snnlab.measure.one_neuron import OneNeuron
    from snnlab.measure.residuals import ResidualSummary

MEASURED = "residuals, measured"
"""Name of the curve of the active neurons in the legend."""
FROM = "from (v_th)"
SPAN = (-0.95, 1.95)
"""Potentials shown, in units of v_th, unless the drifting neurons are shown as well. The outermost
bins, which count all residuals beyond, are left out."""


def wide_span(stages: Iterable[ResidualSummary]) -> tuple[float, float]:
    """The span of potentials that holds `SPAN` and 90 % of each group of neurons."""
    ends = [wide_quantiles(found, group) for found in stages for group in GROUPS]
    known = [SPAN, *(both for both in ends if both)]
    return min(low for low, _ in known), max(high for _, high in known)


def layer_table(
    found: ResidualSummary, noise: Noise | None, span: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Density of the residuals of a layer, and of the noise it trained with, bin by bin.

    Args:
        found: from `residuals`, with `wide=True` if a span is given.
        noise: that of the training; None: trained without.
        span: potentials over which silent and saturated neurons are shown as well; None: only
            active ones are shown.
    """
    series = residual_series(found, noise, looks_in(LIGHT), span)
    columns = {FROM: series[0].x[:-1]} | {one.look.name: one.y for one in series}
    return pd.DataFrame(columns).round(4)


def looks_in(colours: Palette) -> dict[str, Look]:
    """The looks of the curves, see `residual_series`."""
    return {
        "active": Look(MEASURED, colours.quiet),
        "silent": Look("silent neurons", colours.grey),
        "saturated": Look("saturated neurons", colours.free[2]),
        "noise": Look("noise in training", colours.noise),
    }


def highest_density(tables: Iterable[pd.DataFrame]) -> float:
    """The highest density of several tables, so that their charts can share an axis."""
    in_sight = [table[table[FROM].between(*SPAN, inclusive="left")] for table in tables]
    return max(float(table.drop(columns=FROM).to_numpy().max()) for table in in_sight)


def layer_chart(
    found: ResidualSummary,
    noise: Noise | None,
    *,
    name: str,
    colours: Palette,
    span: tuple[float, float] | None = None,
    highest: float | None = None,
    words: str | None = None,
    height: int = 260,
) -> LiveChart:
    """Residuals of one layer as an area, and the density of the training noise as a line.

    Args:
        found: what `residuals` found.
        noise: that of the training; None: trained without.
        name: of the layer, for use within a sentence.
        colours: see `palette`.
        span: see `layer_table`.
        highest: upper end of the density axis, see `highest_density`; None: that of this chart.
        words: the description; None: that of a layer.
        height: in pixels.
    """
    series = residual_series(found, noise, looks_in(colours), span)
    if highest is None:
        in_sight = slice(1, -1) if span is None else slice(None)
        highest = max(max(one.y[in_sight]) for one in series)
    y = Axis(DENSITY, (0, 1.05 * highest or 1))
    if span is not None:  # drifting neurons lie thinly over a wide range
        y = Axis(f"{DENSITY}, root scale", y.limits, "sqrt")
    words = words or layer_words(found, noise, name, span)
    plot = Plot(Axis(RESIDUAL, span or SPAN), y, series, words)
    return draw_chart(plot, colours=colours, height=height)


def one_neuron_chart(
    found: OneNeuron, noise: Noise | None, *, colours: Palette, height: int = 260
) -> LiveChart:
    """Residuals of one neuron over many images, and the density of the noise in its training.

    Args:
        found: what `neuron_residuals` found.
        noise: that of the training; None: trained without.
        colours: see `palette`.
        height: in pixels.

    Example:
        >>> found = neuron_residuals(net, data.test.first(256), 16, stage=1, index=0)
        >>> one_neuron_chart(found, Noise(), colours=LIGHT)
    """
    words = f"Residual potentials of one neuron in units of v_th. {one_neuron_words(found, noise)}"
    span = one_neuron_span(found)
    return layer_chart(
        found.summary,
        noise,
        name="one neuron",
        colours=colours,
        span=span,
        words=words,
        height=height,
    )


def one_neuron_span(found: OneNeuron) -> tuple[float, float] | None:
    """The span that holds `SPAN` and 90 % of the residuals of the neuron while it was active.

    None if these lie inside `SPAN`.
    """
    return drifted_span(found.summary, SPAN)


def layer_words(
    found: ResidualSummary, noise: Noise | None, name: str, span: tuple[float, float] | None
) -> str:
    """What the chart shows, in words and numbers."""
    words = residual_words(name, found)
    if span is not None:
        words = f"{words.rsplit('; ', 1)[0]}; {drift_words(found)}."
    if noise is None:
        return words
    return f"{words.removesuffix('.')}; over them the density of the noise used in training."
