"""Watch the neurons of a network while it runs. Nothing stays behind in the network."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from snnlab.network.net import SpikingNet, evaluating
from snnlab.neuron.own_layer import SpikingLayer, State


class Recording(NamedTuple):
    """What the neurons of one stage did; all tensors (T, B, *)."""

    currents: Tensor
    """Input currents."""
    residuals: Tensor
    """Potentials v[t-1] that the neurons carried into each timestep, without noise."""
    h: Tensor
    """Potentials before firing, with the noise of the timestep."""
    spikes: Tensor
    """1 where a neuron fired."""
    v: Tensor
    """Potentials after reset."""


@torch.no_grad()
def record(
    net: SpikingNet,
    images: Tensor,
    timesteps: int | None = None,
    *,
    generator: torch.Generator | None = None,
) -> list[Recording]:
    """Run a network and keep all currents, potentials and spikes.

    Args:
        net: runs in evaluation mode.
        images: (B, C, H, W); everything is kept, so take a few.
        timesteps: T; None: the network's own.
        generator: source of the noise; None: no noise.

    Returns:
        One `Recording` per stage.

    Raises:
        ValueError: neurons without `trace` and `start`, see `ABILITIES`, or T below 1.

    Example:
        >>> record(net, images[:8], timesteps=16)[0].h.shape
    """
    recordings: list[Recording] = []

    def run(
        stage: int,
        layer: SpikingLayer,
        currents: Tensor,
        v: State | None,
        generator: torch.Generator | None,
    ) -> tuple[Tensor, None]:
        trace = layers[stage].trace(currents, generator=generator)
        first = layers[stage].start(currents, generator).unsqueeze(0)  # (1, B, *)
        residuals = torch.cat([first, trace.v[:-1]])  # (T, B, *)
        recordings.append(Recording(currents, residuals, *trace))
        return trace.spikes, None  # all timesteps are run at once

    layers = net.neuron_layers("trace", "start", needed_by="record()")
    T = net.timesteps if timesteps is None else timesteps
    with evaluating(net):
        for _ in net.unroll(images, T, generator=generator, chunk=T, run=run):
            pass
    return recordings
