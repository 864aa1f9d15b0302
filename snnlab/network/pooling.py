"""Convolution and average pooling as one convolution while a network trains."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 8
"""As many floats as a vector register of most CPUs holds."""


class ConvPoolNorm(nn.Sequential):
    """Convolution, k x k average pooling, batch norm; on the CPU the first two run as one.

    The mean over k x k neighbours of a K x K convolution is a convolution of size K + k - 1 and
    stride k: for K = 3 and k = 2 with 16 products in place of 36, or 9 where the images are
    averaged first, and without the large tensor in between; see `pooled_convolution`. Outputs
    differ from those of the plain row of layers by rounding only.

    On other devices, or while a hook listens to one of the layers, the plain row runs.

    Args:
        conv: step 1, zero padding.
        pool: windows side by side.
        norm: batch norm of the pooled channels.

    Example:
        >>> layers = ConvPoolNorm(nn.Conv2d(3, 8, 3, padding=1), nn.AvgPool2d(2), nn.BatchNorm2d(8))
    """

    def __init__(self, conv: nn.Conv2d, pool: nn.AvgPool2d, norm: nn.BatchNorm2d) -> None:
        super().__init__(conv, pool, norm)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / k, W / k)."""
        conv, pool, norm = cast(nn.Conv2d, self[0]), cast(nn.AvgPool2d, self[1]), self[2]
        if images.device.type != "cpu" or listened_to(conv) or listened_to(pool):
            return cast(Tensor, super().forward(images))
        return cast(Tensor, norm(pooled_convolution(images, conv, cast(int, pool.kernel_size))))


def pooled_convolution(images: Tensor, conv: nn.Conv2d, k: int) -> Tensor:
    """What `conv` and then k x k average pooling compute, as one convolution.

    Averaging commutes with the convolution, so either the images or the kernel may be averaged.
    Averaged images (at each pixel, not each k-th) keep the kernel small: for K = 3 and k = 2 with
    9 products in place of 16. It needs a pass over the images, which is fast over channels that
    lie side by side in memory.
    """
    padding = cast(tuple[int, int], conv.padding)
    if averages_fast(images) and 2 * max(padding) <= k:
        means = functional.avg_pool2d(images, k, 1, padding)
        return functional.conv2d(means, conv.weight, conv.bias, k, 0, 1, conv.groups)
    border = (k - 1,) * 4
    kernel = functional.avg_pool2d(functional.pad(conv.weight, border), k, stride=1)
    return functional.conv2d(images, kernel, conv.bias, k, padding, 1, conv.groups)


def averages_fast(images: Tensor) -> bool:
    """Whether `CHANNELS` or more values of a pixel lie side by side in memory."""
    return images.shape[1] >= CHANNELS and images.is_contiguous(memory_format=torch.channels_last)


def listened_to(layer: nn.Module) -> bool:
    """Whether a hook waits for the calls of this layer."""
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    )
