"""The map of sigma and T: a row per sigma, a column per T, test accuracy as colour and number."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.show.charts.frame import LABEL, LiveChart, look, named
from snnlab.show.colours import MAP, MAP_BLACK_FROM, Palette
from snnlab.show.described import ACCURACY, SIGMA, TIMESTEPS, sigma_map_words, sigma_name

ROW, AROUND, FIT = 40, 130, 40
"""In pixels: the height of a row; the height of axis and legend; the least width of a field that
shows its number."""
STEP = 2
"""The colour scale ends at multiples of this many percentage points, so that it seldom changes."""
STAR = "★"


def sigma_map_chart(
    curves: Mapping[float, SeedCurves],
    missing: Mapping[float, str],
    *,
    timesteps: Sequence[int],
    best: Collection[float],
    colours: Palette,
) -> LiveChart:
    """Mean test accuracy; a solid frame and a star around the best rows, dashes around 1/sqrt(12).

    Args:
        curves: accuracy by sigma, of the trained networks.
        missing: text for the row of each other sigma.
        timesteps: the columns.
        best: sigmas that are marked.
        colours: see `palette`.
    """
    sigmas = sorted({*curves, *missing})
    cells = [
        (sigma, T, mean)
        for sigma, found in sorted(curves.items())
        for T, mean in zip(found.timesteps, found.mean, strict=True)
        if T in timesteps
    ]
    low, high = domain = limits(mean for *_, mean in cells)
    black = [(mean - low) / (high - low) >= MAP_BLACK_FROM for *_, mean in cells]
    data = {
        "cells": pa.table(
            {
                "sigma": pa.array([sigma_name(sigma) for sigma, *_ in cells], pa.string()),
                "T": pa.array([T for _, T, _ in cells], pa.int64()),
                "accuracy": pa.array([mean for *_, mean in cells], pa.float64()),
                "black": pa.array(black, pa.bool_()),
            }
        ),
        "missing": pa.table(
            {
                "sigma": pa.array(map(sigma_name, missing), pa.string()),
                "words": pa.array(missing.values(), pa.string()),
            }
        ),
        "best": rows(sorted(best)),
        "matched": rows([sigma for sigma in sigmas if sigma == MATCHED_SIGMA]),
    }
    names = tuple(map(sigma_name, sigmas))
    starred = tuple(map(sigma_name, sorted(best)))
    kept = sigma_map_look(names, tuple(timesteps), domain, starred, colours)
    words = sigma_map_words(curves, best, len(sigmas))
    return LiveChart(kept, data, words, height_of(sigmas))


def height_of(sigmas: Sequence[object]) -> int:
    """Height of the chart in pixels."""
    return ROW * len(sigmas) + AROUND


def rows(sigmas: Iterable[float]) -> pa.Table:
    """A table of rows to be framed."""
    return pa.table({"sigma": pa.array(map(sigma_name, sigmas), pa.string())})


def limits(accuracy: Iterable[float]) -> tuple[int, int]:
    """The ends of the scale of colours, in percent.

    Example:
        >>> limits([97.3, 98.4])
        (96, 100)
    """
    values = list(accuracy)
    if not values:
        return 0, 100
    low = STEP * math.floor(min(values) / STEP)
    high = STEP * math.ceil(max(values) / STEP)
    return (low, high) if low < high else (max(low - STEP, 0), max(high, STEP))


@lru_cache(64)
def sigma_map_look(
    sigmas: tuple[str, ...],
    timesteps: tuple[int, ...],
    domain: tuple[int, int],
    best: tuple[str, ...],
    colours: Palette,
) -> dict[str, Any]:
    """The specification of the chart, without its data."""
    starred = f"indexof({json.dumps(best, ensure_ascii=False)}, datum.value) < 0"
    label = f"{starred} ? datum.value : '{STAR} ' + datum.value"
    bands = alt.Scale(domain=list(reversed(sigmas)), paddingInner=0.14, paddingOuter=0.07)
    # The width reserved for labels does not change when one of them gets a star.
    axis = alt.Axis(labelExpr=label, grid=False, minExtent=62, maxExtent=62)
    y = alt.Y("sigma:N", title=SIGMA, scale=bands, axis=axis)
    columns = alt.Scale(domain=list(timesteps), paddingInner=0.04)
    x = alt.X("T:O", title=TIMESTEPS, scale=columns, axis=alt.Axis(labelAngle=0, grid=False))
    legend = alt.Legend(
        title=ACCURACY,
        titleColor=colours.ink,
        titleFontSize=LABEL,
        titleFontWeight="normal",
        titleLimit=300,
        format="d",
        tickCount=4,
        gradientLength=240,
    )
    scale = alt.Scale(scheme=MAP, domain=list(domain), clamp=True)
    colour = alt.Color("accuracy:Q", scale=scale, legend=legend)
    tooltip = [
        alt.Tooltip("sigma:N", title="σ"),
        alt.Tooltip("T:O"),
        alt.Tooltip("accuracy:Q", title=ACCURACY, format=".2f"),
    ]
    fits = alt.expr(f"width >= {FIT * len(timesteps)} ? 1 : 0")  # else numbers are hidden
    number = named("cells").mark_text(fontSize=LABEL, opacity=fits, aria=False)
    ink = alt.condition("datum.black", alt.value("#000000"), alt.value("#FFFFFF"))
    words = named("missing").mark_text(
        fontSize=LABEL, align="left", dx=12, color=colours.grey, aria=False
    )
    layers: list[Any] = [
        named("cells").mark_rect().encode(x=x, y=y, color=colour, tooltip=tooltip),
        number.encode(x=x, y=y, text=alt.Text("accuracy:Q", format=".1f"), color=ink),
        words.encode(x=alt.value(0), y=y, text="words:N"),
        *framed_rows("matched", y, colours, strokeDash=[8, 6]),
        *framed_rows("best", y, colours),
    ]
    return look(alt.layer(*layers), colours, height_of(sigmas))


def framed_rows(data: str, y: alt.Y, colours: Palette, **line: Any) -> list[Any]:
    """A frame around rows, with an outer edge that contrasts with fields of any colour."""
    mark: Any = {"filled": False, "cornerRadius": 2}
    edge = named(data).mark_rect(**mark, stroke=colours.on_noise, strokeWidth=7)
    frame = named(data).mark_rect(**mark, stroke=colours.ink, strokeWidth=4, **line)
    return [one.encode(x=alt.value(0), x2=alt.value("width"), y=y) for one in (edge, frame)]
