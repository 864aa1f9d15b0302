"""Synaptic operations: the additions that a spike causes, the multiplications of a ReLU network.

Both networks are counted with the same synapses. All layers between two layers of neurons, up to
the last one with weights, count as one layer. A synapse is a pair of a pixel or a neuron and an
output of that last layer that are connected; the output must be used by a later layer.

- An entry of a kernel that falls on zero padding costs nothing.
- Outputs beyond the edge of a following pooling are not computed and do not count.
- Averaging before a layer with weights is part of that layer: each averaged neuron has a synapse to
  each output.
- The additions of a pooling after the last weights cost nothing.
- Without any weights, as in a residual connection without layers, each connected pair of input and
  output is a synapse.

So if all neurons of a spiking network fire, it makes at each timestep as many additions as the ReLU
network has synapses after its first layer. A ReLU network can need fewer multiply-accumulates than
it has synapses: if it averages first, or computes layers without an activation between them one
after the other. The comparison here ignores this and counts one operation per synapse.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from snnlab.network.net import StagedNet, check_network


def fan_outs(net: StagedNet) -> list[Tensor]:
    """Number of synapses to which each neuron sends its spikes, see the top of this file.

    They are in the layers of the next stage and in the residual connections from this stage.

    Args:
        net: any network of stages.

    Returns:
        One float tensor (*features) per stage, exact whole numbers.
    """
    return [synapses_from(net, stage, shape) for stage, shape in enumerate(stage_shapes(net))]


def image_operations(net: StagedNet) -> int:
    """Multiply-accumulates of one pass of the image: one per synapse of each pixel.

    They are in the first stage's layers and in the residual connections from the image.
    """
    return total([synapses_from(net, -1, net.image_shape)])


def ann_operations(net: StagedNet) -> int:
    """Multiply-accumulates per image of the ReLU network with this architecture: one per synapse.

    A network that averages before a layer, or computes layers without an activation between them
    one after the other, needs fewer; this is ignored, as explained at the top of this file.
    """
    check_network(net, "ann_operations()", StagedNet)
    return image_operations(net) + total(fan_outs(net))


def synapses_from(net: StagedNet, source: int, shape: tuple[int, ...]) -> Tensor:
    """Synapses of each neuron of a stage, of shape (*features); of each pixel from stage -1."""
    last = source + 1 == len(net.stages)
    count = synapses(net.readout if last else net.stages[source + 1].layers, shape)
    for j, stage in enumerate(net.stages):
        if stage.shortcut is not None and j - 1 - stage.back == source:
            count = count + synapses(stage.shortcut, shape)
    return count


def total(synapses: list[Tensor]) -> int:
    """The sum of these numbers of synapses."""
    return int(sum(each.sum(dtype=torch.float64).item() for each in synapses))


def stage_shapes(net: StagedNet) -> list[tuple[int, ...]]:
    """Shape (*features) of each stage's neurons."""
    shapes: list[tuple[int, ...]] = []
    net = copy.deepcopy(net).cpu().float().eval()
    inputs = [torch.zeros(1, *net.image_shape)]
    with torch.no_grad():
        for stage in net.stages:
            inputs.append(stage.current(inputs))
            shapes.append(tuple(inputs[-1].shape[1:]))
    return shapes


