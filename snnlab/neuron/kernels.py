"""The two hot loops of the kit, as custom autograd functions.

`noisy_fire`  the single-step neuron under noise: one timestep, no potential kept.
`fast_scan`   T timesteps without noise, one saved tensor for the backward pass.

Both compute what `dynamics` computes, with fewer passes over memory.

`noisy_fire` does not draw Gaussian numbers. A neuron fires with probability
p = F(z), z = (mean potential - v_th) / (width of the noise), so it compares p with
uniform random bits. On the CPU these are 16 bits each, four from one draw of the
generator: p is then exact to 2^-17, and the draw costs a sixth of a Gaussian one.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from snnlab.neuron.noise import LOGISTIC_RATE, SQRT2, SQRT3
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.neuron.surrogate import slope

LEVELS = 2**15


def noisy_fire(
    current: Tensor,
    neuron: Neuron,
    noise: Noise,
    surrogate: Surrogate,
    generator: torch.Generator,
) -> Tensor:
    """Spikes of the noisy single step that starts from the noise alone.

    Args:
        current: (B, *), any dense memory layout.
        neuron: threshold and leak.
        noise: stands in place of the residual potential.
        surrogate: slope at the mean potential, for the backward pass.
        generator: on the device of `current`.

    Returns:
        0 or 1, the shape and layout of `current`.
    """
    spikes: Tensor = NoisyFire.apply(widened(current), neuron, noise, surrogate, generator)
    return spikes.to(current.dtype)


class NoisyFire(torch.autograd.Function):
    """Bernoulli spikes with the closed-form probability; saves only the current."""

    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        neuron: Neuron,
        noise: Noise,
        surrogate: Surrogate,
        generator: torch.Generator,
    ) -> Tensor:
        """Spikes, 0 or 1."""
        ctx.save_for_backward(current)
        ctx.mean_offset = (neuron.beta * noise.mu - 1) * neuron.v_th
        ctx.v_th, ctx.surrogate = neuron.v_th, surrogate
        width = neuron.beta * noise.sigma * neuron.v_th
        lead = signed_probability(noise.family, current, ctx.mean_offset, 1 / width)
        return below(lead, generator)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None, None, None]:
        """Gradient with respect to the current."""
        (current,) = ctx.saved_tensors
        grad = sloped(grads[0], current, ctx.mean_offset, ctx.v_th, ctx.surrogate)
        return grad, None, None, None, None


def signed_probability(family: str, x: Tensor, offset: float, rate: float) -> Tensor:
    """2 F((x + offset) * rate) - 1, between -1 and 1 (beyond them where uniform noise ends)."""
    if family == "gaussian":
        return affine(x, offset, rate / SQRT2).erf_()
    if family == "uniform":
        return affine(x, offset, rate / SQRT3)
    return affine(x, offset, 2 * rate * LOGISTIC_RATE).sigmoid_().mul_(2).sub_(1)


def below(lead: Tensor, generator: torch.Generator) -> Tensor:
    """1 with probability (1 + lead) / 2, else 0; overwrites `lead`."""
    if lead.device.type != "cpu":
        return torch.empty_like(lead).uniform_(-1, 1, generator=generator).le_(lead)
    n = lead.numel()
    bits = torch.empty((n + 3) // 4, dtype=torch.int64).random_(-(2**63), None, generator=generator)
    draw = torch.empty_like(lead)  # dense, so its storage can be read as one row
    draw.as_strided((n,), (1,)).copy_(bits.view(torch.int16)[:n])  # -2^15 .. 2^15 - 1
    return draw.sub_(lead, alpha=LEVELS).le_(-0.5)


def sloped(grad: Tensor, x: Tensor, offset: float, v_th: float, surrogate: Surrogate) -> Tensor:
    """Multiply grad by the surrogate slope at the distance (x + offset) from the threshold."""
    width = surrogate.width * v_th
    if surrogate.shape == "gaussian":
        z = affine(x, offset, 1 / (SQRT2 * width))
        log_peak = x.new_tensor(-math.log(math.sqrt(2 * math.pi) * width))
        return torch.addcmul(log_peak, z, z, value=-1, out=z).exp_().mul_(grad)
    if surrogate.shape == "uniform":
        inside = affine(x, offset, 1.0).abs_().le_(SQRT3 * width)
        return inside.mul_(grad).mul_(1 / (2 * SQRT3 * width))
    return grad * slope(surrogate, affine(x, offset, 1 / v_th)) / v_th


def widened(x: Tensor) -> Tensor:
    """At least float32: with fewer digits potentials add up wrongly and draws are too coarse."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def affine(x: Tensor, offset: float, rate: float) -> Tensor:
    """(x + offset) * rate in one pass, as a new tensor."""
    return torch.add(x.new_tensor(offset * rate), x, alpha=rate)


