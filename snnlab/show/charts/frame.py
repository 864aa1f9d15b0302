"""What all charts share: text that is readable from the last row, a plain frame, a description.

A chart that follows a slider is a `LiveChart`. Altair needs 50 ms to build and check the
specification of a chart, so that is done once, and a redraw only replaces the data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.show.colours import Palette

LABEL, TITLE, LINE = 15, 16, 3.0
"""Sizes in pixels: numbers at the axes, titles of the axes, lines."""
STROKE = "M-1,-0.18L1,-0.18L1,0.18L-1,0.18Z"
"""A line in a legend, as a path."""


@dataclass(frozen=True)
class LiveChart:
    """A chart: its specification, which is cached and shared, and its present data."""

    look: dict[str, Any]
    """The Vega-Lite specification, with data sets by name; never to be changed."""
    data: dict[str, pa.Table]
    """The data sets as Arrow tables, which are sent to browsers without conversion."""
    description: str
    """What the chart shows, in words and numbers, for screen readers."""
    height: int
    """Height in pixels."""

    def to_dict(self) -> dict[str, Any]:
        """Specification and data as one dictionary, like `to_dict` of an Altair chart."""
        rows = {name: table.to_pylist() for name, table in self.data.items()}
        return self.look | {"datasets": rows, "description": self.description}


def repeated(times: dict[str, int]) -> pa.DictionaryArray:
    """A column of names, each repeated so many times, stored compactly as dictionary indices."""
    codes = [code for code, count in enumerate(times.values()) for _ in range(count)]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), list(times))


def named(data: str) -> alt.Chart:
    """A chart of the data set of that name."""
    return alt.Chart(alt.NamedData(data))


def look(chart: Any, colours: Palette, height: int) -> dict[str, Any]:
    """The specification of a chart of named data, for a `LiveChart`.

    Points have no texts for screen readers unless the chart declares some: to make a text for each
    point would take a browser longer than to draw them.
    """
    whole = framed(chart, "", colours, height).configure_mark(tooltip=None)
    found: dict[str, Any] = whole.to_dict()
    del found["description"]
    return found


def framed(chart: Any, description: str, colours: Palette, height: int) -> alt.Chart:
    """A chart with large labels, few lines around it, and its description for screen readers.

    Screen readers read only the description, and not the decimals of every point.

    Args:
        chart: an Altair chart or layers of them.
        description: what it shows, in words and numbers.
        colours: those of the background.
        height: in pixels.
    """
    return (
        chart.properties(height=height, description=description)
        .configure(aria=False)
        .configure_axis(
            labelFontSize=LABEL,
            titleFontSize=TITLE,
            titleFontWeight="normal",
            labelColor=colours.ink,
            titleColor=colours.ink,
            gridOpacity=0.35,
            tickCount=6,
            domain=False,
            ticks=False,
            labelPadding=8,
            titlePadding=12,
        )
        .configure_legend(
            orient="top",
            direction="horizontal",
            title=None,
            labelFontSize=LABEL,
            labelColor=colours.ink,
            labelLimit=420,
            symbolSize=220,
            symbolOpacity=1,
            symbolStrokeWidth=3,
            columnPadding=24,
            columns=alt.expr("width < 420 ? 1 : 2"),  # one column on a phone
        )
        .configure_view(strokeWidth=0)
    )


def coloured(colours: Mapping[str, str], **legend: Any) -> alt.Color:
    """A colour for each name, with a legend."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color("name:N", scale=scale, title=None, **legend)


def key_of(chart: alt.Chart, colours: Mapping[str, str], lines: Collection[str]) -> alt.Chart:
    """An empty layer that makes the legend show a square for an area and a stroke for a line.

    Args:
        chart: of the data, with a column `name`.
        colours: of each name, as in `coloured`.
        lines: the names that are lines.
    """
    shapes = [STROKE if name in lines else "square" for name in colours]
    scale = alt.Scale(domain=list(colours), range=shapes)
    shape = alt.Shape("name:N", scale=scale, title=None)
    nothing = chart.transform_filter("false").mark_point(filled=True)
    return nothing.encode(color=coloured(colours), shape=shape)


def dashed(names: Iterable[str], dashes: Iterable[list[int]]) -> alt.StrokeDash:
    """Dashes for each name, in this order; after the last they start over."""
    pairs = dict(zip(names, cycle(dashes), strict=False))
    scale = alt.Scale(domain=list(pairs), range=list(pairs.values()))
    return alt.StrokeDash("name:N", scale=scale, title=None)
