"""Synaptic operations: how many additions a spike causes, and multiplications the ReLU network.

Both sides count the same synapses. A synapse leads from a pixel or a neuron to one output of a
convolution, a linear layer or a residual connection that something reads:

- A tap of a kernel that lies on the padding costs nothing.
- Outputs of a convolution that fall off the edge of the pooling behind it are not computed.
- An average before a linear layer is part of its weights: each neuron has a synapse to each class.
- What a pooling adds up costs nothing.
- A residual connection without layers is one synapse per neuron.

So a spiking network whose neurons all fire does at each timestep as many additions as the ReLU
network does multiply-accumulates behind its first layer.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from snnlab.network.net import StagedNet


def fan_outs(net: StagedNet) -> list[Tensor]:
    """Synapses of each neuron: those that a spike travels along, see the top of this file.

    They lie in the layers of the next stage and in the residual connections that start from it.

    Args:
        net: any network of stages.

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


def image_operations(net: StagedNet) -> int:
    """Multiply-accumulates of one pass of the image through the first stage's layers."""
    return total([synapses(net.stages[0].layers, net.image_shape)])


def ann_operations(net: StagedNet) -> int:
    """Multiply-accumulates per image of the ReLU network with this architecture.

    They are those of the first layer and one for each synapse of each neuron.
    """
    return image_operations(net) + total(fan_outs(net))


def total(synapses: list[Tensor]) -> int:
    """All synapses of some neurons."""
    return int(sum(each.sum(dtype=torch.float64).item() for each in synapses))


def stage_shapes(net: StagedNet) -> list[tuple[int, ...]]:
    """Shape (*features) of each stage's neurons."""
    shapes: list[tuple[int, ...]] = []
    net = copy.deepcopy(net).cpu().eval()
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
            torch.ones_like(layer.weight, device="cpu"),
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
    if isinstance(layer, nn.Linear):
        return nn.functional.linear(x, torch.ones_like(layer.weight, device="cpu"))
    if isinstance(layer, nn.AvgPool2d):
        window = (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode)
        return nn.functional.avg_pool2d(x, *window, divisor_override=1)
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        rows = adaptive_windows(x.shape[2], layer(x).shape[2])
        columns = adaptive_windows(x.shape[3], layer(x).shape[3])
        return rows @ x @ columns.T
    if isinstance(layer, nn.Flatten | nn.Unflatten):
        return layer(x)
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.Identity):
        return x
    raise ValueError(
        f"cannot count the synapses of a {type(layer).__name__}; countable: Conv2d, Linear, "
        "AvgPool2d, AdaptiveAvgPool2d, Flatten, Unflatten, BatchNorm, Identity"
    )


def adaptive_windows(size: int, outputs: int) -> Tensor:
    """Which of `size` rows each output of an adaptive pooling reads: ones in (outputs, size)."""
    window = torch.arange(outputs)[:, None]
    first, behind = window * size // outputs, -(-(window + 1) * size // outputs)
    row = torch.arange(size)
    return ((row >= first) & (row < behind)).float()
