"""How single-step training, conversion and training through time differ."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes

from snnlab.learning.objectives import BPTT, SingleStep
from snnlab.neuron.dynamics import trace
from snnlab.neuron.spec import Neuron, Noise
from snnlab.show.diagrams.diagram import Diagram
from snnlab.show.diagrams.symbols import (
    GRADIENT,
    INK,
    NOISE,
    RESIDUAL,
    arrow,
    arrow_of,
    box,
    gradient,
    key,
    line,
    neuron,
    sheet,
    write,
)
from snnlab.show.diagrams.timesteps import CURRENT

_SINGLE, _THROUGH = SingleStep().timesteps, BPTT().timesteps
_FIRST, _STEP = 84, 60  # x of the first timestep, and distance between two
_BESIDE = 5.5  # distance of two opposite arrows from their middle


def training() -> Diagram:
    """Three lanes: single-step training, its weights at T timesteps, training through T.

    The numbers of timesteps are read from `SingleStep` and `BPTT`.

    Example:
        >>> training().summary
    """
    ax = sheet(450)
    _lane(ax, 0, "Single-step training", _SINGLE, "loss", noise=Noise(), learns=True)
    _lane(ax, 141, f"Its weights, run at T = {_THROUGH}", _THROUGH, "mean over time")
    _lane(ax, 282, "Training through time (BPTT)", _THROUGH, "mean, then loss", learns=True)
    write(ax, 132, 66, "noise stands for")
    write(ax, 132, 83, "the residual")
    signs = (("residual", RESIDUAL), ("noise", NOISE))
    backwards = ("gradient", arrow_of(GRADIENT, dashed=True))
    key(ax, 438, [("neurons", neuron), *((n, arrow_of(c)) for n, c in signs), backwards])
    return Diagram(ax, _in_words(), _summary())


def passes(timesteps: int, *, learns: bool) -> str:
    """In words, how many timesteps a training step, or an answer, runs forward and back."""
    back = f"{timesteps}\u00d7 back" if learns else "no gradient"
    return f"{timesteps}\u00d7 forward\n{back}"


def _lane(
    ax: Axes,
    top: float,
    title: str,
    timesteps: int,
    end: str,
    *,
    noise: Noise | None = None,
    learns: bool = False,
) -> None:
    """A lane of timesteps from left to right; in each, the network runs upwards."""
    height, apart = top + 72, _BESIDE if learns else 0.0
    write(ax, 8, top + 14, title, weight="bold")
    write(ax, 392, height, passes(timesteps, learns=learns), ha="right")
    write(ax, 8, height, "noise" if noise else "v_init")
    colour = NOISE if noise else RESIDUAL
    arrow(ax, (54, height), (_FIRST - 10, height), colour)
    for t, level in enumerate([noise.mu] if noise else _residuals(timesteps)):
        x = _FIRST + _STEP * t
        box(ax, x - 25, top + 97, 50, 22, "layers")
        neuron(ax, x, height, level, colour)
        arrow(ax, (x - apart, top + 96), (x - apart, height + 10))
        arrow(ax, (x - apart, height - 10), (x - apart, top + 38))
        if t:
            arrow(ax, (x - _STEP + 11, height - apart), (x - 10, height - apart), RESIDUAL)
        if learns:
            gradient(ax, (x + apart, top + 39), (x + apart, height - 9))
            gradient(ax, (x + apart, height + 9), (x + apart, top + 97))
            if t:
                gradient(ax, (x - 10, height + apart), (x - _STEP + 10, height + apart))
        write(ax, x, top + 129, f"t = {t + 1}", ha="center")
    last = _FIRST + _STEP * (timesteps - 1)
    line(ax, [(_FIRST - 14, top + 37), (last + 14, top + 37)], INK, 1.6)
    write(ax, last + 18, top + 37, end)


def _residuals(timesteps: int) -> list[float]:
    """The residual that a neuron carries into each timestep under a constant current."""
    currents = torch.full((timesteps, 1), CURRENT, dtype=torch.float64)
    return [Neuron().v_start, *trace(currents, Neuron()).v[:-1, 0].tolist()]


def _summary() -> str:
    return (
        f"Above, a training step with one timestep: noise stands where the residual will be, and "
        f"the gradient goes back once. In the middle the same weights run at T = {_THROUGH} and "
        f"meet the residuals themselves; nothing is trained. Below, BPTT: all {_THROUGH} timesteps "
        f"run in each training step, and the gradient goes back through each of them and, along "
        f"the residuals, from timestep to timestep."
    )


def _in_words() -> str:
    return (
        f"Three lanes. Single-step training: at t = {_SINGLE} noise goes into the neurons, the "
        f"network runs forward {_SINGLE} time to the loss, and the gradient goes back {_SINGLE} "
        f"time. Its weights, run at T = {_THROUGH}: from v_init the neurons hand residuals on from "
        f"timestep to timestep, the network runs forward {_THROUGH} times, the output is the mean "
        f"over time, no gradient goes back. Training through time, BPTT: residuals and "
        f"{_THROUGH} timesteps forward in the same way, the loss of the mean, and the gradient "
        f"back through all {_THROUGH} timesteps and from each timestep to the one before."
    )
