"""One neuron under a constant current, with all its constants on sliders."""

from __future__ import annotations

import torch

from snnlab.neuron.dynamics import trace
from snnlab.neuron.spec import Neuron, Reset
from snnlab.show.picture import Picture, picture
from snnlab.show.trace import neuron_trace
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider


def neuron_explorer(timesteps: int = 20, *, current: float = 0.3) -> LivePicture:
    """Current, v_init, leak and reset of a neuron with v_th = 1; its potential follows.

    Args:
        timesteps: T that are drawn.
        current: where the slider starts, in units of v_th, -0.3 to 1.5.

    Raises:
        ValueError: timesteps below 1.

    Example:
        >>> live = neuron_explorer()
        >>> live.controls["current"].value = 0.7
    """
    if timesteps < 1:
        raise ValueError(f"timesteps must be at least 1, got {timesteps}")

    def draw(current: float, v_init: float, beta: float, reset: Reset) -> Picture:
        # In hundredths of v_th, the step of the sliders: whole numbers, so that ten times 0.1
        # reaches the threshold.
        currents = torch.full((timesteps, 1), 100.0 * round(current, 2)).round()  # (T, 1)
        neuron = Neuron(v_th=100.0, v_init=round(100.0 * v_init), beta=beta, reset=reset)
        path = trace(currents, neuron)
        ax = neuron_trace(
            path.h[:, 0],
            path.v[:, 0],
            path.spikes[:, 0],
            neuron.v_th,
            v_init=neuron.v_start,
            current=currents[:, 0],
            ax=live_axes(top=0.55),
        )
        count = int(path.spikes.sum())
        return picture(
            ax,
            f"{count} spikes in {timesteps} timesteps: rate {count / timesteps:.3f}. "
            f"Left over at the end: {path.v[-1, 0] / neuron.v_th:.2f} v_th.",
        )

    return LivePicture(
        draw,
        {
            "current": slider("current (v_th)", -0.3, 1.5, current, 0.01),
            "v_init": slider("v_init (v_th)", 0.0, 0.99, 0.0, 0.01),
            "beta": slider("beta (leak)", 0.5, 1.0, 1.0, 0.01),
            "reset": choice("reset", [("by subtraction", "subtract"), ("to zero", "zero")]),
        },
    )
