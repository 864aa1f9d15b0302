"""Residuals of many neurons in closed form, and the noise that replaces them in training.

Each neuron has a constant current of its own, spread evenly from `lowest` to `highest`, resets by
subtraction, and starts at v_0. Neurons with 0 <= I < 1 have v[t] = (v_0 + t I) mod 1. The active
neurons have currents spread evenly over [a, b], so their v_0 + t I lies evenly between v_0 + t a
and v_0 + t b, and v[t] is this interval wound around a circle of circumference 1. Everything is in
units of v_th.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
from ipywidgets import ValueWidget

from snnlab.neuron.spec import Neuron
from snnlab.show.charts.closed_forms.families import density
from snnlab.show.charts.closed_forms.one_neuron import key
from snnlab.show.charts.closed_forms.parameters import charts_with, fixed
from snnlab.show.charts.frame import LINE
from snnlab.show.colours import LIGHT
from snnlab.show.described import DENSITY, POTENTIAL
from snnlab.show.potentials import IN_SIGHT

START = Neuron().v_start
"""v_0 of the neurons."""
BINS = 40
"""Bins of the histogram, from 0 to v_th."""
PER_UNIT = 200
"""Points of the density of the noise per v_th."""
RESIDUALS, NOISE, EVEN = "multi-step residual", "noise in one timestep", "even, U(0, 1)"
CURVES = {RESIDUALS: LIGHT.hue("orange"), NOISE: LIGHT.hue("blue"), EVEN: LIGHT.ink}
"""Colours of the curves by their names in the legend."""


def residual_charts(controls: Mapping[str, ValueWidget]) -> list[dict[str, Any]]:
    """The histogram of the residuals of the active neurons, and the density of the noise.

    Args:
        controls: for the parameters `timesteps`, `lowest`, `highest`, `family`, `sigma` and `mu`.
    """
    most = int(controls["timesteps"].max)
    found = {
        "T": "timesteps",
        "fires": f"(1 - {START}) / T",  # the lowest current that fires once in T timesteps
        "full": f"(T - {START}) / T",  # the lowest current that fires at each timestep
        "a": "max(lowest, fires)",
        "b": "min(highest, full)",
        "silent": "clamp((fires - lowest) / (highest - lowest), 0, 1)",
        "saturated": "clamp((highest - full) / (highest - lowest), 0, 1)",
        "mean": mean_over_time("{whole} / 2 + pow({rest}, 2) / 2", most),
        "square": mean_over_time("{whole} / 3 + pow({rest}, 3) / 3", most),
        "deviation": "sqrt(square - mean * mean)",
        "said": (
            f"'Residuals of the active neurons: mean ' + {fixed('mean', 3)} + ', deviation ' + "
            f"{fixed('deviation', 3)} + ' v_th. Noise: mean ' + {fixed('mu', 3)} + ', deviation ' "
            f"+ {fixed('sigma', 3)} + ' v_th. ' + {fixed('100 * silent', 1)} + "
            f"' % of the neurons are silent and ' + {fixed('100 * saturated', 1)} + "
            "' % saturated, not shown.'"
        ),
    }
    words = "Density of the residuals of active neurons, and of the noise that stands for them."
    return charts_with(controls, found, (words, densities()))


def mean_over_time(moment: str, most: int) -> str:
    """An expression for the mean over t = 1 to T - 1 of a moment of v[t] among active neurons.

    Args:
        moment: the integral from 0 to x of a power of (x mod 1), in terms of `whole` and `rest`,
            the integer part and the rest of x.
        most: the largest T.
    """

    def until(t: int, end: str) -> str:
        x = f"({START} + {t} * {end})"
        return moment.format(whole=f"floor({x})", rest=f"({x} - floor({x}))")

    terms = [f"(T > {t} ? ({until(t, 'b')} - ({until(t, 'a')})) / {t} : 0)" for t in range(1, most)]
    return f"({' + '.join(terms)}) / ((b - a) * (T - 1))"


def histogram() -> Any:
    """A row for each bin (lower end `v`, density), and one for the upper end of the last.

    The interval that is wound around the circle passes each bin once in a turn.
    """
    rows: Any = alt.Chart(alt.sequence(0, BINS + 1, as_="k"))
    rows = rows.transform_calculate(t="sequence(1, T)").transform_flatten(["t"])
    rows = rows.transform_calculate(low=f"min(datum.k, {BINS - 1}) / {BINS}")
    for end in "ab":
        rows = rows.transform_calculate(x=f"{START} + datum.t * {end}")
        passed = (
            f"floor(datum.x) / {BINS} + clamp(datum.x - floor(datum.x) - datum.low, 0, {1 / BINS})"
        )
        rows = rows.transform_calculate(**{end: passed})
    rows = rows.transform_calculate(at_t=f"{BINS} * (datum.b - datum.a) / (datum.t * (b - a))")
    rows = rows.transform_aggregate(density="mean(at_t)", groupby=["k"])
    return rows.transform_calculate(v=f"datum.k / {BINS}")


def densities() -> Any:
    """The densities of residuals and noise, and that of an even spread."""
    low, high = IN_SIGHT
    x = alt.X("v:Q", title=POTENTIAL, scale=alt.Scale(domain=[low, high], nice=False))
    y = alt.Y("density:Q", title=DENSITY, stack=None, scale=alt.Scale(zero=True))
    points = alt.sequence(round(low * PER_UNIT), round(high * PER_UNIT) + 1, as_="k")
    noise: Any = alt.Chart(points).transform_calculate(v=f"datum.k / {PER_UNIT}")
    noise = noise.transform_calculate(density=f"{density('(datum.v - mu) / sigma')} / sigma")
    even: Any = alt.Chart(alt.sequence(0, 4, as_="j"))
    even = even.transform_calculate(v="datum.j < 2 ? 0 : 1")
    even = even.transform_calculate(density="datum.j == 0 || datum.j == 3 ? 0 : 1")
    area = histogram().mark_area(color=CURVES[RESIDUALS], opacity=0.45, interpolate="step-after")
    dashes: dict[str, Any] = {"strokeDash": [7, 4], "strokeWidth": 2}
    return alt.layer(
        area.encode(x=x, y=y),
        even.mark_line(color=CURVES[EVEN], **dashes).encode(x=x, y=y, order=alt.Order("j:Q")),
        noise.mark_line(color=CURVES[NOISE], strokeWidth=LINE).encode(x=x, y=y),
        key(CURVES, lines=(NOISE, EVEN)),
    )
