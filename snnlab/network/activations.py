"""Activation functions that an integrate-and-fire neuron can replace."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from snnlab.neuron.surrogate import with_gradient_of
from snnlab.neuron.tensors import floating
from snnlab.settings import Positive, checked, count

INITIAL_THRESHOLD = 2.0
"""Threshold before training, twice the standard deviation of a batch-normalised current."""


class QCFS(nn.Module):
    r"""Quantisation, clip, floor, shift: the rate of an IF neuron after L timesteps.

        y = threshold * clip(floor(x * L / threshold + 1/2) / L, 0, 1)

    This is the rate times the threshold of an IF neuron with v_init = v_th / 2 and constant
    current x at T = L. The threshold is learned, one per layer; the parameter is its logarithm,
    so it stays above 0. In the backward pass the floor counts as the identity.

    Args:
        levels: L, number of steps between 0 and the threshold, at least 1.
        threshold: initial value, above 0.

    Raises:
        ValueError: levels below 1 or threshold not above 0.

    Source:
        Bu et al. (ICLR 2022), "Optimal ANN-SNN conversion for high-accuracy and
        ultra-low-latency spiking neural networks".

    Example:
        >>> QCFS(levels=4, threshold=1.0)(torch.tensor([-1.0, 0.3, 0.4, 9.0]))
        tensor([0.0000, 0.2500, 0.5000, 1.0000], grad_fn=<QuantiseBackward>)
    """

    def __init__(self, levels: int = 4, *, threshold: float = INITIAL_THRESHOLD) -> None:
        super().__init__()
        self.levels = count("levels", levels)
        threshold = checked("threshold", Positive, threshold)
        self.log_threshold = nn.Parameter(torch.tensor(math.log(threshold)))

    @property
    def threshold(self) -> Tensor:
        """The learned threshold, a scalar."""
        return self.log_threshold.exp()

    def forward(self, x: Tensor) -> Tensor:
        """Quantised activation, the shape of x."""
        x = floating("x", x)
        if torch.compiler.is_exporting():
            return quantised(x, self.threshold, self.levels)
        return Quantise.apply(x, self.threshold, self.levels)

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        return f"levels={self.levels}, threshold={self.threshold.item():.4g}"


def quantised(x: Tensor, threshold: Tensor, levels: int) -> Tensor:
    """`Quantise` in torch's operations, for programs that are exported."""
    steps = x * levels / threshold
    rounded = (steps + 0.5).floor().clamp(0, levels)
    clipped = functional.hardtanh(steps, 0, levels)
    return with_gradient_of(clipped, rounded) * threshold / levels


class Quantise(torch.autograd.Function):
    """The equation of `QCFS`; its gradients are those of the equation without the floor.

    The gradients with respect to x and to the threshold are 1 and (rounding error / threshold)
    for x inside (0, threshold), 0 and 1 for larger x, and 0 and 0 for smaller x.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, threshold: Tensor, levels: int) -> Tensor:
        """Quantised x, from 0 to the threshold."""
        per_unit = levels / threshold
        steps = x * per_unit
        y = (steps + 0.5).floor_().clamp_(0, levels).div_(per_unit)
        ctx.save_for_backward(steps, y, threshold)
        ctx.levels = levels
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, None]:
        """Gradients with respect to x and the threshold."""
        (grad,) = grads
        steps, y, threshold = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(grad, steps, 0, ctx.levels)
        total = dot(grad, y) / threshold - dot(inside, steps) / ctx.levels
        return inside, total, None


def ceiling(activation: nn.Module) -> Tensor | None:
    """The largest value that an activation can have, a scalar; None: it has no such bound.

    `QCFS` has one, its threshold, and so have torch's clips from 0: ReLU6 and Hardtanh(0, c).
    """
    if isinstance(activation, QCFS):
        return activation.threshold.detach()
    if type(activation) in (nn.Hardtanh, nn.ReLU6):
        clip = cast(nn.Hardtanh, activation)
        if clip.min_val == 0 and 0 < clip.max_val < math.inf:
            return torch.tensor(float(clip.max_val))
    return None


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Sum of the products of two tensors of one shape."""
    return torch.dot(a.reshape(-1), b.reshape(-1))
