"""A timestep: charge, fire and reset; the residual goes into the next timestep."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes

from snnlab.neuron.dynamics import Trace, trace
from snnlab.neuron.spec import Neuron
from snnlab.show.diagrams.diagram import Diagram
from snnlab.show.diagrams.symbols import (
    GREY,
    INK,
    RESET,
    RESIDUAL,
    arrow,
    bar,
    box,
    key,
    line,
    patch_of,
    sheet,
    spike,
    write,
)

NEURON, CURRENT, T = Neuron(v_init=0.0), 0.375, 8
"""The first neuron of the course, and as many timesteps as make its rate equal to its current."""

_DASHES = (0, (4, 3))
_BASE, _UNIT = 200, 118  # of the large bars: y of potential 0, and length of v_th
_LOW, _SHORT = 388, 88  # the same of the small bars


def timesteps() -> Diagram:
    """One timestep of a neuron enlarged, and that neuron over several timesteps.

    The numbers are those of an integrate-and-fire neuron with a constant current, as `trace`
    computes them.

    Example:
        >>> timesteps().summary
    """
    path = trace(torch.full((T, 1), CURRENT, dtype=torch.float64), NEURON)
    fires = [int(t) + 1 for t in path.spikes[:, 0].nonzero()[:, 0]]
    ax = sheet(440)
    _draw_enlarged(ax, path, fires[0])
    _draw_unrolled(ax, path, fires[0])
    signs = (("residual", RESIDUAL), ("current", GREY))
    reset = ("reset", lambda ax, x, y: line(ax, [(x, y - 9), (x, y + 9)], RESET, 2.2, (0, (2, 1))))
    key(ax, 428, [*((name, patch_of(c)) for name, c in signs), ("spike", spike), reset])
    return Diagram(ax, _in_words(path, fires), _summary(path, fires[0]))


def _of(values: torch.Tensor, t: int) -> float:
    """A potential at t = 1, 2, ...; at t = 0 it is v_init."""
    return float(values[t - 1, 0]) if t else NEURON.v_start


def _draw_enlarged(ax: Axes, path: Trace, t: int) -> None:
    """The timestep t in three parts, side by side."""
    before, h, after = _of(path.v, t - 1), _of(path.h, t), _of(path.v, t)

    def level(potential: float) -> float:
        return _BASE - _UNIT * potential / NEURON.v_th

    for x, name in ((12, "charge"), (146, "fire"), (276, "reset")):
        write(ax, x, 14, name, weight="bold")
        line(ax, [(x - 4, _BASE), (x + 50, _BASE)], INK, 1.6)
        end = x + (50 if name == "reset" else 46)  # there it leads to its name
        line(ax, [(x - 4, level(NEURON.v_th)), (end, level(NEURON.v_th))], INK, 1.5, _DASHES)
    for x in (12, 146):
        bar(ax, x, level(before), 46, _BASE, RESIDUAL)
        bar(ax, x, level(h), 46, level(before))
    bar(ax, 276, level(after), 46, _BASE, RESIDUAL)
    corners = [(277, level(after)), (277, level(h)), (321, level(h)), (321, level(after))]
    line(ax, corners, RESET, 2.2, (0, (2, 1)))
    write(ax, 66, level(before / 2), f"v[{t - 1}]\n{before:g}")
    write(ax, 66, level((before + h) / 2), f"I[{t}]\n{CURRENT:g}")
    spike(ax, 169, 44, 24)
    write(ax, 182, 44, "spike")
    write(ax, 200, level(h / 2), f"h[{t}]\n{h:g}")
    write(ax, 330, level(NEURON.v_th), "v_th")
    write(ax, 330, level((h + after) / 2), "\u2212 v_th")
    write(ax, 330, _BASE - 15, f"v[{t}]\n{after:g}")


def _draw_unrolled(ax: Axes, path: Trace, enlarged: int) -> None:
    """All timesteps; an arrow at the height of v[t] leads from each into the next."""

    def level(potential: float) -> float:
        return _LOW - _SHORT * potential / NEURON.v_th

    step, width = 44, 24
    for t in range(1, T + 1):
        x = 14 + step * (t - 1)
        before, h, after = _of(path.v, t - 1), _of(path.h, t), _of(path.v, t)
        if t == enlarged:
            box(ax, x - 6, 254, width + 12, 156)
            for corner, end in ((x - 6, 8), (x + width + 6, 392)):
                line(ax, [(corner, 257), (end, _BASE + 12)], GREY, 1)
        bar(ax, x, level(before), width, _LOW, RESIDUAL)
        bar(ax, x, level(h), width, level(before))
        if path.spikes[t - 1, 0]:
            spike(ax, x + width / 2, 266)
            edge = x + width
            line(ax, [(edge, level(h)), (edge, level(after))], RESET, 2.2, (0, (2, 1)))
        if t < T:
            arrow(ax, (x + width + 2, level(after)), (x + step, level(after)), RESIDUAL)
        write(ax, x + width / 2, 400, f"t = {t}" if t == 1 else f"{t}", ha="center")
    line(ax, [(8, _LOW), (14 + step * T, _LOW)], INK, 1.6)
    line(ax, [(8, level(NEURON.v_th)), (356, level(NEURON.v_th))], INK, 1.5, _DASHES)
    write(ax, 362, level(NEURON.v_th), "v_th")


def _summary(path: Trace, t: int) -> str:
    return (
        f"Above, timestep t = {t}: the neuron starts from the residual v[{t - 1}] = "
        f"{_of(path.v, t - 1):g}, the current lifts it to h[{t}] = {_of(path.h, t):g}, and the "
        f"spike takes v_th away. Below, all timesteps: each orange arrow hands v[t] on to the next."
    )


def _in_words(path: Trace, fires: list[int]) -> str:
    t = fires[0]
    said = ", ".join(str(fired) for fired in fires)
    carried = ", ".join(f"{_of(path.v, t):g}" for t in range(T + 1))
    return (
        f"Bars of a neuron's potential under a current of {CURRENT:g} v_th. Timestep t = {t} in "
        f"three parts. Charge: the residual v[{t - 1}] = {_of(path.v, t - 1):g} and the current "
        f"I[{t}] = {CURRENT:g} lie on each other. Fire: h[{t}] = {_of(path.h, t):g} is at or above "
        f"the threshold, so there is a spike. Reset: the threshold is taken away, and v[{t}] = "
        f"{_of(path.v, t):g} stays. Below, timesteps 1 to {T}: an arrow from each leads into the "
        f"next at the height of v[t], from v[0] on {carried}; spikes at t = {said}."
    )
