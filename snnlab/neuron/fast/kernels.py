"""The two hot loops of the kit, as custom autograd functions.

`noisy_fire`  the single-step neuron under noise: one timestep, no potential kept.
`fast_scan`   T timesteps; without noise one saved tensor for the backward pass.

Both compute what `dynamics` computes, with fewer passes over memory. On a GPU each is a single
kernel, see `fused`; the code here runs on the CPU, and on a GPU without Triton. `torch.export`
reads torch's operations in `dynamics` instead, as an exported program runs without the kit.

`noisy_fire` does not draw Gaussian numbers. A neuron fires with probability
p = F(z), z = (mean potential - v_th) / (width of the noise), so it compares p with
uniform random bits. On the CPU these are 16 bits each, four from one draw of the
generator: p is then exact to 2^-17, and the draw costs a sixth of a Gaussian one.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.compiler import is_exporting

from snnlab.neuron import dynamics
from snnlab.neuron.fast import fused
from snnlab.neuron.spec import Neuron, Noise, Surrogate

LEVELS = 2**15


class WeightedSlope:
    """The surrogate slope at the distance (x + offset) from the threshold, times a gradient.

    Its constants become tensors on the device once, so that no call waits for a copy to a GPU.

    Args:
        surrogate: shape and width.
        offset: the rest of the potential besides x, minus the threshold.
        v_th: threshold, the unit of the width.
        like: a tensor with the type and the device of the later x.

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
        return self.add_to(None, grad, x, scratch=out, out=out)

    def add_to(
        self, total: Tensor | None, grad: Tensor, x: Tensor, *, scratch: Tensor, out: Tensor
    ) -> Tensor:
        """Write total + slope at x times grad into `out`.

        Args:
            total: the tensor to add to; None: nothing.
            grad: gradient with respect to the spikes, the shape of x.
            x: where the slope is taken.
            scratch: memory for a result in between; may be `out` if there is no total.
            out: receives the result.
        """
        z = torch.add(self.offset, x, alpha=self.scale, out=scratch)
        z = self.law.quick_slope(z, self.constant, self.width, self.v_th)
        if self.law.quick_inverse:
            if total is None:
                return torch.div(grad, z, out=out)
            return torch.addcdiv(total, grad, z, out=out)
        if total is None:
            return torch.mul(grad, z, out=out)
        return torch.addcmul(total, grad, z, out=out)


def noisy_fire(
    current: Tensor,
    neuron: Neuron,
    noise: Noise,
    surrogate: Surrogate,
    generator: torch.Generator,
) -> Tensor:
    """Spikes of the noisy single step: the potential before it is the noise and nothing else.

    Args:
        current: (B, *), any dense memory layout.
        neuron: threshold and leak.
        noise: takes the place of the residual potential.
        surrogate: slope at the mean potential, for the backward pass.
        generator: on the device of `current`.

    Returns:
        0 or 1, the shape and layout of `current`.
    """
    if fused.usable(current, noise, surrogate):
        current = fused.dense_timestep(current)
        return cast(Tensor, NoisyFire.apply(current, neuron, noise, surrogate, generator))
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
        rate, law = 1 / (neuron.beta * noise.sigma * neuron.v_th), noise.law.mirrored()
        ctx.fused = fused.usable(current, noise, surrogate)
        if ctx.fused:
            return fused.noisy_spikes(current, law, ctx.mean_offset, rate, generator)
        return below(law.lead(current, ctx.mean_offset, rate), generator)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None, None, None]:
        """Gradient with respect to the current."""
        (current,) = ctx.saved_tensors
        known = ctx.surrogate, ctx.mean_offset, ctx.v_th
        if ctx.fused:
            grad = fused.weighted_slope(grads[0], current, *known)
        else:
            grad = WeightedSlope(*known, current).times(grads[0], current)
        return grad, None, None, None, None


def below(lead: Tensor, generator: torch.Generator) -> Tensor:
    """1 with probability (1 + lead) / 2, else 0; overwrites `lead`."""
    if lead.device.type != "cpu":
        return torch.empty_like(lead).uniform_(-1, 1, generator=generator).le_(lead)
    return random_bits(lead, generator).sub_(lead, alpha=LEVELS).le_(-0.5)


