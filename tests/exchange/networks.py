"""Networks for the tests of files, whose batch norms and thresholds are not as they began."""

from __future__ import annotations

import torch
from torch import nn

from snnlab.network import Architecture, SpikingNet, build
from snnlab.network.probes import record
from snnlab.neuron import Neuron


def lived_in(net: SpikingNet, seed: int = 0) -> SpikingNet:
    """The network after something like training, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.1, 0.4, generator=generator)
            module.bias.data.normal_(0, 0.3, generator=generator)
        if hasattr(module, "log_v_th"):
            module.log_v_th.data.normal_(0, 0.3, generator=generator)
    return net.eval()


def network(
    name: str, neuron: Neuron | None = None, shape: tuple[int, int, int] = (1, 16, 16), **settings
) -> SpikingNet:
    """A small network of the kit."""
    architecture = Architecture(name, width=4, **settings)
    net = build(architecture, image_shape=shape, classes=5, seed=0, neuron=neuron)
    return lived_in(net)


def spikes(net: SpikingNet, images: torch.Tensor, timesteps: int = 8) -> list[torch.Tensor]:
    """The spikes of each stage, (T, B, *); none of them silent or always firing."""
    return [recording.spikes for recording in record(net, images, timesteps)]
