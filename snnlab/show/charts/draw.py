"""Draws a `Plot` with Altair: one table, and a layer for all series with the same look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.runs.methods import Dashes
from snnlab.show.charts.frame import LABEL, LINE, LiveChart, coloured, dashed, key_of, look, named
from snnlab.show.colours import Palette
from snnlab.show.described import EPOCH, TIMESTEPS
from snnlab.show.plot import Axis, Look, Plot, Series

DATA = "all"
"""The name of the only data set of a chart: a second table costs as much time as hundreds of
rows."""
BEHIND = ("span", "rule", "band", "bars", "line", "spans", "ticks", "points")
"""The kinds of series from the back to the front."""
SOLID = [1, 0]
FORMATS = {"accuracy": ".2f", "seed": "d", "seeds": "d", "T": "d"}
"""Formats of the numbers in the tooltip of a point."""
LONG_NAME = 36
"""Characters of the longest name of which two fit side by side in a legend."""


def dash_pattern(dashes: Dashes) -> list[int]:
    """The dashes of a `Look` in pixels, for charts: lengths of dashes and gaps.

    Example:
        >>> dash_pattern("--")
        [8, 4]
    """
    if isinstance(dashes, tuple):
        return [round(1.5 * length) for length in dashes[1]]
    return list({"-": SOLID, "--": [8, 4], "-.": [10, 3, 2, 3], ":": [2, 3]}[dashes])


def draw_chart(plot: Plot, *, colours: Palette, height: int) -> LiveChart:
    """Draw a plot as a `LiveChart`, with these colours and this height in pixels."""
    return LiveChart(plot_look(plot, colours, height), {DATA: table_of(plot)}, plot.words, height)


def table_of(plot: Plot) -> pa.Table:
    """A row for each point of each series; `part` is the index of the series in the plot."""
    names = list(dict.fromkeys(one.look.name for one in plot.series))
    tooltips = dict.fromkeys(key for one in plot.series for key in one.tooltip_names)
    rows: dict[str, list[Any]] = {key: [] for key in ("code", "part", "x", "y", "top", *tooltips)}
    for part, one in enumerate(plot.series):
        count = len(one.x)
        y = [*one.y, *one.y[-1:]] if one.kind == "bars" else one.y  # end of the last bar
        found: dict[str, Any] = dict(zip(one.tooltip_names, one.tooltip_values, strict=True))
        found |= {"code": [names.index(one.look.name)] * count, "part": [part] * count}
        found |= {"x": one.x, "y": y, "top": one.top}
        for key, column in rows.items():
            column.extend(found[key] if len(found.get(key, ())) else [None] * count)
    codes = pa.array(rows.pop("code"), pa.int32())
    table = {"name": pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))}
    kinds = {"part": pa.int32(), "x": pa.float64(), "y": pa.float64(), "top": pa.float64()}
    return pa.table(table | {key: pa.array(rows[key], kinds.get(key)) for key in rows})


@lru_cache(256)
def plot_look(plot: Plot, colours: Palette, height: int) -> dict[str, Any]:
    """The specification of the chart of a plot, without its data."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for part, one in enumerate(plot.series):
        own = "" if one.look.name else one.look.colour
        # faint series lie behind
        kind = BEHIND.index(one.kind), one.opacity, one.size, one.look.marker != "", own
        alike.setdefault(kind, []).append(part)
    if not plot.series:  # an empty series, so that the axes are drawn
        plot = replace(plot, series=(Series(Look("", colours.ink), (), ()),))
        alike[()] = [0]
    layers = [layer for kind in sorted(alike) for layer in layers_of(plot, alike[kind], colours)]
    if any(one.kind == "bars" for one in plot.series):
        lines = {one.look.name for one in plot.series if one.kind == "line"}
        layers.append(key_of(named(DATA), colours_of(plot), lines=lines))
    return look(alt.layer(*layers), colours, height)


def colours_of(plot: Plot) -> dict[str, str]:
    """The names in the key and their colours."""
    named = (one.look for one in plot.series if one.look.name and one.kind != "span")
    return {look.name: look.colour for look in named}


