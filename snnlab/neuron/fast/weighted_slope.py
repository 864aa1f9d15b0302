"""The surrogate slope times a gradient, with few passes over memory: for the backward kernels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnlab.neuron.noise import SQRT2, SQRT3
from snnlab.neuron.spec import Surrogate
from snnlab.neuron.surrogate import slope


class WeightedSlope:
    """The surrogate slope at the distance (x + offset) from the threshold, times a gradient.

    The constants are tensors on the device, made once, so that a GPU never waits for them.

    Args:
        surrogate: shape and width.
        offset: minus the threshold, plus what is known of the potential besides x.
        v_th: threshold, the unit of the width.
        like: a tensor with the type and the device of what will come.

    Example:
        >>> weighted = WeightedSlope(Surrogate(), -1.0, 1.0, potentials)
        >>> grad_currents = weighted.times(grad_spikes, potentials)
    """

    def __init__(self, surrogate: Surrogate, offset: float, v_th: float, like: Tensor) -> None:
        self.surrogate, self.v_th = surrogate, v_th
        self.width = surrogate.width * v_th
        scale, constant = 1 / v_th, 0.0
        if surrogate.shape == "gaussian":  # exp(constant - z^2)
            scale = 1 / (SQRT2 * self.width)
            constant = -math.log(math.sqrt(2 * math.pi) * self.width)
        elif surrogate.shape == "arctan":  # 1 / (constant + z^2)
            scale, constant = math.pi / math.sqrt(self.width), self.width
        elif surrogate.shape == "uniform":
            scale = 1.0
        self.scale = scale
        self.offset, self.constant = (
            torch.full((), value, dtype=like.dtype, device=like.device)
            for value in (offset * scale, constant)
        )

    def times(self, grad: Tensor, x: Tensor) -> Tensor:
        """Slope at x times grad, as a new tensor of the shape and the layout of x."""
        out = torch.empty_like(x)
        return self.add_to(None, grad, x, room=out, out=out)

    def add_to(
        self, total: Tensor | None, grad: Tensor, x: Tensor, *, room: Tensor, out: Tensor
    ) -> Tensor:
        """Write total + slope at x times grad into `out`.

        Args:
            total: what to add to; None: nothing.
            grad: gradient with respect to the spikes, the shape of x.
            x: where the slope is taken.
            room: is overwritten; may be `out` itself.
            out: the result; only without a total may it be `room`.
        """
        z = torch.add(self.offset, x, alpha=self.scale, out=room)
        if self.surrogate.shape == "arctan":
            torch.addcmul(self.constant, z, z, out=z)
            if total is None:
                return torch.div(grad, z, out=out)
            return torch.addcdiv(total, grad, z, out=out)
        if self.surrogate.shape == "gaussian":
            torch.addcmul(self.constant, z, z, value=-1, out=z).exp_()
        elif self.surrogate.shape == "uniform":
            z.abs_().le_(SQRT3 * self.width).mul_(1 / (2 * SQRT3 * self.width))
        else:
            z = slope(self.surrogate, z).div_(self.v_th)
        if total is None:
            return torch.mul(grad, z, out=out)
        return torch.addcmul(total, grad, z, out=out)
