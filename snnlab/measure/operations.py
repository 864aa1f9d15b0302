"""Synaptic operations: how many additions a spike causes."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from snnlab.network.net import SpikingNet


def fan_outs(net: SpikingNet) -> list[Tensor]:
    """Synapses that each neuron's spike travels along, edges of the image included.

    A spike goes through the layers of the next stage (through a pooling too) and along any
    residual connection that starts from its neuron. An operation is one addition into one
    output of a convolution or linear layer; what a pooling behind it adds up is not counted.

    Args:
        net: any spiking network.

    Returns:
        One float tensor (*features) per stage, exact whole numbers.
    """
    shapes = stage_shapes(net)
    totals = [torch.zeros(shape) for shape in shapes]
    for i, shape in enumerate(shapes):
        following = net.stages[i + 1].layers if i + 1 < len(shapes) else net.readout
        totals[i] += synapses(following, shape)
        for j, stage in enumerate(net.stages):
            if stage.shortcut is not None and j - 1 - stage.back == i:
                totals[i] += synapses(stage.shortcut, shape)
    return totals


def image_operations(net: SpikingNet) -> int:
    """Multiply-accumulates of one pass of the image through the first stage's layers."""
    paths = synapses(net.stages[0].layers, net.image_shape)
    return int(paths.sum(dtype=torch.float64).item())


def stage_shapes(net: SpikingNet) -> list[tuple[int, ...]]:
    """Shape (*features) of each stage's neurons."""
    shapes: list[tuple[int, ...]] = []
    net = copy.deepcopy(net).cpu().float().eval()
    inputs = [torch.zeros(1, *net.image_shape)]
    with torch.no_grad():
        for stage in net.stages:
            inputs.append(stage.current(inputs))
            shapes.append(tuple(inputs[-1].shape[1:]))
    return shapes


@torch.enable_grad()
def synapses(layers: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """How many outputs of `layers` each element of an input of `shape` reaches.

    With all weights 1, no bias and sums instead of means, the derivative of the summed
    output with respect to an input element is the number of paths from it.

    Raises:
        ValueError: a layer whose synapses cannot be counted this way, named.
    """
    x = torch.zeros(1, *shape, requires_grad=True)
    y = x
    for layer in layers if isinstance(layers, nn.Sequential) else [layers]:
        y = count_paths(layer, y)
    if y is x:  # an identity: one synapse each
        return torch.ones(shape)
    (paths,) = torch.autograd.grad(y.sum(), x)
    return paths[0].round()


def count_paths(layer: nn.Module, x: Tensor) -> Tensor:
    """`layer` with weights 1, bias 0 and sums instead of means."""
    if isinstance(layer, nn.Conv2d):
        return nn.functional.conv2d(
            x,
            torch.ones_like(layer.weight, dtype=x.dtype, device="cpu"),
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
    if isinstance(layer, nn.Linear):
        return nn.functional.linear(x, torch.ones_like(layer.weight, dtype=x.dtype, device="cpu"))
    if isinstance(layer, nn.AvgPool2d):
        size = layer.kernel_size
        area = size * size if isinstance(size, int) else size[0] * size[1]
        pooled: Tensor = layer(x)
        return pooled * area
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return x.sum((2, 3), keepdim=True)
    if isinstance(layer, nn.Flatten):
        return x.flatten(1)
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.Identity):
        return x
    raise ValueError(
        f"cannot count the synapses of a {type(layer).__name__}; countable: Conv2d, Linear, "
        "AvgPool2d, AdaptiveAvgPool2d, Flatten, BatchNorm, Identity"
    )
