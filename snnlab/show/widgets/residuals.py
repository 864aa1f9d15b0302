"""A crowd of neurons under constant currents, and the noise that stands for their residuals."""

from __future__ import annotations

import math

import torch

from snnlab.neuron import registry
from snnlab.neuron.dynamics import trace
from snnlab.neuron.noise import sample
from snnlab.neuron.spec import Neuron, Noise
from snnlab.show.membrane import membrane_histogram
from snnlab.show.picture import Picture, picture
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider

_FLAT = ([-0.0001, 0, 1, 1.0001], [0, 1, 1, 0])


def residual_explorer(neurons: int = 4000, *, seed: int = 0) -> LivePicture:
    """Timesteps, range of the currents, and noise; histograms of residuals and noise follow.

    Args:
        neurons: how many, each with its own constant current and v_th = 1.
        seed: of currents and noise.

    Raises:
        ValueError: fewer than 100 neurons.

    Example:
        >>> live = residual_explorer()
        >>> live.controls["timesteps"].value = 2
    """
    if neurons < 100:
        raise ValueError(f"a histogram needs 100 or more neurons, got {neurons}")

    def draw(timesteps: int, lowest: float, highest: float, family: str, sigma: float) -> Picture:
        generator = torch.Generator().manual_seed(seed)
        share = torch.rand(neurons, generator=generator)
        currents = lowest + (highest - lowest) * share  # (N,)
        path = trace(currents.expand(timesteps, neurons), Neuron())
        count = path.spikes.sum(0)
        silent, saturated = count == 0, count == timesteps
        active = ~(silent | saturated)
        if not active.any():
            raise ValueError("no neuron is active: give the currents another range")
        carried = path.v[:-1, active].flatten()  # residuals v[t-1] for t = 2 to T
        noise = sample(Noise(family, sigma), (20_000,), generator)
        ax = membrane_histogram(
            noise,
            carried,
            densities={"U(0, 1)": _FLAT},
            silent=silent.float().mean().item(),
            saturated=saturated.float().mean().item(),
            ax=live_axes(),
        )
        return picture(
            ax,
            f"Residuals of the active neurons: mean {carried.mean():.3f}, standard deviation "
            f"{carried.std():.3f}. Noise: 0.500 and {sigma:.3f}.",
        )

    return LivePicture(
        draw,
        {
            "timesteps": slider("timesteps T", 2, 64, 16),
            "lowest": slider("lowest current (v_th)", -0.5, 0.5, 0.0, 0.01),
            "highest": slider("highest current (v_th)", 0.51, 1.5, 1.0, 0.01),
            "family": choice("noise", registry.without_table()),
            "sigma": slider("sigma (v_th)", 0.05, 0.6, round(1 / math.sqrt(12), 3), 0.001),
        },
    )
