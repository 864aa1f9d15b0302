"""Record the neurons of a network while it runs. The network itself is not changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from snnlab.network.net import SpikingNet, check_network, evaluating
from snnlab.neuron.own_layer import SpikingLayer


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


def run_whole(
    net: SpikingNet,
    images: Tensor,
    timesteps: int,
    neurons: Callable[[int, Tensor], Tensor],
    generator: torch.Generator | None = None,
) -> None:
    """Run a network in evaluation mode, all timesteps of a stage at once.

    Args:
        net: the network.
        images: (B, C, H, W).
        timesteps: T; the tensors of a stage for all timesteps must fit into memory.
        neurons: runs the neurons of a stage: (stage, currents (T, B, *)) to spikes (T, B, *).
        generator: source of the noise; None: no noise.
    """

    def run(
        stage: int, layer: SpikingLayer, currents: Tensor, *others: object
    ) -> tuple[Tensor, None]:
        return neurons(stage, currents), None  # no state: there are no later timesteps

    with evaluating(net):
        for _ in net.unroll(images, timesteps, generator=generator, chunk=timesteps, run=run):
            pass


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
        ValueError: neurons without `trace` and `first_potential`, see `ABILITIES`, or T below 1.

    Example:
        >>> record(net, images[:8], timesteps=16)[0].h.shape
    """
    recordings: list[Recording] = []

    def neurons(stage: int, currents: Tensor) -> Tensor:
        trace = layers[stage].trace(currents, generator=generator)
        first = layers[stage].first_potential(currents, generator).unsqueeze(0)  # (1, B, *)
        residuals = torch.cat([first, trace.v[:-1]])  # (T, B, *)
        recordings.append(Recording(currents, residuals, *trace))
        return trace.spikes

    check_network(net, "record()")
    layers = net.neuron_layers("trace", "first_potential", needed_by="record()")
    run_whole(net, images, net.timesteps if timesteps is None else timesteps, neurons, generator)
    return recordings
