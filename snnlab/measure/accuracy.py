"""Accuracy against the number of timesteps, in one pass over the images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.operations import fan_outs
from snnlab.measure.passes import images_for, summed_readout, watched_batches
from snnlab.network.net import Fired, SpikingNet, StagedNet, evaluating, run_neurons
from snnlab.neuron.own_layer import SpikingLayer
from snnlab.settings import count


@torch.no_grad()
def accuracy(
    net: StagedNet,
    images: Images | Any,
    *,
    timesteps: int | None = None,
    generator: torch.Generator | None = None,
    batch_size: int = 512,
) -> float:
    """Accuracy in percent.

    Args:
        net: spiking network or ANN, on the device of the images; evaluated in evaluation mode.
        images: images and labels, of any kind that `images_of` accepts.
        timesteps: T of a spiking network; None: its own.
        generator: source of the noise; None: no noise.
        batch_size: images at once.

    Raises:
        ValueError: T below 1, no images, or ones that do not fit the network.
    """
    images = images_for(net, images, "accuracy()", kind=StagedNet, generator=generator)
    spiking = isinstance(getattr(net, "_orig_mod", net), SpikingNet)
    options = {"timesteps": timesteps} if spiking else {}
    hits = torch.zeros((), dtype=torch.int64, device=images.device)
    with evaluating(net):
        for batch, labels in images.batches(batch_size):
            logits = net(batch, generator=generator, **options)
            hits += (logits.argmax(1) == labels).sum()
    return 100 * hits.item() / len(images)


@torch.no_grad()
def accuracy_against_timesteps(
    net: SpikingNet,
    images: Images | Any,
    timesteps: int = 16,
    *,
    generator: torch.Generator | None = None,
    batch_size: int = 256,
    progress: bool = False,
) -> AccuracyCurve:
    """Accuracy, rates and operations at T = 1 to `timesteps`, in one pass over the images.

    The prediction after T timesteps is the class with the largest readout summed over
    the first T; memory does not grow with T.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: images and labels, of any kind that `images_of` accepts.
        timesteps: T_max.
        generator: source of the noise; None: no noise.
        batch_size: images at once.
        progress: show a progress bar, if there is a terminal.

    Raises:
        ValueError: timesteps below 1, no images, or ones that do not fit the network.
    """
    timesteps = count("timesteps", timesteps)
    images = images_for(net, images, "accuracy_against_timesteps()", generator=generator)
    counter = SpikeCounter(net, timesteps, images.device)
    says = f"accuracy, T = 1 to {timesteps}"
    batches = watched_batches(images, batch_size, says, progress=progress)
    curve = count_right(net, batches, timesteps, generator=generator, run=counter.run)
    curve.rates, curve.operations = counter.per_timestep(len(images))
    return curve


def count_right(
    net: SpikingNet, batches: Iterable[tuple[Tensor, Tensor]], timesteps: int, **options: Any
) -> AccuracyCurve:
    """Accuracy at T = 1, 2, ..., and how many images change between right and wrong.

    The batches are pairs of images and labels; the options are those of `SpikingNet.unroll`.
    """
    counts, images = torch.zeros(2, timesteps, dtype=torch.int64), 0  # rows: right, lost
    with evaluating(net):
        for batch, labels in batches:
            images += len(labels)
            counts, at_first = counts.to(labels.device), None
            for span, summed in summed_readout(net, batch, timesteps, **options):
                right = summed.argmax(2) == labels  # (t, B)
                at_first = right[0] if at_first is None else at_first
                counts[0, span] += right.sum(1)
                counts[1, span] += (at_first & ~right).sum(1)
    right, lost = counts.tolist()
    # right at T = right at 1 - lost + gained
    by_timesteps = enumerate(zip(right, lost, strict=True), 1)
    changed = {T: (lost_at_T, at_T - right[0] + lost_at_T) for T, (at_T, lost_at_T) in by_timesteps}
    return AccuracyCurve([100 * n / images for n in right], images=images, changed=changed)


class SpikeCounter:
    """A `Runner` that adds up spikes and synaptic operations per stage and timestep.

    Args:
        net: the network that will be run.
        timesteps: T_max.
        device: the device of the network.
    """

    def __init__(self, net: SpikingNet, timesteps: int, device: torch.device) -> None:
        self.fan_outs = [paths.flatten().to(device) for paths in fan_outs(net)]  # (features,)
        shape = (len(self.fan_outs), timesteps)
        self.spikes = torch.zeros(shape, dtype=torch.float64, device=device)
        self.operations = torch.zeros(shape, dtype=torch.float64, device=device)
        self.position = [0] * len(self.fan_outs)  # of the next timestep, over all batches

    def run(self, stage: int, layer: SpikingLayer, currents: Tensor, *others: Any) -> Fired:
        """Run the neurons and count; `others` are v and the generator."""
        spikes, after = run_neurons(stage, layer, currents, *others)
        per_neuron = spikes.sum(1).flatten(1)  # (T, features), exact below 2^24 images
        begin = self.position[stage] % self.spikes.shape[1]
        span = slice(begin, begin + len(spikes))
        self.spikes[stage, span] += per_neuron.sum(1, dtype=torch.float64)
        self.operations[stage, span] += per_neuron.double() @ self.fan_outs[stage].double()
        self.position[stage] += len(spikes)
        return spikes, after

    def per_timestep(self, images: int) -> tuple[list[list[float]], list[list[float]]]:
        """Mean rates and operations per image over the first T timesteps, per stage and T."""
        neurons = torch.tensor([len(paths) for paths in self.fan_outs], dtype=torch.float64)
        T = torch.arange(1, self.spikes.shape[1] + 1, dtype=torch.float64)
        rates = self.spikes.cpu().cumsum(1) / (images * neurons[:, None] * T)
        operations = self.operations.cpu().cumsum(1) / images
        return rates.tolist(), operations.tolist()
