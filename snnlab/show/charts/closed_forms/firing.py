"""Firing probability of a noisy single step, its slope, and rates of neurons without noise.

The equations are those of `snnlab.neuron.transfer`, with v_th = 1 and beta = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
from ipywidgets import ValueWidget

from snnlab.show.charts.closed_forms.families import cumulative, density
from snnlab.show.charts.closed_forms.parameters import charts_with, counted, fixed, named_lines
from snnlab.show.charts.frame import LINE
from snnlab.show.colours import LIGHT
from snnlab.show.described import CURRENT

FROM, UNTIL, PER_UNIT = -0.5, 1.5, 200
"""Lowest and highest current shown, in units of v_th, and points of a curve per v_th."""
NOISY, HARD, STAIRS, RAMP = (
    "one noisy timestep",
    "one without noise",
    "T timesteps, v_init = mu",
    "many timesteps",
)
CURVES = {
    NOISY: LIGHT.hue("blue"),
    HARD: LIGHT.hue("vermillion"),
    STAIRS: LIGHT.hue("orange"),
    RAMP: LIGHT.grey,
}
"""Colours of the curves by their names in the legend."""
DASHES: list[list[int]] = [[1, 0], [7, 3], [1, 0], [2, 4]]
Z = "(datum.current + mu - 1) / sigma"
AT_CURRENT = "(current + mu - 1) / sigma"


def firing_charts(controls: Mapping[str, ValueWidget]) -> list[dict[str, Any]]:
    """Firing probability against the current, and its slope.

    Args:
        controls: for the parameters `current`, `sigma`, `mu`, `family` and `T`.
    """
    found = {
        "probability": cumulative(AT_CURRENT),
        "slope": f"{density(AT_CURRENT)} / sigma",
        "steepest": f"{density('0')} / sigma",
        "rate": "clamp(floor(T * current + mu + 1e-9), 0, T) / T",  # 1e-9: rounding loses no spike
        "said": (
            f"'At current ' + {fixed('current', 2)} + ' one noisy timestep fires with probability '"
            f" + {fixed('probability', 3)} + '; ' + {counted('T', 'timestep')} + ' without noise '"
            f" + (T == 1 ? 'has' : 'have') + ' rate ' + {fixed('rate', 3)} + '. The slope of the "
            f"probability is ' + {fixed('slope', 2)} + ' there, and ' + {fixed('steepest', 2)} + "
            "' where it is steepest.'"
        ),
    }
    most = int(controls["T"].max)
    return charts_with(
        controls,
        found,
        ("Firing probability and rates against the current.", probabilities(most)),
        ("Slope of the firing probability against the current.", slopes()),
    )


def along_currents() -> Any:
    """A row for each current of a smooth curve."""
    first, last = round(FROM * PER_UNIT), round(UNTIL * PER_UNIT)
    rows: Any = alt.Chart(alt.sequence(first, last + 1, as_="k"))
    return rows.transform_calculate(current=f"datum.k / {PER_UNIT}")


def corners(count: int, current: str, value: str, name: str) -> Any:
    """A row for each corner of a polygonal curve; `j` counts the corners from 0."""
    rows: Any = alt.Chart(alt.sequence(0, count, as_="j"))
    for field, expression in {"current": current, "value": value, "name": f"'{name}'"}.items():
        rows = rows.transform_calculate(**{field: expression})
    return rows


def probabilities(most: int) -> Any:
    """Four curves: a step with noise, one without, the staircase of T timesteps, and its limit."""
    x = alt.X("current:Q", title=CURRENT, scale=alt.Scale(domain=[FROM, UNTIL], nice=False))
    title = "Probability, or spikes per timestep"
    y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[0, 1.03]))
    noisy = along_currents().transform_calculate(value=cumulative(Z))
    noisy = noisy.transform_calculate(name=f"'{NOISY}'")
    hard = corners(4, f"[{FROM}, 1 - mu, 1 - mu, {UNTIL}][datum.j]", "datum.j > 1 ? 1 : 0", HARD)
    ramp = corners(4, f"[{FROM}, 0, 1, {UNTIL}][datum.j]", "datum.j > 1 ? 1 : 0", RAMP)
    at = f"datum.j == 0 ? {FROM} : datum.j > 2 * T ? {UNTIL} : (ceil(datum.j / 2) - mu) / T"
    stairs = corners(2 * most + 2, at, "floor(datum.j / 2) / T", STAIRS)
    stairs = stairs.transform_filter("datum.j < 2 * T + 2")
    look: dict[str, Any] = {
        "x": x,
        "y": y,
        **named_lines(CURVES, DASHES),
    }
    order = alt.Order("j:Q")
    return alt.layer(
        ramp.mark_line(strokeWidth=LINE).encode(order=order, **look),
        hard.mark_line(strokeWidth=2.5).encode(order=order, **look),
        stairs.mark_line(strokeWidth=2).encode(order=order, **look),
        noisy.mark_line(strokeWidth=LINE).encode(**look),
        *chosen("probability", x, y),
    )


def slopes() -> Any:
    """The slope of the noisy step."""
    x = alt.X("current:Q", title=CURRENT, scale=alt.Scale(domain=[FROM, UNTIL], nice=False))
    domain: Any = [0, alt.expr("max(1.6, 1.1 * steepest)")]
    y = alt.Y("value:Q", title="Slope (1/v_th)", scale=alt.Scale(domain=domain, nice=False))
    rows = along_currents().transform_calculate(value=f"{density(Z)} / sigma")
    return alt.layer(
        rows.mark_area(color=CURVES[NOISY], opacity=0.25).encode(x=x, y=y),
        rows.mark_line(color=CURVES[NOISY], strokeWidth=LINE).encode(x=x, y=y),
        *chosen("slope", x, y),
    )


def chosen(value: str, x: alt.X, y: alt.Y) -> tuple[Any, Any]:
    """A rule at the chosen current, and a dot at a value there."""
    row: Any = alt.Chart(alt.sequence(0, 1, as_="j"))
    row = row.transform_calculate(current="current").transform_calculate(value=value)
    return (
        row.mark_rule(color=LIGHT.grey, strokeWidth=1.5).encode(x=x),
        row.mark_circle(color=CURVES[NOISY], size=240, opacity=1).encode(x=x, y=y),
    )
