"""Charts of the residuals of a layer, and of the noise that replaces them in training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from snnlab.neuron.spec import Noise
from snnlab.show.charts.draw import draw_chart
from snnlab.show.charts.frame import LiveChart
from snnlab.show.colours import Palette
from snnlab.show.described import (
    DENSITY,
    RESIDUAL,
    drift_words,
    drifted_span,
    noise_density,
    one_neuron_words,
    residual_bins,
    residual_words,
    wide_bins,
    wide_quantiles,
)
from snnlab.show.plot import Axis, Look, Plot, Series

if TYPE_CHECKING:
    from snnlab.measure.one_neuron import OneNeuron
    from snnlab.measure.residuals import ResidualSummary

MEASURED, TRAINED = "residuals, measured", "noise in training"
SILENT, SATURATED = "silent neurons", "saturated neurons"
"""Names of the curves over potentials in the legend."""
WIDE = {MEASURED: "active", SILENT: "silent", SATURATED: "saturated"}
"""The curve of each group of neurons in a wide chart."""
FROM = "from (v_th)"
SPAN = (-0.95, 1.95)
"""Potentials shown, in units of v_th, unless the drifting neurons are shown as well. The outermost
bins, which count all residuals beyond, are left out."""


def wide_span(stages: Iterable[ResidualSummary]) -> tuple[float, float]:
    """The span of potentials that holds `SPAN` and 90 % of each group of neurons."""
    ends = [wide_quantiles(found, group) for found in stages for group in WIDE.values()]
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
    if span is None:
        density, edges = residual_bins(found)
        columns = {FROM: edges[:-1], MEASURED: density}
    else:
        parts = {name: wide_bins(found, group, span) for name, group in WIDE.items()}
        edges = parts[MEASURED][1]
        columns = {FROM: edges[:-1], **{name: density for name, (density, _) in parts.items()}}
    if noise is not None:
        columns[TRAINED] = noise_density(noise, (edges[1:] + edges[:-1]) / 2)
    return pd.DataFrame(columns).round(4)


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
    table = layer_table(found, noise, span)
    starts = table[FROM].to_numpy()
    edges = [*starts, 2 * starts[-1] - starts[-2]]
    tops = {curve: table[curve].tolist() for curve in table.columns[1:]}
    if highest is None:
        highest = highest_density([table]) if span is None else max(map(max, tops.values()))
    hues = {MEASURED: colours.quiet, SILENT: colours.grey, SATURATED: colours.free[2]}
    series = [
        Series(Look(curve, hues[curve]), edges, tops[curve], "bars", opacity=0.45)
        for curve in hues
        if curve in tops
    ]
    if noise is not None:
        middles = (np.add(edges[1:], edges[:-1]) / 2).tolist()
        series.append(Series(Look(TRAINED, colours.noise), middles, tops[TRAINED]))
    y = Axis(DENSITY, (0, 1.05 * highest or 1))
    if span is not None:  # drifting neurons lie thinly over a wide range
        y = Axis(f"{DENSITY}, root scale", y.limits, "sqrt")
    plot = Plot(
        Axis(RESIDUAL, span or SPAN),
        y,
        tuple(series),
        words or layer_words(found, noise, name, span),
    )
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
