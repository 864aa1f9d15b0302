"""The same outputs from fewer layers: batch norm and pooling merged into the weights."""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from snnlab.conversion.normalisation import Weighted, scale_outputs
from snnlab.network.layers import CHANNELS, leaves, one_to_one, pooled_kernel
from snnlab.network.net import Stage, StagedNet, check_network

Net = TypeVar("Net", bound=StagedNet)
Layer = TypeVar("Layer", bound=nn.Module)


def fold_batchnorm(net: Net) -> Net:
    """A copy of a network without batch norm.

    In evaluation mode batch norm multiplies each channel by a constant and adds another.
    Both are merged into the weights and the bias of the convolution or linear layer before it; if
    there is none, batch norm becomes a convolution from each element to itself. This is computed in
    float64, so the outputs differ by rounding only. Learned thresholds are merged into the same
    weights, except in stages with a shortcut, which adds a current of its own.

    Args:
        net: spiking network or ANN; it is not changed.

    Returns:
        The new network, in evaluation mode. Every `Sequential` in it is flat.

    Raises:
        ValueError: a batch norm that stands inside another layer than a `Sequential`, or that
            keeps no running statistics, named.

    Example:
        >>> fast = fold_batchnorm(net)
    """
    check_network(net, "folding (streamline, convert_ann)", StagedNet)
    folded = copy.deepcopy(net)
    for place, layers in folded.stateless():
        folded.set_submodule(place, fold(layers, place))
    for stage in folded.stages:
        fold_threshold(stage)
    for place, layer in folded.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"cannot fold {place!r} ({type(layer).__name__}); can: BatchNorm1d and "
                "BatchNorm2d, alone or in a Sequential"
            )
    return folded.eval()


@torch.no_grad()
def fold_threshold(stage: Stage) -> None:
    """Divide the last weights of a stage by its learned threshold, if no shortcut adds current."""
    row = cast(nn.Sequential, stage.layers)
    behind = [i for i, layer in enumerate(row) if not isinstance(layer, nn.AvgPool2d)]
    alone = behind and isinstance(row[behind[-1]], Weighted) and stage.shortcut is None
    if stage.threshold is not None and alone:
        v_th = stage.threshold.v_th.reshape(-1)  # (1,) or (C,)
        row[behind[-1]] = scale_outputs(row[behind[-1]], v_th, "the threshold")
        stage.threshold = None


def streamline(net: Net) -> Net:
    """A copy of a network that runs faster: without batch norm and pooling after convolutions.

    After `fold_batchnorm`, a K x K convolution and the k x k average pooling after it become one
    convolution of stride k. For K = 3 and k = 2 it needs 16 products in place of 36; with enough
    channels, images are averaged at each pixel first, and it needs 9. Outputs differ by rounding
    only.

    Args:
        net: spiking network or ANN; it is not changed.

    Returns:
        The new network, in evaluation mode, channels-last.

    Raises:
        ValueError: see `fold_batchnorm`.

    Example:
        >>> logits = streamline(net)(images, timesteps=8)
    """
    fast = fold_batchnorm(net)
    for stage in fast.stages:
        stage.layers = merge_pooling(list(cast(nn.Sequential, stage.layers)))
    return fast.to(memory_format=torch.channels_last)


def merge_pooling(layers: list[nn.Module]) -> nn.Sequential:
    """The layers with every average pooling that directly follows a convolution merged into it."""
    merged: list[nn.Module] = []
    for layer in layers:
        before = merged[-1] if merged else None
        if mergeable(before, layer):
            merged[-1:] = joined(cast(nn.Conv2d, before), cast(nn.AvgPool2d, layer))
        else:
            merged.append(layer)
    return nn.Sequential(*merged)


def mergeable(conv: nn.Module | None, pool: nn.Module) -> bool:
    """Whether one convolution can compute both: stride 1, then windows that do not overlap."""
    if not (isinstance(conv, nn.Conv2d) and isinstance(pool, nn.AvgPool2d)):
        return False
    dense = conv.stride == (1, 1) and conv.dilation == (1, 1) and conv.padding_mode == "zeros"
    square = isinstance(pool.kernel_size, int) and pool.stride == pool.kernel_size
    is_mean = keeps_affine(pool) and pool.divisor_override is None
    return dense and square and is_mean and not isinstance(conv.padding, str)


def joined(conv: nn.Conv2d, pool: nn.AvgPool2d) -> list[nn.Module]:
    """The layers that replace both: with averaged images or kernel, see `network.layers`."""
    k = cast(int, pool.kernel_size)
    padding = cast(tuple[int, int], conv.padding)
    if conv.in_channels < CHANNELS or 2 * max(padding) > k:
        return [pooled_conv(conv, pool)]
    strided = copy.deepcopy(conv)
    strided.stride, strided.padding = (k, k), (0, 0)
    return [nn.AvgPool2d(k, stride=1, padding=padding), strided]


def pooled_conv(conv: nn.Conv2d, pool: nn.AvgPool2d) -> nn.Conv2d:
    """One convolution that computes `conv` and then `pool`, k x k."""
    k = cast(int, pool.kernel_size)
    height, width = conv.kernel_size
    merged = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        (height + k - 1, width + k - 1),
        stride=k,
        padding=cast(tuple[int, int], conv.padding),
        groups=conv.groups,
        bias=conv.bias is not None,
    ).to(conv.weight)
    with torch.no_grad():
        merged.weight.copy_(pooled_kernel(conv.weight.cpu().double(), k))
        if conv.bias is not None and merged.bias is not None:
            merged.bias.copy_(conv.bias)
    return merged


def fold(layers: nn.Module, name: str) -> nn.Sequential:
    """The layers as one flat `Sequential` without batch norm; `name` is for the error."""
    folded: list[nn.Module] = []
    for place, layer in leaves(layers, name):
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            at = len(folded) - 1
            while at >= 0 and keeps_affine(folded[at]):
                at -= 1
            if at < 0 or not isinstance(folded[at], nn.Conv2d | nn.Linear):
                vectors = isinstance(layer, nn.BatchNorm1d)
                shape = (layer.num_features,) if vectors else (layer.num_features, 1, 1)
                at = len(folded) + vectors
                folded += [own.to(layer.running_mean) for own in one_to_one(shape)]
            folded[at] = fused(folded[at], layer, place)
        else:
            folded.append(layer)
    return nn.Sequential(*folded)


def keeps_affine(layer: nn.Module) -> bool:
    """Whether a scale and an offset per channel may be applied before or after the layer."""
    if not isinstance(layer, nn.AvgPool2d):
        return False
    return layer.padding == 0 and not layer.ceil_mode and layer.divisor_override is None


def fused(before: nn.Module, norm: nn.BatchNorm1d | nn.BatchNorm2d, place: str) -> nn.Module:
    """A convolution or linear layer that computes `before` and then `norm`."""
    if not norm.track_running_stats:
        raise ValueError(
            f"batch norm {place!r} keeps no running statistics, so its output depends on the "
            "batch; train it with track_running_stats=True"
        )
    if isinstance(before, nn.Conv2d):
        return fuse_conv_bn_eval(exact(before), exact(norm)).to(before.weight)
    assert isinstance(before, nn.Linear)
    return fuse_linear_bn_eval(exact(before), exact(norm)).to(before.weight)


def exact(layer: Layer) -> Layer:
    """A copy in float64, on the CPU: not every device has float64."""
    return copy.deepcopy(layer).eval().to("cpu", torch.float64)
