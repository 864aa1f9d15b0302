"""How often a neuron fires, against its current."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from snnlab.show.charts.frame import LINE, colour_scale, framed
from snnlab.show.charts.palette import Palette


def firing_chart(
    currents: Sequence[float],
    probability: Sequence[float],
    rate: Sequence[float],
    *,
    timesteps: int,
    current: float,
    at_current: float,
    colours: Palette,
    height: int = 280,
) -> alt.Chart:
    """Firing probability of the noisy single step, and the rate over T timesteps without noise.

    Args:
        currents: where both are known.
        probability: of a spike in one timestep with noise, 0 to 1.
        rate: spikes per timestep over T timesteps, 0 to 1.
        timesteps: T.
        current: the chosen current, marked.
        at_current: the probability there.
        colours: see `palette`.
        height: in pixels.
    """
    names = {
        "one timestep, with noise": colours.noise,
        f"{timesteps} timesteps, without": colours.quiet,
    }
    one, many = names
    lines = pd.DataFrame(
        [
            {"current": place, "value": value, "name": name}
            for name, values in ((one, probability), (many, rate))
            for place, value in zip(currents, values, strict=True)
        ]
    )
    x = alt.X("current:Q", title="Current")
    y = alt.Y("value:Q", title="Spikes per timestep", scale=alt.Scale(domain=[0, 1.03]))
    curves = (
        alt.Chart(lines)
        .mark_line(strokeWidth=LINE)
        .encode(
            x=x,
            y=y,
            color=alt.Color("name:N", scale=colour_scale(names), title=None),
            strokeDash=alt.StrokeDash(
                "name:N", scale=alt.Scale(domain=[one, many], range=[[1, 0], [7, 3]]), title=None
            ),
        )
    )
    mark = pd.DataFrame({"current": [current], "value": [at_current]})
    rule = alt.Chart(mark).mark_rule(color=colours.grey, strokeWidth=1.5).encode(x="current:Q")
    dot = alt.Chart(mark).mark_circle(size=240, color=colours.noise, opacity=1)
    dot = dot.encode(x="current:Q", y="value:Q")
    words = (
        f"Spikes per timestep against current. At current {current:.2f} the noisy single step "
        f"fires with probability {at_current:.2f}."
    )
    return framed(curves + rule + dot, words, colours, height=height)
