"""Biases of a converted network shifted so that its mean rates follow the activations.

The spikes that reach a neuron come unevenly: often a current that is weak on average
is strong at first, and the neuron fires a spike that no later current takes back. Over many
images and positions that makes the rates of a channel too high, by about the same
amount. A smaller bias makes up for it, at no cost in timesteps.
"""

from __future__ import annotations

import copy
from collections import deque

import torch
from torch import Tensor, nn

from snnlab.conversion.calibration import stage_outputs
from snnlab.conversion.normalisation import Weighted, spread
from snnlab.data.images import Images
from snnlab.network.net import ANN, SpikingNet

MOST_IMAGES = 256
"""Images that the rates are measured on, at most."""

MOST_SPIKES = 2**28
"""Spikes of a stage held at once; with many timesteps on large images fewer images are used."""


@torch.no_grad()
def correct_biases(net: SpikingNet, target: ANN, images: Images, timesteps: int) -> SpikingNet:
    """A copy of a network whose mean rates at T are closer to the activations.

    One stage after the other: the mean difference between the activations of a channel and
    its rates is added to its bias, and the next stage sees the rates that this gives. At the
    end the same is done for the logits of the readout.

    Args:
        net: what `spiking` made of the target.
        target: a normalised network, so that its activations are rates.
        images: the first ones are used, 256 at most.
        timesteps: T.

    Returns:
        The new network, in evaluation mode.

    Raises:
        ValueError: no images.

    Source:
        Li et al. (ICML 2021), "A free lunch from ANN: towards efficient, accurate spiking
        neural networks calibration": bias shift.
    """
    if len(images) == 0:
        raise ValueError("biases are corrected with images, got none")
    corrected = copy.deepcopy(net).eval()
    batch = images.normalised(slice(images_at_once(target, images, timesteps)))
    activations = list(stage_outputs(target, batch))  # of each stage (B, *)
    logits = target.readout(activations[-1])  # (B, K)
    inputs = deque([batch], maxlen=corrected.reach)  # from the first spikes on: (T * B, *)
    for i, wanted in enumerate(activations):
        stage = corrected.stages[i]
        current = stage.current(inputs)  # (B, *), then (T * B, *)
        if i == 0:
            currents = current.expand(timesteps, *current.shape)  # (T, B, *)
        else:
            currents = current.view(timesteps, len(batch), *current.shape[1:])  # (T, B, *)
        bias = bias_of(stage.layers)  # (C,)
        shift = mean_by_channel(wanted - stage.neuron(currents).mean(0), len(bias))  # (C,)
        bias += shift
        inputs.append(stage.neuron(shifted(currents, shift)).flatten(0, 1))
    said = corrected.readout(inputs[-1]).view(timesteps, *logits.shape).mean(0)  # (B, K)
    bias = bias_of(corrected.readout)  # (K,)
    bias += mean_by_channel(logits - said, len(bias))
    return corrected


def mean_by_channel(errors: Tensor, channels: int) -> Tensor:
    """Mean of errors (B, C, *) over images and positions: (C,)."""
    return errors.mean(0).reshape(channels, -1).mean(1)


def images_at_once(net: ANN, images: Images, timesteps: int) -> int:
    """How many images fit into `MOST_SPIKES`, 1 to `MOST_IMAGES`."""
    probe = images.normalised(slice(1))
    largest = max(activations.numel() for activations in stage_outputs(net, probe))
    return max(1, min(MOST_IMAGES, MOST_SPIKES // (timesteps * largest)))


def bias_of(layers: nn.Module) -> Tensor:
    """The bias of the last layer with weights, (C,); made if there is none."""
    weighted = [layer for layer in layers.modules() if isinstance(layer, Weighted)]
    last = weighted[-1]
    if last.bias is None:
        last.bias = nn.Parameter(last.weight.new_zeros(len(last.weight)))
    return last.bias


def shifted(currents: Tensor, shift: Tensor) -> Tensor:
    """Currents (T, B, *) with the shift (C,) added to each channel."""
    shape = currents.shape[2:]
    return currents + spread(shift, shape.numel(), "currents").view(shape)