def fast_scan(
    currents: Tensor, neuron: Neuron, v: Tensor, surrogate: Surrogate
) -> tuple[Tensor, Tensor]:
    """T timesteps without noise.

    Args:
        currents: (T, B, *); may be one timestep expanded to T.
        neuron: threshold, leak, reset.
        v: potential to start from, (B, *).
        surrogate: slope for the backward pass.

    Returns:
        Spikes (T, B, *) and the last potential (B, *).
    """
    spikes, last = Scan.apply(widened(currents), neuron, widened(v), surrogate)
    return spikes.to(currents.dtype), last


class Scan(torch.autograd.Function):
    """Charge, fire, reset over T; saves the potentials before firing if a gradient is due."""

    @staticmethod
    def forward(
        ctx: Any, currents: Tensor, neuron: Neuron, v: Tensor, surrogate: Surrogate
    ) -> tuple[Tensor, Tensor]:
        """Spikes and last potential."""
        ctx.neuron, ctx.surrogate = neuron, surrogate
        learning = ctx.needs_input_grad[0] or ctx.needs_input_grad[2]
        spikes = like_timesteps(currents)
        potentials = like_timesteps(currents) if learning else None
        h = v
        for t, current in enumerate(currents):  # (B, *)
            room = h if t else torch.empty_like(current)
            if potentials is not None:
                room = potentials[t]
            h = torch.add(current, h, alpha=neuron.beta, out=room)
            torch.ge(h, neuron.v_th, out=spikes[t])
            h = reset_after(h, spikes[t], neuron, keep=learning)
        if potentials is not None:
            ctx.save_for_backward(potentials)
        return spikes, h

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, None, Tensor | None, None]:
        """Gradients with respect to the currents and the first potential."""
        (potentials,) = ctx.saved_tensors
        neuron: Neuron = ctx.neuron
        grad_spikes, grad_v = grads
        grad_currents = torch.empty_like(potentials)
        for t in reversed(range(len(potentials))):
            h = potentials[t]
            if neuron.reset == "zero":
                grad_v = grad_v * (h < neuron.v_th)
            grad_h = sloped(grad_spikes[t], h, -neuron.v_th, neuron.v_th, ctx.surrogate)
            torch.add(grad_h, grad_v, out=grad_currents[t])
            grad_v = grad_currents[t] * neuron.beta if neuron.beta != 1 else grad_currents[t]
        return grad_currents, None, grad_v, None


def repeat_in_time(current: Tensor, timesteps: int) -> Tensor:
    """The same current (B, *) at each of T timesteps: (T, B, *), not copied."""
    repeated: Tensor = RepeatInTime.apply(current, timesteps)
    return repeated


class RepeatInTime(torch.autograd.Function):
    """`Tensor.expand`, but the gradient keeps the memory layout of the current."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, timesteps: int) -> Tensor:
        """Repeat."""
        ctx.layout = torch.empty_like(current, device="meta")
        return current.expand(timesteps, *current.shape)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        """Sum over time."""
        grad = grads[0]
        if len(grad) == 1:
            return grad.squeeze(0), None
        total = torch.empty_like(ctx.layout, device=grad.device)
        return torch.sum(grad, 0, out=total), None


def reset_after(h: Tensor, spikes: Tensor, neuron: Neuron, *, keep: bool) -> Tensor:
    """Potential after firing; in place unless h must be kept."""
    if neuron.reset == "subtract":
        return torch.sub(h, spikes, alpha=neuron.v_th, out=None if keep else h)
    return torch.mul(h, spikes.logical_not(), out=None if keep else h)


def like_timesteps(currents: Tensor) -> Tensor:
    """Empty (T, B, *) whose timesteps keep the memory layout of currents[0] when folded."""
    first = currents[0]  # (B, *)
    shape = (len(currents) * len(first), *first.shape[1:])  # (T * B, *)
    layout = torch.contiguous_format
    nhwc = first.ndim == 4 and first.is_contiguous(memory_format=torch.channels_last)
    if nhwc and not first.is_contiguous():
        layout = torch.channels_last
    folded = torch.empty(shape, dtype=first.dtype, device=first.device, memory_format=layout)
    return folded.view(*currents.shape)
