"""Convolution and average pooling as one convolution while a network trains."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional


class ConvPoolNorm(nn.Sequential):
    """Convolution, k x k average pooling, batch norm; on the CPU the first two run as one.

    The mean over k x k neighbours of a K x K convolution is a convolution of size K + k - 1 and
    stride k: for K = 3 and k = 2 with 16 products in place of 36, and without the large tensor
    in between. Its kernel is the mean of shifted copies of the K x K kernel, so gradients reach
    the weights as before. Outputs differ from those of the plain row of layers by rounding only.

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
    """What `conv` and then k x k average pooling compute, as one convolution."""
    border = (k - 1,) * 4
    kernel = functional.avg_pool2d(functional.pad(conv.weight, border), k, stride=1)
    return functional.conv2d(images, kernel, conv.bias, k, conv.padding, 1, conv.groups)


def listened_to(layer: nn.Module) -> bool:
    """Whether a hook waits for the calls of this layer."""
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    )