@torch.no_grad()
def synapses(layers: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """How many synapses each element of an input of `shape` has, see the top of this file.

    Channels, rows and columns are connected independently of each other, so three matrices
    (outputs, inputs) of zeros and ones describe all connections.

    Raises:
        ValueError: a layer whose synapses cannot be counted this way, named.
    """
    row = [one for one in flat(layers) if not isinstance(one, nn.BatchNorm1d | nn.BatchNorm2d)]
    size, is_flat = as_image(shape), len(shape) == 1
    if is_flat and row and isinstance(row[0], nn.Unflatten):
        size, is_flat = as_image(row[0].unflattened_size), False
        row = row[1:]
    making = [i for i, one in enumerate(row) if isinstance(one, nn.Conv2d | nn.Linear)]
    behind = making[-1] + 1 if making else len(row)
    if behind < len(row) and isinstance(row[behind], nn.Unflatten):
        behind += 1
    links = connected(row[:behind], [torch.eye(n) for n in size], is_flat=is_flat)
    readers = connected(row[behind:], [torch.eye(len(link)) for link in links])
    reached = [reader.amax(0) @ link for reader, link in zip(readers, links, strict=True)]
    channels, rows, columns = reached  # how many outputs along an axis each element reaches
    return (channels[:, None, None] * rows[:, None] * columns).reshape(shape)


def flat(layers: nn.Module) -> list[nn.Module]:
    """The layers inside nested `Sequential`s, without `Identity`."""
    if isinstance(layers, nn.Sequential):
        return [one for part in layers for one in flat(part)]
    return [] if isinstance(layers, nn.Identity) else [layers]


def as_image(shape: Sequence[int]) -> tuple[int, int, int]:
    """A shape (C, H, W); missing sizes of (C,) and (C, H) become 1."""
    if len(shape) not in (1, 2, 3):
        raise ValueError(f"synapses are counted from (C,), (C, H) or (C, H, W), got {tuple(shape)}")
    channels, rows, columns = (*shape, 1, 1)[:3]
    return channels, rows, columns


def connected(
    layers: list[nn.Module], links: list[Tensor], *, is_flat: bool = False
) -> list[Tensor]:
    """The connections from the first inputs to the outputs of some layers, one after the other.

    Args:
        layers: in the order in which they run.
        links: the connections up to these layers, along channels, rows and columns, each
            (outputs, inputs): 1 where they are connected.
        is_flat: whether the input of the layers has a single axis.
    """
    for layer in layers:
        made = axes(layer, links, is_flat=is_flat)
        links = [(a @ b > 0).float() for a, b in zip(made, links, strict=True)]
        if isinstance(layer, nn.Flatten | nn.Unflatten):
            is_flat = isinstance(layer, nn.Flatten)
    return links


def axes(layer: nn.Module, links: list[Tensor], *, is_flat: bool) -> list[Tensor]:
    """The connections of one layer, as three matrices of zeros and ones, see `connected`."""
    sizes = _, rows, columns = as_image([len(link) for link in links])
    unchanged = [torch.eye(size) for size in sizes]
    if isinstance(layer, nn.Linear):
        outputs = (layer.out_features, 1, 1)
        if is_flat:
            return [torch.ones(pair) for pair in zip(outputs, sizes, strict=True)]
        return [*unchanged[:2], torch.ones(layer.out_features, columns)]
    if isinstance(layer, nn.Unflatten):
        shape = as_image(layer.unflattened_size)
        if rows == columns == 1 and bool((links[0] == links[0][:1]).all()):  # behind a Linear
            return [torch.ones(pair) for pair in zip(shape, sizes, strict=True)]
        if shape == sizes:
            return unchanged
    if isinstance(layer, nn.Flatten):
        return unchanged
    between = unchanged[0]
    if isinstance(layer, nn.Conv2d):
        block = torch.ones(layer.out_channels // layer.groups, layer.in_channels // layer.groups)
        between, layer = torch.block_diag(*[block] * layer.groups), of_ones(layer)
    elif not isinstance(layer, nn.AvgPool2d | nn.AdaptiveAvgPool2d):
        raise ValueError(
            f"cannot count the synapses of a {type(layer).__name__}; countable: Conv2d, Linear, "
            "AvgPool2d, AdaptiveAvgPool2d, Flatten, Unflatten, BatchNorm, Identity"
        )
    lines = torch.eye(rows)[:, None, :, None].expand(rows, 1, rows, columns)
    upright = torch.eye(columns)[:, None, None, :].expand(columns, 1, rows, columns)
    return [between, probed(layer, lines).amax(2).T, probed(layer, upright).amax(1).T]


def of_ones(layer: nn.Conv2d) -> nn.Module:
    """A convolution with the same windows, from one channel to one, and all weights 1."""
    window: dict[str, Any] = {
        name: getattr(layer, name)
        for name in ("kernel_size", "stride", "padding", "dilation", "padding_mode")
    }
    made = skip_init(nn.Conv2d, 1, 1, **window, bias=False, device="cpu")
    nn.init.ones_(made.weight)
    return made


def probed(layer: nn.Module, lit: Tensor) -> Tensor:
    """1 for each output (N, H', W') with a one in its window of images (N, 1, H, W) of 0 and 1."""
    return torch.cat([(layer(some) > 0).float()[:, 0] for some in lit.split(64)])
