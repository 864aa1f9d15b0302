"""Biases of a spiking network shifted so that its mean rates follow the activations.

Spikes reach a neuron unevenly. Often a current that is weak on average is strong at first, and then
the neuron fires a spike that no later current can undo. This makes the rates of a channel too high,
by about the same amount for many images and positions. A smaller bias corrects this without more
timesteps.
"""

from __future__ import annotations

import copy
from collections import deque
from typing import Any, get_args

import torch
from torch import Tensor, nn

from snnlab.conversion.normalisation import Weighted, spread
from snnlab.data.images import Images
from snnlab.measure.passes import images_for
from snnlab.network.net import ANN, SpikingNet, Stage, over_time
from snnlab.network.on_gpu import exact
from snnlab.neuron.rounding import check_mean_response, mean_response
from snnlab.neuron.spec import Neuron
from snnlab.settings import count

MOST_IMAGES = 256
"""Largest number of images with which rates are measured."""

MOST_SPIKES = 2**28
"""Largest number of spikes of a stage held at once: with many timesteps or large images fewer
images are used."""


@torch.no_grad()
@exact
def correct_biases(net: SpikingNet, target: ANN, images: Images, timesteps: int) -> SpikingNet:
    """A copy of a network whose mean rates at T are closer to the activations.

    The stages are corrected one after the other: the mean difference between the activations of a
    channel and its rates is added to its bias, and the next stage receives the corrected rates. At
    the end the logits of the readout are corrected in the same way.

    Args:
        net: has spiking neurons in place of the target's activations; it is not changed.
        target: a network whose activations are rates.
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
    layers = corrected.neuron_layers("v_th", needed_by="bias correction")
    batch = target.taken(images.normalised(slice(images_at_once(target, images, timesteps))))
    activations = list(target.activations(batch))  # of each stage (B, *)
    logits = target.readout(activations[-1])  # (B, K)
    inputs = deque([batch], maxlen=corrected.reach)  # from the first spikes on: (T * B, *)
    for i, wanted in enumerate(activations):
        stage = corrected.stages[i]
        currents = over_time(stage.current(inputs), i, timesteps)  # (T, B, *)
        bias, unit = bias_of(stage.layers), layers[i].v_th
        rates = layers[i].advance(currents)[0].mean(0)  # (B, *)
        shift = unit * mean_by_channel(wanted - rates, len(bias))  # (C,)
        bias += shift if stage.threshold is None else shift * stage.threshold.v_th
        inputs.append(layers[i].advance(shifted(currents, shift))[0].flatten(0, 1))
    averaged = corrected.readout(inputs[-1]).view(timesteps, *logits.shape).mean(0)  # (B, K)
    bias = bias_of(corrected.readout)  # (K,)
    bias += mean_by_channel(logits - averaged, len(bias))
    return corrected


def correct_rates(net: SpikingNet, images: Images | Any, timesteps: int) -> SpikingNet:
    """A copy of a network trained with one pass, its biases corrected for T timesteps.

    The single pass trains the mean response clip(I / v_th, 0, 1) of each neuron; over T timesteps
    uneven spikes make the rates of some channels too high. As in `correct_biases` only biases
    change, so conversion to any T keeps the new weights bit for bit.

    Args:
        net: IF neurons that reset by subtraction; it is not changed.
        images: typical images, but not the test images; the first 256 at most are used.
        timesteps: T at which the rates are compared.

    Returns:
        The new network, with its noise, in evaluation mode.

    Raises:
        ValueError: leaky neurons or reset to zero, timesteps below 1, or no images.

    Source:
        As `correct_biases`, with the mean response in place of a ReLU network.

    Example:
        >>> net = correct_rates(net, data.train, 4)
    """
    timesteps = count("timesteps", timesteps)
    images = images_for(net, images, "correct_rates()", labelled=False)
    return correct_biases(net, mean_network(net), images, timesteps)


class MeanResponse(nn.Module):
    """The rate of a neuron over endless timesteps, as an activation function.

    Args:
        neuron: IF, reset by subtraction.

    Raises:
        ValueError: another neuron, whose rate is not clip(I / v_th, 0, 1).
    """

    def __init__(self, neuron: Neuron) -> None:
        super().__init__()
        check_mean_response(neuron)
        self.neuron = neuron

    def forward(self, current: Tensor) -> Tensor:
        """clip(I / v_th, 0, 1), the shape of the current."""
        return mean_response(current, self.neuron)


def mean_network(net: SpikingNet) -> ANN:
    """The ANN that a spiking network approaches with even spikes and growing T; weights copied."""
    twin = copy.deepcopy(net)
    layers = twin.neuron_layers("neuron", needed_by="the mean response")
    stages = [
        Stage(s.layers, MeanResponse(layer.neuron), s.shortcut, s.back, s.threshold)
        for s, layer in zip(twin.stages, layers, strict=True)
    ]
    return ANN(stages, twin.readout, twin.image_shape).eval()


def mean_by_channel(errors: Tensor, channels: int) -> Tensor:
    """Mean of errors (B, C, *) over images and positions: (C,)."""
    return errors.mean(0).reshape(channels, -1).mean(1)


def images_at_once(net: ANN, images: Images, timesteps: int) -> int:
    """How many images fit into `MOST_SPIKES`, 1 to `MOST_IMAGES`."""
    probe = images.normalised(slice(1))
    largest = max(activations.numel() for activations in net.activations(probe))
    return max(1, min(MOST_IMAGES, MOST_SPIKES // (timesteps * largest)))


def bias_of(layers: nn.Module) -> Tensor:
    """The bias of the last batch norm or layer with weights, (C,); created if there is none."""
    kinds = (*get_args(Weighted), nn.BatchNorm1d, nn.BatchNorm2d)
    last = [layer for layer in layers.modules() if isinstance(layer, kinds)][-1]
    if last.bias is None:
        last.bias = nn.Parameter(last.weight.new_zeros(len(last.weight)))
    return last.bias


def shifted(currents: Tensor, shift: Tensor) -> Tensor:
    """Currents (T, B, *) with the shift (C,) added to each channel."""
    shape = currents.shape[2:]
    return currents + spread(shift, shape.numel(), "currents").view(shape)