def layers_of(plot: Plot, parts: Sequence[int], colours: Palette) -> list[Any]:
    """The layers of series with the same look, from the back."""
    one = plot.series[parts[0]]
    chart: Any = named(DATA)
    if len(parts) < len(plot.series):
        chart = chart.transform_filter(f"indexof({parts}, datum.part) >= 0")
    bars = any(series.kind == "bars" for series in plot.series)
    x = alt.X("x:Q", title=titled(plot.x), scale=scaled(plot.x), axis=ticked(plot.x))
    y = alt.Y("y:Q", title=titled(plot.y), scale=scaled(plot.y, zero=bars), stack=None)
    where = {"x": x, "y": y, "color": coloured_by(plot, one)}
    texts = [alt.Tooltip(f"{key}:Q", format=FORMATS.get(key, "")) for key in one.tooltip_names]
    tooltip: dict[str, Any] = {"tooltip": ["name:N", *texts]} if texts else {}
    dot: dict[str, Any] = {"size": 70 * one.size**2, "opacity": one.opacity}
    stroke: dict[str, Any] = {"strokeWidth": LINE * one.size, "opacity": one.opacity}
    match one.kind:
        case "span":
            rect = chart.mark_rect(opacity=one.opacity)
            rect = rect.encode(x=x, x2="top:Q", color=where["color"])
            text = chart.mark_text(align="right", baseline="top", dx=-4, fontSize=LABEL)
            height = alt.value(alt.expr("datum.y * height"))
            end = alt.X("top:Q", title=titled(plot.x))
            return [rect, text.encode(x=end, y=height, text="name:N", color=alt.value(colours.ink))]
        case "rule":
            return [chart.mark_rule(**stroke).encode(x=x, color=where["color"])]
        case "band":
            area = chart.mark_area(opacity=one.opacity)
            return [area.encode(**where, y2="top:Q", detail="part:N")]
        case "bars":
            area = chart.mark_area(opacity=one.opacity, interpolate="step-after", clip=True)
            return [area.encode(**where, detail="part:N")]
        case "ticks":
            tick = chart.mark_point(**dot | {"shape": "stroke", "angle": 90, "strokeWidth": 2.5})
            return [tick.encode(**where)]
        case "points":
            points = chart.mark_point(filled=True, **dot).encode(**where, **tooltip)
            if one.look.name:  # distinguished without colours, too
                scale = alt.Scale(domain=list(colours_of(plot)))
                points = points.encode(shape=alt.Shape("name:N", scale=scale, title=None))
            return [points]
    order = "T:Q" if "T" in one.tooltip_names else "x:Q"
    line = chart.mark_line(clip=bars, **stroke).encode(**where, detail="part:N", order=order)
    dashes = {s.look.name: dash_pattern(s.look.dashes) for s in plot.series if s.kind == "line"}
    if any(pattern != SOLID for pattern in dashes.values()):
        line = line.encode(strokeDash=dashed(dashes, dashes.values()))
    marks = chart.mark_circle(**dot).encode(**where, **tooltip)
    return [line, marks] if one.look.marker else [line]


def coloured_by(plot: Plot, one: Series) -> Any:
    """The colour by name, with a legend; for a series without a name its own colour."""
    if one.look.name not in colours_of(plot):
        return alt.value(one.look.colour)
    names = colours_of(plot)
    legend: dict[str, Any] = {"columns": 1} if max(map(len, names)) > LONG_NAME else {}
    if all(
        series.kind in ("line", "band", "span")
        for series in plot.series
        if series.look.name in names
    ):
        legend |= {"symbolType": "stroke", "symbolSize": 500}
    return coloured(names, **({"legend": alt.Legend(**legend)} if legend else {}))


def titled(axis: Axis) -> Any:
    """The title of an axis, as a list of its lines if it has several."""
    return axis.name.split("\n") if "\n" in axis.name else axis.name


def scaled(axis: Axis, *, zero: bool = False) -> alt.Scale:
    """The scale of an axis; `zero` says whether it always includes 0."""
    if axis.limits:
        return alt.Scale(type=axis.scale, nice=False, zero=False, domain=list(axis.limits))
    return alt.Scale(type=axis.scale, zero=zero)


def ticked(axis: Axis) -> alt.Axis:
    """An axis with numbers at its ticks, if it has any; timesteps and epochs have no grid."""
    if not axis.ticks:
        return alt.Axis()
    if axis.name in (TIMESTEPS, EPOCH):
        return alt.Axis(values=list(axis.ticks), format="d", grid=False)
    words = "format(datum.value, datum.value < 1 ? '.3~g' : '.3~s')"  # else 0.27 would be 270m
    return alt.Axis(values=list(axis.ticks), labelExpr=words)
