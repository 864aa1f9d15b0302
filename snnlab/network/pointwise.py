"""The convolution of a residual connection that halves the image."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class PointwiseConv2d(nn.Conv2d):
    """A 1 x 1 convolution that drops the pixels between its strides before it computes.

    Values and gradients are those of `torch.nn.Conv2d(inputs, outputs, 1, stride)`. That layer
    leaves the dropping to oneDNN, which with fewer than 8 channels next to one another in memory,
    on a CPU with AVX2 and no AVX-512, writes past its own memory when it computes the gradient of
    the weights: https://github.com/uxlfoundation/oneDNN/issues/6035.

    Args:
        inputs: channels of the images.
        outputs: channels of the result.
        stride: every stride-th row and column counts.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride), rounded up."""
        rows, columns = self.stride
        return functional.conv2d(images[..., ::rows, ::columns], self.weight, self.bias)
