"""The stateless layers that torch does not have: a readout with a gain, and two convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from snnlab.settings import Positive, checked

CHANNELS = 8
"""As many floats as a vector register of most CPUs holds."""


class Readout(nn.Linear):
    """A linear layer that multiplies its input by a gain: y = W (gain x) + b.

    Rates averaged over a whole image are small, so the logits computed from them start small and
    grow slowly: each step of the optimizer changes a weight by about the learning rate, however
    small the input. With a gain of 10 logits start ten times as large and grow ten times as fast.

    Args:
        inputs, outputs: features, classes.
        gain: above 0; with 1 this is `nn.Linear`.

    Raises:
        ValueError: a gain that is not above 0.

    Example:
        >>> logits = Readout(128, 10, gain=10)(torch.rand(32, 128))  # (32, 10)
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        self.gain = checked("gain", Positive, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of features (N, F)."""
        return super().forward(x if self.gain == 1 else self.gain * x)

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        return f"{super().extra_repr()}, gain={self.gain:g}"


class PointwiseConv2d(nn.Conv2d):
    """A 1 x 1 convolution that first drops the pixels which its stride skips.

    Values and gradients are those of `torch.nn.Conv2d(inputs, outputs, 1, stride)`. In that layer
    oneDNN skips the pixels. It has a fault: with fewer than 8 channels next to one another in
    memory, on a CPU with AVX2 and no AVX-512, it writes past its own memory when it computes the
    gradient of the weights: https://github.com/uxlfoundation/oneDNN/issues/6035.

    Args:
        inputs: channels of the images.
        outputs: channels of the result.
        stride: only every stride-th row and column is used.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride), rounded up."""
        rows, columns = self.stride
        return functional.conv2d(images[..., ::rows, ::columns], self.weight, self.bias)


AFFINE = (
    nn.Conv2d,
    PointwiseConv2d,
    nn.Linear,
    Readout,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.Flatten,
    nn.Unflatten,
    nn.Identity,
)
"""Layers that commute with the mean over time: for the mean rate they give the mean of their
results for the spikes. In evaluation mode batch norm does so, too."""


def is_affine(readout: nn.Module) -> bool:
    """Whether the mean of a readout over time is the readout of the mean, layer by layer."""
    layers = [layer for layer in readout.modules() if not isinstance(layer, nn.Sequential)]
    return all(type(layer) in AFFINE for layer in layers)


class ConvPoolNorm(nn.Sequential):
    """Convolution, k x k average pooling, batch norm; on the CPU the first two run as one.

    A K x K convolution followed by the mean over k x k neighbours is a convolution of size
    K + k - 1 and stride k. For K = 3 and k = 2 it needs 16 products in place of 36, or 9 if the
    images are averaged first, and no large tensor in between; see `pooled_convolution`. Outputs
    differ from those of the three layers one after the other by rounding only.

    The three layers run one after the other on other devices, and while one of them has a hook.

    Args:
        conv: with stride 1 and padding by zeros.
        pool: with windows that do not overlap.
        norm: batch norm of the pooled channels.

    Example:
        >>> layers = ConvPoolNorm(nn.Conv2d(3, 8, 3, padding=1), nn.AvgPool2d(2), nn.BatchNorm2d(8))
    """

    def __init__(self, conv: nn.Conv2d, pool: nn.AvgPool2d, norm: nn.BatchNorm2d) -> None:
        super().__init__(conv, pool, norm)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / k, W / k)."""
        return cast(Tensor, self[2](self.pooled(images)))

    def pooled(self, images: Tensor) -> Tensor:
        """The result of convolution and pooling, before batch norm."""
        conv, pool = cast(nn.Conv2d, self[0]), cast(nn.AvgPool2d, self[1])
        if images.device.type != "cpu" or listened_to(conv) or listened_to(pool):
            return cast(Tensor, pool(conv(images)))
        return pooled_convolution(images, conv, cast(int, pool.kernel_size))


def pooled_convolution(images: Tensor, conv: nn.Conv2d, k: int) -> Tensor:
    """Compute `conv` and then k x k average pooling, as one convolution.

    Averaging commutes with the convolution, so either the images or the kernel may be averaged.
    If the images are averaged (at each pixel, not each k-th), the kernel stays small: for K = 3 and
    k = 2 it needs 9 products in place of 16. Averaging takes a pass over the images, which is fast
    if the channels are next to one another in memory.
    """
    padding = cast(tuple[int, int], conv.padding)
    if averages_fast(images) and 2 * max(padding) <= k:
        means = functional.avg_pool2d(images, k, 1, padding)
        return functional.conv2d(means, conv.weight, conv.bias, k, 0, 1, conv.groups)
    kernel = pooled_kernel(conv.weight, k)
    return functional.conv2d(images, kernel, conv.bias, k, padding, 1, conv.groups)


def pooled_kernel(weight: Tensor, k: int) -> Tensor:
    """Kernels (*, K + k - 1, K + k - 1) for kernels (*, K, K) and k x k average pooling after."""
    return functional.avg_pool2d(functional.pad(weight, (k - 1,) * 4), k, stride=1)


def averages_fast(images: Tensor) -> bool:
    """Whether each pixel has at least `CHANNELS` values, next to one another in memory."""
    return images.shape[1] >= CHANNELS and images.is_contiguous(memory_format=torch.channels_last)


def one_to_one(shape: Sequence[int]) -> list[nn.Module]:
    """A synapse of weight 1 from each element to itself, for inputs (C, H, W) or vectors (C,)."""
    channels = shape[0]
    conv = skip_init(nn.Conv2d, channels, channels, 1, groups=channels, bias=False)
    nn.init.ones_(conv.weight)
    if len(shape) == 1:
        return [nn.Unflatten(1, (channels, 1, 1)), conv, nn.Flatten()]
    return [conv]


def leaves(layers: nn.Module, name: str) -> list[tuple[str, nn.Module]]:
    """The layers inside nested `Sequential`s, with their names, in the order in which they run."""
    if not isinstance(layers, nn.Sequential):
        return [(name, layers)]
    return [leaf for i, child in enumerate(layers) for leaf in leaves(child, f"{name}.{i}")]


def listened_to(layer: nn.Module) -> bool:
    """Whether a hook is registered on this layer."""
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    )