def random_bits(like: Tensor, generator: torch.Generator) -> Tensor:
    """Whole numbers from -LEVELS to LEVELS - 1, equally likely, shaped like `like`; on the CPU."""
    n = like.numel()
    bits = torch.empty((n + 3) // 4, dtype=torch.int64).random_(-(2**63), None, generator=generator)
    draw = torch.empty_like(like)  # dense, so its storage can be read as one row
    draw.as_strided((n,), (1,)).copy_(bits.view(torch.int16)[:n])
    return draw


def widened(x: Tensor) -> Tensor:
    """At least float32: with fewer digits potentials add up wrongly and draws are too coarse."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def fast_scan(
    currents: Tensor,
    neuron: Neuron,
    v: Tensor,
    surrogate: Surrogate,
    noise: Noise | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """T timesteps; those with noise are fast on a GPU only.

    Args:
        currents: (T, B, *); may be one timestep expanded to T.
        neuron: threshold, leak, reset.
        v: potential to start from, (B, *).
        surrogate: slope for the backward pass.
        noise: random deviations, one per neuron and timestep; needs a generator.
        generator: on the device of the currents.

    Returns:
        Spikes (T, B, *) and the last potential (B, *).
    """
    used = (surrogate,) if noise is None else (surrogate, noise)
    if fused.usable(currents, *used) and not is_exporting():
        return fused.fused_scan(currents, neuron, v, surrogate, noise, generator)
    x, v = widened(currents), widened(v)
    if noise is None and not is_exporting():
        spikes, last = Scan.apply(x, neuron, v, surrogate)
    else:
        spikes, last = dynamics.scan(
            x, neuron, v, surrogate=surrogate, noise=noise, generator=generator
        )
    return spikes.to(currents.dtype), last


class Scan(torch.autograd.Function):
    """Charge, fire, reset over T; saves the potentials before firing if a gradient is due."""

    @staticmethod
    def forward(
        ctx: Any, currents: Tensor, neuron: Neuron, v: Tensor, surrogate: Surrogate
    ) -> tuple[Tensor, Tensor]:
        """Spikes and last potential."""
        ctx.neuron, ctx.surrogate = neuron, surrogate
        ctx.set_materialize_grads(False)  # mostly no gradient arrives for the last potential
        learning = ctx.needs_input_grad[0] or ctx.needs_input_grad[2]
        spikes = fused.like_timesteps(currents)
        potentials = fused.like_timesteps(currents) if learning else None
        last = torch.empty_like(spikes[0])
        for t, current in enumerate(currents):  # (B, *)
            h = last if potentials is None else potentials[t]
            torch.add(current, v, alpha=neuron.beta, out=h)
            torch.ge(h, neuron.v_th, out=spikes[t])
            is_last = t + 1 == len(currents)
            v = last if potentials is None or is_last else potentials[t + 1]
            reset_into(v, h, spikes[t], neuron)
        if potentials is not None:
            ctx.save_for_backward(potentials)
        return spikes, last

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, None, Tensor | None, None]:
        """Gradients with respect to the currents and the first potential."""
        (potentials,) = ctx.saved_tensors
        neuron: Neuron = ctx.neuron
        grad_spikes, grad_v = grads
        weighted = WeightedSlope(ctx.surrogate, -neuron.v_th, neuron.v_th, potentials)
        grads_in, scratch = torch.empty_like(potentials), torch.empty_like(potentials[0])
        for t in reversed(range(len(potentials))):
            h, grad = potentials[t], grads_in[t]
            if grad_v is not None and neuron.reset == "zero":
                grad_v = grad_v * (h < neuron.v_th)
            if grad_spikes is not None:
                weighted.add_to(grad_v, grad_spikes[t], h, scratch=scratch, out=grad)
            else:
                grad.copy_(grad_v)
            grad_v = grad * neuron.beta if neuron.beta != 1 else grad
        return grads_in, None, grad_v, None


def repeat_in_time(current: Tensor, timesteps: int) -> Tensor:
    """The same current (B, *) at each of T timesteps: (T, B, *), not copied."""
    if is_exporting():
        return current.expand(timesteps, *current.shape)
    return cast(Tensor, RepeatInTime.apply(current, timesteps))


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


def sum_over_time(spikes: Tensor) -> Tensor:
    """Sum of (T, B, *) over T: (B, *)."""
    if is_exporting():
        return spikes.sum(0)
    return cast(Tensor, SumOverTime.apply(spikes))


class SumOverTime(torch.autograd.Function):
    """`Tensor.sum`, but the gradient is one timestep in the layout of the spikes, repeated."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor) -> Tensor:
        """Sum."""
        ctx.timesteps, ctx.layout = len(spikes), torch.empty_like(spikes[0], device="meta")
        return torch.sum(spikes, 0, out=torch.empty_like(spikes[0]))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        """Repeat in time, not copied."""
        grad = torch.empty_like(ctx.layout, device=grads[0].device).copy_(grads[0])
        return grad.expand(ctx.timesteps, *grad.shape)


def reset_into(out: Tensor, h: Tensor, spikes: Tensor, neuron: Neuron) -> None:
    """Write the potential after firing; `out` may be h itself."""
    if neuron.reset == "subtract":
        torch.sub(h, spikes, alpha=neuron.v_th, out=out)
    else:
        torch.mul(h, spikes.logical_not(), out=out)
