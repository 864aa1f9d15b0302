"""The surrogate slope times a gradient, with few passes over memory: for the backward kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.neuron.spec import Surrogate


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
        self.law, self.width, self.v_th = surrogate.law, surrogate.width, v_th
        self.scale, constant = self.law.quick_constants(self.width, v_th)
        self.offset, self.constant = (
            torch.full((), value, dtype=like.dtype, device=like.device)
            for value in (offset * self.scale, constant)
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
        z = self.law.quick_slope(z, self.constant, self.width, self.v_th)
        if self.law.quick_inverse:
            if total is None:
                return torch.div(grad, z, out=out)
            return torch.addcdiv(total, grad, z, out=out)
        if total is None:
            return torch.mul(grad, z, out=out)
        return torch.addcmul(total, grad, z, out=out)
