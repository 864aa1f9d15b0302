"""Accuracy of a network under a disturbance: noisy images, noisy weights, lost spikes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from snnlab.data.images import Images
from snnlab.measure.accuracy import count_right
from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.passes import images_for
from snnlab.network.net import Fired, Runner, SpikingNet, run_neurons
from snnlab.neuron.own_layer import SpikingLayer
from snnlab.settings import Count, Positive, Share, Valid, checked, settle

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
Strength = Annotated[float, Valid(low=0)]


@dataclass(frozen=True)
class Disturbance:
    """Disturbances that act on a network while it is measured.

    Raises:
        ValueError: a strength outside its range.
    """

    input_noise: Strength = 0.0
    """Standard deviation of Gaussian noise on each pixel; 1 is the range from black to white."""
    weight_noise: Strength = 0.0
    """Standard deviation of Gaussian noise on each weight of linear layers and convolutions, as
    a share of the root mean square of the weights of its layer. Drawn once for all images."""
    dropped_spikes: Share = 0.0
    """Probability with which each spike is lost on its way, in [0, 1]."""
    spike_strength: Positive = 1.0
    """The value of a spike that arrives; 2 has the effect of doubling the next layer's weights, but
    not its biases."""

    def __post_init__(self) -> None:
        settle(self)


@torch.no_grad()
def disturbed_accuracy(
    net: SpikingNet,
    images: Images | Any,
    timesteps: Sequence[int],
    disturbance: Disturbance | None = None,
    *,
    generator: torch.Generator,
    batch_size: int = 256,
) -> AccuracyCurve:
    """Accuracy at some T, in one pass over the images, under a disturbance.

    Args:
        net: on the device of the images; evaluated in evaluation mode, without the noise of its
            training. It is not changed.
        images: images and labels, of any kind that `images_of` accepts.
        timesteps: T to measure at, each at least 1.
        disturbance: None: none.
        generator: where the randomness comes from, on the device of the images.
        batch_size: images at once; another size draws other random numbers.

    Returns:
        Accuracy at these T.

    Raises:
        ValueError: no timesteps, or one below 1.

    Example:
        >>> lost = Disturbance(dropped_spikes=0.1)
        >>> disturbed_accuracy(net, data.test, [1, 8], lost, generator=torch.Generator())
    """
    timesteps = checked("timesteps", tuple[Count, ...], timesteps)
    if not timesteps:
        raise ValueError(f"timesteps must be one or more, each at least 1, got {list(timesteps)}")
    images = images_for(net, images, "disturbed_accuracy()", generator=generator)
    disturbance = checked("disturbance", Disturbance | None, disturbance) or Disturbance()
    net = with_noisy_weights(net, disturbance.weight_noise, generator)
    run = losing_spikes(disturbance.dropped_spikes, generator, disturbance.spike_strength)
    noisy = (
        (noisy_images(batch, images, disturbance.input_noise, generator), labels)
        for batch, labels in images.batches(batch_size)
    )
    return count_right(net, noisy, max(timesteps), run=run).only(timesteps)


def noisy_images(
    batch: Tensor, images: Images, strength: float, generator: torch.Generator
) -> Tensor:
    """Add noise to normalised images (B, C, H, W); its strength is in units of the pixel range."""
    if strength == 0:
        return batch
    draw = torch.empty_like(batch).normal_(generator=generator)
    return batch + strength * draw / images.std.view(1, -1, 1, 1)


@torch.no_grad()
def with_noisy_weights(net: SpikingNet, strength: float, generator: torch.Generator) -> SpikingNet:
    """A copy with noise on the weights of linear layers and convolutions; see `Disturbance`."""
    if strength == 0:
        return net
    noisy = copy.deepcopy(net)
    for layer in noisy.modules():
        if isinstance(layer, WEIGHTED):
            weight = layer.weight
            draw = torch.empty_like(weight).normal_(generator=generator)
            weight.add_(strength * weight.square().mean().sqrt() * draw)
    return noisy


def losing_spikes(share: float, generator: torch.Generator, strength: float = 1.0) -> Runner:
    """A `Runner` in which a share of the spikes is lost.

    Args:
        share: probability with which a spike is lost.
        generator: draws which spikes are lost.
        strength: value of each other spike.
    """
    if share == 0 and strength == 1:
        return run_neurons

    def run(stage: int, layer: SpikingLayer, currents: Tensor, *others: Any) -> Fired:
        spikes, after = run_neurons(stage, layer, currents, *others)
        kept = torch.empty_like(spikes).uniform_(generator=generator) >= share
        return strength * spikes * kept, after

    return run
