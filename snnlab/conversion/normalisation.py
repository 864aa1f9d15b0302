"""Rescale the weights of a network so that every activation is in units of its threshold.

ReLU is homogeneous, ReLU(a x) = a ReLU(x) for a > 0, and so are QCFS and a clip if their
threshold is scaled as well. So the activations of each channel can be divided by a number, and the
logits stay the same if the layers that read this channel multiply by the number again.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from snnlab.network.activations import QCFS, ceiling
from snnlab.network.layers import leaves, one_to_one
from snnlab.network.net import ANN

Weighted = nn.Conv2d | nn.Linear


@torch.no_grad()
def normalise(net: ANN, thresholds: list[Tensor]) -> ANN:
    """A copy of a network with all activations in units of their thresholds: the same logits.

    Args:
        net: stages of convolution, linear, pooling, flatten and identity layers, without
            batch norm, that end in ReLU, QCFS or a clip from 0.
        thresholds: one tensor per stage, (1,) or (C,).

    Returns:
        The new network, in evaluation mode. QCFS layers and clips have the threshold 1.

    Raises:
        ValueError: weights whose channels do not fit the thresholds, named.

    Source:
        Rueckauer et al. (2017), "Conversion of continuous-valued deep networks to efficient
        event-driven networks", data-based weight normalisation.
    """
    scaled = copy.deepcopy(net).eval()
    image = thresholds[0].new_zeros(1, *net.image_shape)
    shapes = [image.shape[1:], *(y.shape[1:] for y in scaled.activations(image))]
    units = [torch.ones_like(thresholds[0][:1]), *thresholds]  # the image is its own unit
    for i, stage in enumerate(scaled.stages):
        stage.layers = rescale(
            stage.layers, units[i], units[i + 1], shapes[i], f"stages.{i}.layers"
        )
        if stage.shortcut is not None:
            source = i - stage.back
            stage.shortcut = rescale(
                stage.shortcut, units[source], units[i + 1], shapes[source], f"stages.{i}.shortcut"
            )
        if isinstance(stage.neuron, QCFS):
            stage.neuron = QCFS(stage.neuron.levels, threshold=1.0).to(image)
        elif ceiling(stage.neuron) is not None:
            stage.neuron = nn.Hardtanh(0.0, 1.0)
    scaled.readout = rescale(scaled.readout, units[-1], units[0], shapes[-1], "readout")
    return scaled.eval()


def rescale(
    layers: nn.Module, before: Tensor, after: Tensor, shape: torch.Size, name: str
) -> nn.Sequential:
    """Layers that read their input in units of `before` and give their output in units of `after`.

    The factor of the input is multiplied into the first weights, that of the output into the last
    weights and their bias. Pooling and flatten in between do not change either factor.

    Args:
        layers: one layer, or a `Sequential`.
        before, after: (1,) or (C,).
        shape: of the input, without the batch.
        name: for the error.

    Raises:
        ValueError: weights of another number of channels.
    """
    row = [layer for _, layer in leaves(layers, name)]
    if not any(isinstance(layer, Weighted) for layer in row):
        row = [*(layer.to(before) for layer in one_to_one(shape)), *row]
    places = [i for i, layer in enumerate(row) if isinstance(layer, Weighted)]
    row[places[0]] = scale_inputs(row[places[0]], before, name)
    row[places[-1]] = scale_outputs(row[places[-1]], after, name)
    return nn.Sequential(*row)


def scale_inputs(layer: nn.Module, factor: Tensor, name: str) -> nn.Module:
    """A copy of a convolution or linear layer that multiplies its input channels by `factor`."""
    scaled = copy.deepcopy(layer)
    if isinstance(scaled, nn.Linear):
        scaled.weight *= spread(factor, scaled.in_features, name)
    elif isinstance(scaled, nn.Conv2d):
        groups, outputs = scaled.groups, scaled.out_channels
        per_group = spread(factor, scaled.in_channels, name).view(groups, 1, -1)
        per_weight = per_group.expand(-1, outputs // groups, -1).reshape(outputs, -1)
        scaled.weight *= per_weight[:, :, None, None]  # (outputs, inputs / groups, 1, 1)
    return scaled


def scale_outputs(layer: nn.Module, divisor: Tensor, name: str) -> nn.Module:
    """A copy of a convolution or linear layer that divides its output channels by `divisor`."""
    scaled = copy.deepcopy(layer)
    if isinstance(scaled, Weighted):
        per_output = spread(divisor, len(scaled.weight), name)
        scaled.weight /= per_output.view(-1, *[1] * (scaled.weight.ndim - 1))
        if scaled.bias is not None:
            scaled.bias /= per_output
    return scaled


def spread(factor: Tensor, count: int, name: str) -> Tensor:
    """Repeat factors (1,) or (C,) to (count,); a flattened channel fills neighbouring elements."""
    if count % len(factor):
        raise ValueError(
            f"{name!r} has {count} channels where {len(factor)} thresholds belong; "
            "convert with per_channel=False"
        )
    return factor.repeat_interleave(count // len(factor))
