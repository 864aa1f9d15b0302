"""Parameters of charts on a web page: set by a slider or a list, or computed from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from ipywidgets import Dropdown, ValueWidget

from snnlab.show.charts.frame import coloured, dashed, framed
from snnlab.show.colours import LIGHT

HEIGHT = 300
"""Height of a chart in pixels."""


def charts_with(
    controls: Mapping[str, ValueWidget], found: Mapping[str, str], *charts: tuple[str, Any]
) -> list[dict[str, Any]]:
    """Charts of one picture as Vega-Lite specifications; the first one has the controls.

    Args:
        controls: by the name of the parameter, the widget of the notebook that sets it. The page
            has a control with the same range, name, options and first value.
        found: further parameters, each computed by an expression of earlier ones; `said` is the
            sentence below the picture.
        charts: pairs of a general description and a chart.
    """
    derived = [alt.param(name=name, expr=expression) for name, expression in found.items()]
    specs = []
    for place, (words, chart) in enumerate(charts):
        given = [bound(name, control, here=place == 0) for name, control in controls.items()]
        whole = framed(chart, words, LIGHT, HEIGHT).add_params(*given, *derived)
        specs.append(whole.properties(width="container").to_dict())
    return specs


def bound(name: str, control: ValueWidget, *, here: bool) -> alt.Parameter:
    """The Vega parameter for a widget.

    Args:
        name: of the parameter.
        control: a slider, or a list to choose from.
        here: whether this chart has the control; otherwise it follows the first chart.
    """
    if not here:
        return alt.param(name=name, value=control.value)
    binding: Any
    if isinstance(control, Dropdown):
        pairs = [
            option if isinstance(option, tuple) else (option,) * 2 for option in control.options
        ]
        labels, options = (list(part) for part in zip(*pairs, strict=True))
        binding = alt.binding_select(options=options, labels=labels, name=control.description)
    else:
        ends: dict[str, Any] = {"min": control.min, "max": control.max, "step": control.step}
        binding = alt.binding_range(name=control.description, **ends)
    return alt.param(name=name, value=control.value, bind=binding)


def counted(number: str, noun: str) -> str:
    """An expression for a number with a noun, in singular or plural.

    Example:
        >>> counted("T", "timestep")
        "T + ' timestep' + (T == 1 ? '' : 's')"
    """
    return f"{number} + ' {noun}' + ({number} == 1 ? '' : 's')"


def fixed(number: str, decimals: int) -> str:
    """An expression for a number with a fixed number of decimals."""
    return f"format({number}, '.{decimals}f')"


def named_lines(colours: Mapping[str, str], dashes: Sequence[list[int]]) -> dict[str, Any]:
    """Colour and dashes of lines by the field `name`, with a legend that shows both."""
    legend = alt.Legend(symbolType="stroke", symbolSize=500)
    return {"color": coloured(colours, legend=legend), "strokeDash": dashed(colours, dashes)}
