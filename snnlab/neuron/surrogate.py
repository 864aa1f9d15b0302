"""Surrogate slopes: what backpropagation uses where the threshold has no derivative.

The gradient of one layer is exact: with the slope of the firing probability (`Surrogate.matched`)
it is the derivative of the mean spikes. After a second noisy layer, or a loss that is not linear in
the spikes, the mean of these gradients is biased: they use the slope at the spike that was drawn
times the weight, whereas the true mean changes by the full difference between spike and no spike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snnlab.neuron.spec import Surrogate
from snnlab.neuron.tensors import floating
from snnlab.settings import checked


def slope(surrogate: Surrogate, distance: Tensor) -> Tensor:
    """The surrogate derivative of the spike with respect to the potential.

    Args:
        surrogate: shape and width.
        distance: (h - v_th) / v_th, any shape; h is the potential before firing,
            without the noise of the timestep.

    Returns:
        Same shape: the derivative in units of 1 / v_th. It integrates to 1.

    Source:
        Neftci, Mostafa, Zenke (2019) for the idea; the slope equal to the derivative of
        the firing probability: Jiang and Zhang (2023), arXiv 2211.05453, and Gygax and
        Zenke (2025), "Elucidating the theoretical underpinnings of surrogate gradient
        learning in spiking neural networks".
    """
    checked("surrogate", Surrogate, surrogate)
    return surrogate.law.slope(floating("distance", distance), surrogate.width)


def fire_with_slope(h: Tensor, mean: Tensor, v_th: float, surrogate: Surrogate) -> Tensor:
    """Spikes, 1 where h >= v_th, else 0; backwards, the slope of the surrogate at `mean`.

    `mean` is the potential without the noise of this timestep (h itself without noise).
    """
    mean = mean.detach()
    if not torch.compiler.is_exporting():
        spikes: Tensor = Fire.apply(h, mean, v_th, surrogate)
        return spikes
    spikes = (h >= v_th).to(h.dtype)
    if not torch.is_grad_enabled():
        return spikes
    return with_gradient_of(h * (slope(surrogate, mean / v_th - 1) / v_th).detach(), spikes)


def with_gradient_of(smooth: Tensor, value: Tensor) -> Tensor:
    """`value` in the forward pass, the gradient of `smooth` in the backward pass.

    Uses torch's operations only, as `torch.export` cannot store an `autograd.Function`.
    """
    return value.detach() + (smooth - smooth.detach())


class Fire(torch.autograd.Function):
    """`fire_with_slope`, quicker than in torch's operations."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, mean: Tensor, v_th: float, surrogate: Surrogate) -> Tensor:
        """Spikes, 0 or 1, with the shape of h."""
        ctx.save_for_backward(mean)
        ctx.v_th, ctx.surrogate = v_th, surrogate
        return (h >= v_th).to(h.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None, None]:
        """Gradient with respect to h."""
        (mean,) = ctx.saved_tensors
        return grads[0] * slope(ctx.surrogate, mean / ctx.v_th - 1) / ctx.v_th, None, None, None
