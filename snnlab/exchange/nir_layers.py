"""Convert stateless layers to nodes of NIR, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from snnlab.exchange.nir_neurons import Shape
from snnlab.network.layers import Readout


def pair(size: Any) -> tuple[int, int]:
    """A size as (H, W), from one number or two."""
    given = [int(n) for n in np.ravel(size)]
    height, width = given * 2 if len(given) == 1 else given
    return height, width


def numbers(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Weights as an array: float64 stays, all other types become float32."""
    return (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy()


def linear_node(nir: Any, layer: nn.Linear, before: Shape, after: Shape) -> Any:
    """Affine or Linear; the gain of a readout goes into the weights."""
    if len(before) != 1:
        return None
    weight = layer.weight * layer.gain if isinstance(layer, Readout) else layer.weight
    if layer.bias is None:
        return nir.Linear(numbers(weight))
    return nir.Affine(numbers(weight), numbers(layer.bias))


def convolution_node(nir: Any, layer: nn.Conv2d, before: Shape, after: Shape) -> Any:
    """Conv2d; NIR's always has a bias."""
    if layer.padding_mode != "zeros" and any(layer._reversed_padding_repeated_twice):
        return None
    bias = torch.zeros(layer.out_channels) if layer.bias is None else layer.bias
    made = nir.Conv2d(
        input_shape=None,
        weight=numbers(layer.weight),
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=numbers(bias),
    )
    made.input_shape = before[1:]
    return typed(made, before, after)


def average_pooling_node(nir: Any, layer: nn.AvgPool2d, before: Shape, after: Shape) -> Any:
    """AvgPool2d; SumPool2d where the sum is divided by 1."""
    windows = layer.kernel_size, layer.stride, layer.padding
    whole = functional.avg_pool2d(torch.empty(1, *before, device="meta"), *windows)
    if whole.shape[1:] != after:  # with ceil_mode windows may extend beyond the edge
        return None
    if not layer.count_include_pad and any(pair(layer.padding)):
        return None
    if layer.divisor_override not in {None, 1}:
        return None
    kind = nir.AvgPool2d if layer.divisor_override is None else nir.SumPool2d
    return typed(kind(*(np.array(pair(n)) for n in windows)), before, after)


def global_pooling_node(nir: Any, layer: nn.AdaptiveAvgPool2d, before: Shape, after: Shape) -> Any:
    """AvgPool2d with windows that follow from the size of the image, if all are equal."""
    windows = np.array([n // m for n, m in zip(before[1:], after[1:], strict=True)])
    if tuple(windows * after[1:]) != before[1:]:
        return None
    return typed(nir.AvgPool2d(windows, windows, np.array([0, 0])), before, after)


def flatten_node(nir: Any, layer: nn.Flatten, before: Shape, after: Shape) -> Any:
    """Flatten, its dimensions counted without the batch."""
    if layer.start_dim == 0:
        return None
    start, end = (n - 1 if n > 0 else n for n in (layer.start_dim, layer.end_dim))
    return nir.Flatten({"input": np.array(before)}, start, end)


def typed(node: Any, before: Shape, after: Shape) -> Any:
    """Set the shapes of a node's input and output."""
    node.input_type, node.output_type = {"input": np.array(before)}, {"output": np.array(after)}
    return node


Make = Callable[[Any, Any, Shape, Shape], Any]
NODES: dict[type[nn.Module], Make] = {
    nn.Linear: linear_node,
    nn.Conv2d: convolution_node,
    nn.AvgPool2d: average_pooling_node,
    nn.AdaptiveAvgPool2d: global_pooling_node,
    nn.Flatten: flatten_node,
}
"""Functions that make the node of a layer, by its class; they return None for settings that NIR
lacks."""


def linear_layer(node: Any) -> nn.Module:
    """Affine and Linear."""
    outputs, inputs = node.weight.shape
    layer = nn.Linear(inputs, outputs, bias=hasattr(node, "bias"))
    return filled(layer, node)


def convolution_layer(node: Any) -> nn.Module:
    """Conv2d."""
    outputs, inputs, *kernel = node.weight.shape
    padding = node.padding if isinstance(node.padding, str) else pair(node.padding)
    groups = int(node.groups)
    layer = nn.Conv2d(
        inputs * groups,
        outputs,
        cast(tuple[int, int], tuple(kernel)),
        pair(node.stride),
        padding,
        pair(node.dilation),
        groups,
    )
    return filled(layer, node)


def filled(layer: nn.Linear | nn.Conv2d, node: Any) -> nn.Module:
    """The layer with the weights and the bias of a node."""
    for name, own in layer.named_parameters():
        given = torch.as_tensor(np.asarray(getattr(node, name), np.float32))
        if given.shape != own.shape:
            raise ValueError(f"{name} has shape {tuple(given.shape)}, not {tuple(own.shape)}")
        if not given.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite")
        own.data = given.clone()
    return layer


def average_pooling_layer(node: Any) -> nn.Module:
    """AvgPool2d, and SumPool2d, whose sum is divided by 1."""
    divisor = 1 if type(node).__name__ == "SumPool2d" else None
    kernel, stride, padding = pair(node.kernel_size), pair(node.stride), pair(node.padding)
    return nn.AvgPool2d(kernel, stride, padding, divisor_override=divisor)


def flatten_layer(node: Any) -> nn.Module:
    """Flatten; NIR counts dimensions without the batch."""
    start, end = (n + 1 if n >= 0 else n for n in (int(node.start_dim), int(node.end_dim)))
    return nn.Flatten(start, end)


LAYERS: dict[str, Callable[[Any], nn.Module]] = {
    "Affine": linear_layer,
    "Linear": linear_layer,
    "Conv2d": convolution_layer,
    "AvgPool2d": average_pooling_layer,
    "SumPool2d": average_pooling_layer,
    "Flatten": flatten_layer,
}
"""Functions that make a layer from a node, by the kind of the node."""
