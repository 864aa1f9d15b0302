"""How often a neuron fires, against its current."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.show.charts.frame import LINE, Picture, colour_scale, look, repeated
from snnlab.show.colours import Palette


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
) -> Picture:
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
    one, many = names_of(timesteps)
    stairs = ends_of_steps(rate)
    table = pa.table(
        {
            "current": [*currents, *(currents[i] for i in stairs)],
            "value": [*probability, *(rate[i] for i in stairs)],
            "name": repeated({one: len(currents), many: len(stairs)}),
        }
    )
    mark = pa.table({"current": [current], "value": [at_current]})
    words = (
        f"Spikes per timestep against current. At current {current:.2f} the noisy single step "
        f"fires with probability {at_current:.2f}."
    )
    kept = firing_look(timesteps, colours, height)
    return Picture(kept, {"curves": table, "chosen": mark}, words, height)


def ends_of_steps(values: Sequence[float]) -> list[int]:
    """Where a curve of steps has to be known to be drawn: both ends, and both sides of each step.

    Example:
        >>> ends_of_steps([0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5])
        [0, 2, 3, 6]
    """
    last = len(values) - 1
    return [
        i
        for i in range(len(values))
        if i in (0, last) or values[i - 1] != values[i] or values[i] != values[i + 1]
    ]


def names_of(timesteps: int) -> tuple[str, str]:
    """The two curves, as the legend names them."""
    plural = "s" * (timesteps != 1)
    return "one timestep, with noise", f"{timesteps} timestep{plural}, without"


@lru_cache(256)
def firing_look(timesteps: int, colours: Palette, height: int) -> dict[str, Any]:
    """What the chart looks like for T timesteps."""
    one, many = names_of(timesteps)
    names = {one: colours.noise, many: colours.quiet}
    x = alt.X("current:Q", title="Current")
    y = alt.Y("value:Q", title="Spikes per timestep", scale=alt.Scale(domain=[0, 1.03]))
    dashes = alt.Scale(domain=[one, many], range=[[1, 0], [7, 3]])
    curves = (
        alt.Chart(alt.NamedData("curves"))
        .mark_line(strokeWidth=LINE)
        .encode(
            x=x,
            y=y,
            color=alt.Color("name:N", scale=colour_scale(names), title=None),
            strokeDash=alt.StrokeDash("name:N", scale=dashes, title=None),
        )
    )
    chosen = alt.Chart(alt.NamedData("chosen"))
    rule = chosen.mark_rule(color=colours.grey, strokeWidth=1.5).encode(x="current:Q")
    dot = chosen.mark_circle(size=240, color=colours.noise, opacity=1)
    return look(curves + rule + dot.encode(x=x, y=y), colours, height=height)
