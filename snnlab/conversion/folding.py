"""Batch norm folded into the weights before it: the same outputs from fewer layers."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from snnlab.network.net import StagedNet

Net = TypeVar("Net", bound=StagedNet)
Layer = TypeVar("Layer", bound=nn.Module)


def fold_batchnorm(net: Net) -> Net:
    """A copy of a network without batch norm.

    In evaluation mode batch norm multiplies each channel by a constant and adds another.
    Both go into the weights and the bias of the convolution or linear layer before it. The
    sums are made in float64, so the outputs differ by rounding only.

    Args:
        net: spiking network or ANN; it stays as it is.

    Returns:
        The new network, in evaluation mode. Every `Sequential` in it is flat.

    Raises:
        ValueError: a batch norm that does not follow a convolution or a linear layer in a
            `Sequential`, at once or after average pooling, or that keeps no running
            statistics, named.

    Example:
        >>> fast = fold_batchnorm(net)
    """
    folded = copy.deepcopy(net)
    for i, stage in enumerate(folded.stages):
        stage.layers = fold(stage.layers, f"stages.{i}.layers")
        if stage.shortcut is not None:
            stage.shortcut = fold(stage.shortcut, f"stages.{i}.shortcut")
    folded.readout = fold(folded.readout, "readout")
    for place, layer in folded.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"cannot fold {place!r} ({type(layer).__name__}); can: BatchNorm1d and "
                "BatchNorm2d, alone or in a Sequential"
            )
    return folded.eval()


def fold(layers: nn.Module, name: str) -> nn.Sequential:
    """The layers as one flat `Sequential` without batch norm; `name` is for the error."""
    folded: list[nn.Module] = []
    for place, layer in leaves(layers, name):
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            at = len(folded) - 1
            while at > 0 and keeps_affine(folded[at]):
                at -= 1
            before = folded.pop(at) if folded else None
            folded.insert(max(at, 0), fused(before, layer, place))
        else:
            folded.append(layer)
    return nn.Sequential(*folded)


def keeps_affine(layer: nn.Module) -> bool:
    """Whether a scale and an offset per channel give the same before the layer as behind it."""
    if not isinstance(layer, nn.AvgPool2d):
        return False
    return layer.padding == 0 and not layer.ceil_mode and layer.divisor_override is None


def fused(before: nn.Module | None, norm: nn.BatchNorm1d | nn.BatchNorm2d, place: str) -> nn.Module:
    """A convolution or linear layer that does what `before` and then `norm` do."""
    if not norm.track_running_stats:
        raise ValueError(
            f"batch norm {place!r} keeps no running statistics, so its output depends on the "
            "batch; train it with track_running_stats=True"
        )
    if isinstance(before, nn.Conv2d):
        return fuse_conv_bn_eval(exact(before), exact(norm)).to(before.weight)
    if isinstance(before, nn.Linear):
        return fuse_linear_bn_eval(exact(before), exact(norm)).to(before.weight)
    found = "nothing" if before is None else type(before).__name__
    raise ValueError(
        f"batch norm {place!r} stands behind {found}; only one that follows a Conv2d or a "
        "Linear, at once or after average pooling, can be folded into its weights"
    )


def exact(layer: Layer) -> Layer:
    """A copy in float64, on the CPU: not every device has float64."""
    return copy.deepcopy(layer).eval().to("cpu", torch.float64)


def leaves(layers: nn.Module, name: str) -> list[tuple[str, nn.Module]]:
    """The layers inside nested `Sequential`s in the order in which they run, with their places."""
    if not isinstance(layers, nn.Sequential):
        return [(name, layers)]
    return [leaf for i, child in enumerate(layers) for leaf in leaves(child, f"{name}.{i}")]
