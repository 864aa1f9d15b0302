"""The membrane potential of one neuron over time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import pyarrow as pa

from snnlab.show.charts.frame import LINE, Picture, look
from snnlab.show.colours import Palette


def potential_chart(
    h: Sequence[float],
    v: Sequence[float],
    spikes: Sequence[float],
    *,
    v_th: float,
    v_init: float,
    colours: Palette,
    now: int | None = None,
    height: int = 360,
) -> Picture:
    """Charge, fire and reset as one line; the threshold; a triangle for every spike.

    Args:
        h: potential before firing at t = 1 to T.
        v: potential after reset, as many.
        spikes: 0 or 1, as many.
        v_th: threshold, in the unit of the potentials.
        v_init: potential before the first timestep.
        colours: see `palette`.
        now: the timestep at which somebody looks, 1 to T; None: at all of them.
        height: in pixels.

    Raises:
        ValueError: the three do not have the same length, or there is no timestep.

    Example:
        >>> potential_chart([0.6, 1.2], [0.6, 0.2], [0, 1], v_th=1, v_init=0, colours=LIGHT)
    """
    if not len(h) == len(v) == len(spikes) or not len(h):
        raise ValueError(
            f"h, v and spikes must have one value per timestep, got {len(h)}, {len(v)} and "
            f"{len(spikes)}"
        )
    T = len(h)
    upto = T if now is None else now
    line = zigzag(h, v, v_init)
    fired = [t + 1 for t in range(T) if spikes[t]]
    floor = min(0.0, v_init, *h, *v)
    roof = max(v_th, *h) + 0.16 * (max(v_th, *h) - floor)
    seen = [t for t in fired if t <= upto]
    data = {
        "ends": pa.table({"t": [0, T], "potential": [floor, 1.04 * roof]}),
        "threshold": pa.table({"potential": [v_th]}),
        "line": line,
        "seen": line.slice(0, 2 * upto + 1),
        "now": pa.table({"t": [upto], "potential": [h[upto - 1]]}),
        "spikes": pa.table({"t": pa.array(seen, pa.int64()), "potential": [roof] * len(seen)}),
    }
    words = (
        f"Membrane potential over {T} timesteps: {len(fired)} spikes"
        + (f", at t = {', '.join(map(str, fired[:20]))}" if fired else "")
        + f"; threshold {v_th:g}, last potential {v[-1]:.2f}."
    )
    kept = potential_look(colours, height, stepping=now is not None)
    return Picture(kept, data, words, height)


def zigzag(h: Sequence[float], v: Sequence[float], v_init: float) -> pa.Table:
    """The corners of the line, in their order: v_init, and h and v of every timestep."""
    times = [0, *(t for t in range(1, len(h) + 1) for _ in range(2))]
    potentials = [v_init, *(value for pair in zip(h, v, strict=True) for value in pair)]
    return pa.table({"index": range(len(times)), "t": times, "potential": potentials})


@cache
def potential_look(colours: Palette, height: int, *, stepping: bool) -> dict[str, Any]:
    """What the chart looks like, while somebody steps through it or not."""
    x = alt.X("t:Q", title="Timestep t", scale=alt.Scale(nice=False, zero=False))
    x = x.axis(alt.Axis(tickMinStep=1, format="d", grid=False))
    y = alt.Y("potential:Q", title="Potential", scale=alt.Scale(nice=False, zero=False))
    order = alt.Order("index:Q")

    def named(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name))

    rule = named("threshold").mark_rule(strokeDash=[7, 5], strokeWidth=2, color=colours.grey)
    invisible = named("ends").mark_point(opacity=0)  # they span the axes
    layers: list[Any] = [invisible.encode(x=x, y=y), rule.encode(y=y)]
    if stepping:
        whole = named("line").mark_line(color=colours.grey, strokeWidth=1.5, opacity=0.4)
        layers.append(whole.encode(x=x, y=y, order=order))
        upright = named("now").mark_rule(color=colours.grey, strokeDash=[3, 4], strokeWidth=1.5)
        layers.append(upright.encode(x=alt.X("t:Q")))
        dot = named("now").mark_circle(size=240, color=colours.noise, opacity=1)
        layers.append(dot.encode(x=x, y=y))
    seen = named("seen").mark_line(color=colours.noise, strokeWidth=LINE, strokeJoin="round")
    layers.append(seen.encode(x=x, y=y, order=order))
    marks = named("spikes").mark_point(
        shape="triangle-down", filled=True, size=190, color=colours.quiet, opacity=1
    )
    layers.append(marks.encode(x=x, y=y, tooltip=[alt.Tooltip("t:Q", title="Spike at t")]))
    return look(alt.layer(*layers), colours, height=height)
