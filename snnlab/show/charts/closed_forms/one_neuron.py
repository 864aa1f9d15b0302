"""One neuron under a constant current, timestep by timestep, and its rate at any current.

Charge, fire and reset as in `snnlab.neuron.dynamics`, written out for each timestep. Potentials are
in hundredths of v_th, the step of the sliders, so that ten times 0.1 exactly reaches the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
from ipywidgets import ValueWidget

from snnlab.show.charts.closed_forms.parameters import (
    charts_with,
    counted,
    fixed,
    named_lines,
)
from snnlab.show.charts.frame import LINE, key_of
from snnlab.show.colours import LIGHT
from snnlab.show.described import CHARGE, CURRENT, INFLOW, POTENTIAL, RATE, RESET, SPIKE, STEP

V_TH = 100
TRACE = {
    CHARGE: LIGHT.hue("blue"),
    RESET: LIGHT.hue("vermillion"),
    SPIKE: LIGHT.ink,
    INFLOW: LIGHT.hue("orange"),
}
"""Colours of the parts of the chart of the potential, by their names in the legend."""
STAIRS, RAMP = "rate of T timesteps", "clip(I / v_th, 0, 1)"
RATES = {STAIRS: LIGHT.hue("blue"), RAMP: LIGHT.grey}


def one_neuron_charts(controls: Mapping[str, ValueWidget]) -> list[dict[str, Any]]:
    """The potential over time, and the rate against the current.

    Args:
        controls: for the parameters `current`, `v_init`, `beta`, `reset` and `T`.
    """
    most = int(controls["T"].max)
    found = {
        "i": f"round({V_TH} * current)",
        "v_0": f"round({V_TH} * v_init)",
        **potentials(most),
        "hs": f"[{', '.join(f'h_{t}' for t in range(1, most + 1))}]",
        "spikes": spikes(most),
        "left": f"{after_reset('hs[T - 1]')} / {V_TH}",
        "ends": "extent(slice(hs, 0, T))",
        "lowest": f"min(0, v_0, i, ends[0]) / {V_TH}",
        "highest": f"max({V_TH}, v_0, i, ends[1]) / {V_TH}",
        "mark": "highest + 0.12 * (highest - lowest)",
        "bottom": "lowest - 0.05 * (mark - lowest)",
        "roof": "mark + 0.08 * (mark - lowest)",
        "said": (
            f"{counted('spikes', 'spike')} + ' in ' + {counted('T', 'timestep')} + ': rate ' + "
            f"{fixed('spikes / T', 3)} + '. Left over at the end: ' + "
            f"{fixed('left', 2)} + ' v_th.'"
        ),
    }
    ends = tuple(round(V_TH * end) for end in (controls["current"].min, controls["current"].max))
    return charts_with(
        controls,
        found,
        ("Membrane potential of one neuron against time.", over_time(most)),
        ("Rate of one neuron against its current.", against_current(most, ends)),
    )


def after_reset(h: str) -> str:
    """An expression for v[t], given one for h[t]: fire and reset."""
    return f"({h} >= {V_TH} ? (reset == 'zero' ? 0 : {h} - {V_TH}) : {h})"


def potentials(most: int, row: str = "", current: str = "i") -> dict[str, str]:
    """Expressions for h[1], h[2], ...: the residual, times the leak factor, plus the current.

    Args:
        most: timesteps.
        row: prefix of the names of earlier potentials, "datum." in a table.
        current: expression for the current.
    """
    left = ["v_0", *(after_reset(f"{row}h_{t}") for t in range(1, most))]
    return {f"h_{t}": f"beta * {v} + {current}" for t, v in enumerate(left, 1)}


def spikes(most: int, row: str = "") -> str:
    """An expression for how often the neuron fires in T timesteps, see `potentials`."""
    fired = (f"(T >= {t} && {row}h_{t} >= {V_TH})" for t in range(1, most + 1))
    return f"(0 + {' + '.join(fired)})"


def over_time(most: int) -> Any:
    """Charge and reset as lines, spikes, current, threshold."""
    steps: Any = alt.Chart(alt.sequence(1, most + 1, as_="t")).transform_filter("datum.t <= T")
    for name, expression in {
        "start": "datum.t - 1",
        "h": f"hs[datum.t - 1] / {V_TH}",
        "v": f"{after_reset('hs[datum.t - 1]')} / {V_TH}",
        "before": f"(datum.t == 1 ? v_0 : {after_reset('hs[datum.t - 2]')}) / {V_TH}",
    }.items():
        steps = steps.transform_calculate(**{name: expression})
    first = steps.transform_filter("datum.t == 1")
    fired = steps.transform_filter(f"hs[datum.t - 1] >= {V_TH}")
    x = alt.X("t:Q", title=STEP, scale=alt.Scale(domain=[0, alt.expr("T")], nice=False))
    x = x.axis(alt.Axis(tickMinStep=1, format="d", grid=False))
    domain = [alt.expr("bottom"), alt.expr("roof")]
    y = alt.Y("h:Q", title=POTENTIAL, scale=alt.Scale(domain=domain, nice=False, zero=False))
    layers = [
        first.transform_calculate(end="T")
        .transform_calculate(current=f"i / {V_TH}")
        .mark_rect(color=TRACE[INFLOW], opacity=0.3)
        .encode(x="start:Q", x2="end:Q", y="current:Q", y2=alt.datum(0)),
        first.mark_rule(color=LIGHT.grey, strokeDash=[7, 5], strokeWidth=2).encode(y=alt.datum(1)),
        steps.mark_rule(color=TRACE[CHARGE], strokeWidth=LINE).encode(
            x=alt.X("start:Q", title=STEP), x2="t:Q", y=alt.Y("before:Q", title=POTENTIAL), y2="h:Q"
        ),
        fired.mark_rule(color=TRACE[RESET], strokeWidth=LINE, strokeDash=[5, 3]).encode(
            x=x, y=y, y2="v:Q"
        ),
        first.mark_circle(color=TRACE[CHARGE], opacity=1, size=70).encode(
            x="start:Q", y="before:Q"
        ),
        steps.mark_circle(color=TRACE[CHARGE], opacity=1, size=70).encode(x="t:Q", y="v:Q"),
        fired.mark_point(color=TRACE[RESET], fill=LIGHT.paper, opacity=1, size=60).encode(x=x, y=y),
        fired.transform_calculate(mark="mark")
        .mark_point(shape="stroke", angle=90, size=260, strokeWidth=3.5, opacity=1)
        .encode(x=x, y=alt.Y("mark:Q"), color=alt.value(TRACE[SPIKE])),
        threshold_name(first),
        key(TRACE, lines=(CHARGE, RESET)),
    ]
    return alt.layer(*layers)


def threshold_name(row: Any) -> Any:
    """The name of the threshold, written above its left end."""
    text = row.mark_text(text="v_th", align="left", dx=6, dy=-9, fontSize=14, color=LIGHT.grey)
    return text.encode(x=alt.value(0), y=alt.datum(1))


def against_current(most: int, ends: tuple[int, ...]) -> Any:
    """The staircase of rates, with a mark at the chosen current.

    Args:
        most: timesteps.
        ends: lowest and highest current, in hundredths.
    """
    rows: Any = alt.Chart(alt.sequence(ends[0], ends[1] + 1, as_="i"))
    for name, expression in potentials(most, "datum.", "datum.i").items():
        rows = rows.transform_calculate(**{name: expression})
    rows = rows.transform_calculate(current=f"datum.i / {V_TH}")
    stairs = rows.transform_calculate(rate=f"{spikes(most, 'datum.')} / T")
    stairs = stairs.transform_calculate(name=f"'{STAIRS}'")
    ramp = alt.Chart(alt.sequence(ends[0], ends[1] + 1, as_="i"))
    ramp = ramp.transform_calculate(current=f"datum.i / {V_TH}")
    ramp = ramp.transform_calculate(rate="clamp(datum.current, 0, 1)")
    ramp = ramp.transform_calculate(name=f"'{RAMP}'")
    chosen = stairs.transform_filter("datum.i == i")
    x = alt.X("current:Q", title=CURRENT, scale=alt.Scale(nice=False))
    x = x.axis(alt.Axis(tickCount=alt.expr("width < 420 ? 4 : 8")))
    y = alt.Y("rate:Q", title=RATE, scale=alt.Scale(domain=[0, 1.03]))
    look = named_lines(RATES, [[1, 0], [2, 4]])
    return alt.layer(
        ramp.mark_line(strokeWidth=LINE).encode(x=x, y=y, **look),
        stairs.mark_line(strokeWidth=LINE, interpolate="step-after").encode(x=x, y=y, **look),
        chosen.mark_rule(color=LIGHT.grey, strokeWidth=1.5).encode(x=x),
        chosen.mark_circle(color=RATES[STAIRS], size=240, opacity=1).encode(x=x, y=y),
    )


def key(names: Mapping[str, str], lines: tuple[str, ...]) -> alt.Chart:
    """A layer that draws nothing but the legend."""
    rows: Any = alt.InlineData(values=[{"name": name} for name in names])
    return key_of(alt.Chart(rows), names, lines)
