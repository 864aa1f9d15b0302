r"""Many timesteps in one pass: rates that are rounded at random, or not rounded at all.

An IF neuron with reset by subtraction that starts from a residual u (in units of v_th) and
receives the constant current I over T timesteps reaches the rate

    y = clip(floor(T I / v_th + u), 0, T) / T

If u is drawn anew for every neuron, y is I / v_th rounded at random to a multiple of 1/T: this is
target-T noise. For u uniform in [0, 1) the mean of y is clip(I / v_th, 0, 1). T = 1 is single-step
training, as y is then the spike of the noisy single step. The smaller the spread of u around 1/2,
the closer this is to rounding to the nearest multiple, which the converted neuron does.

The gradient is straight through: that of the mean under uniform noise, which is 1 / v_th where
0 < I / v_th + (mu - 1/2) / T < 1, and 0 elsewhere. Learned noise uses the gradient of its own mean,
with respect to the current and to sigma, see `transfer`.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from snnlab.neuron.fast import fused
from snnlab.neuron.fast.kernels import LEVELS, random_bits, widened
from snnlab.neuron.spec import Neuron, Noise
from snnlab.neuron.transfer import mean_rate


def round_at_random(
    current: Tensor, neuron: Neuron, noise: Noise, generator: torch.Generator
) -> Tensor:
    """The rate over T timesteps of neurons that start from the noise, in one pass.

    Args:
        current: (B, *), any dense memory layout.
        neuron: threshold; an IF neuron that resets by subtraction.
        noise: the potential before the first timestep, and T.
        generator: on the device of `current`.

    Returns:
        Multiples of 1/T in [0, 1], the shape and layout of `current`.

    Source:
        Random rounding in place of the residual; with u = 1/2 it is the rounding of Bu et al.
        (ICLR 2022).

    Example:
        >>> noise = Noise("uniform", timesteps=4)
        >>> rates = round_at_random(torch.rand(8), Neuron(), noise, torch.Generator())
    """
    if fused.usable(current, noise):
        current = fused.dense_timestep(current)
        return cast(Tensor, RoundAtRandom.apply(current, neuron.v_th, noise, generator))
    rates: Tensor = RoundAtRandom.apply(widened(current), neuron.v_th, noise, generator)
    return rates.to(current.dtype)


class RoundAtRandom(torch.autograd.Function):
    """The equation at the top of this file; saves only the current."""

    @staticmethod
    def forward(
        ctx: Any, current: Tensor, v_th: float, noise: Noise, generator: torch.Generator
    ) -> Tensor:
        """Rates."""
        ctx.save_for_backward(current)
        T = noise.timesteps
        ctx.v_th, ctx.shift = v_th, (noise.mu - 0.5) / T
        if fused.usable(current, noise):
            return fused.rounded_rates(current, v_th, noise, generator)
        count = residual_draw(noise, current, generator).add_(current, alpha=T / v_th)
        return count.floor_().clamp_(0, T).div_(T)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None, None]:
        """Gradient with respect to the current."""
        (current,) = ctx.saved_tensors
        low, high = -ctx.shift * ctx.v_th, (1 - ctx.shift) * ctx.v_th
        inside = torch.ops.aten.hardtanh_backward(grads[0], current, low, high)
        return inside if ctx.v_th == 1 else inside / ctx.v_th, None, None, None


def residual_draw(noise: Noise, like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise in units of v_th with the shape and layout of `like`."""
    law = noise.law
    if law.half_width is not None and like.device.type == "cpu":
        draw = random_bits(like, generator)  # -LEVELS .. LEVELS - 1
        rate = law.half_width * noise.sigma / LEVELS
        return draw.add_(0.5).mul_(rate).add_(noise.mu)
    return law.sample(like, generator).mul_(noise.sigma).add_(noise.mu)


def round_with_learned_noise(
    current: Tensor, neuron: Neuron, noise: Noise, sigma: Tensor, generator: torch.Generator
) -> Tensor:
    """A spike (T = 1) or rate (T > 1) under noise whose sigma receives a gradient.

    Args:
        current: (B, *).
        neuron: threshold and leak.
        noise: family, mean and T; its sigma is not used.
        sigma: standard deviation in units of v_th, of a shape that broadcasts to the current.
        generator: on the device of `current`.

    Returns:
        Multiples of 1/T in [0, 1], the shape of `current`. Their gradients are those of the
        expected rate in closed form.
    """
    x = widened(current)
    mean = mean_rate(x, noise, neuron, sigma)
    T, beta = noise.timesteps, neuron.beta
    z = noise.law.sample(x, generator)
    u = beta * (noise.mu + sigma.detach() * z)
    count = (u + T * x.detach() / neuron.v_th).floor_().clamp_(0, T)
    rates: Tensor = mean + (count / T - mean).detach()
    return rates.to(current.dtype)


def mean_response(current: Tensor, neuron: Neuron) -> Tensor:
    """clip(I / v_th, 0, 1): the rate over endless timesteps, without noise; any shape.

    Its gradient is 1 / v_th for currents between 0 and v_th, and 0 elsewhere.
    """
    scaled = current if neuron.v_th == 1 else current / neuron.v_th
    return nn.functional.hardtanh(scaled, 0.0, 1.0)


def check_mean_response(neuron: Neuron) -> None:
    """Raise ValueError unless the neuron's rate tends to clip(I / v_th, 0, 1)."""
    neuron.require_no_loss("mean responses (warm_up_fraction, mean_fraction, bias correction) need")
