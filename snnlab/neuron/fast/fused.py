"""The neuron on a GPU: each of these calls is one kernel forwards and one backwards.

They compute what `kernels` and `dynamics` compute, in float32 whatever the currents are, and
write spikes in the type of the currents. Random numbers come from Philox with a seed that one
draw of the generator gives; the seed stays on the device, so nothing waits for it.

Needs Triton, which PyTorch brings along for CUDA and ROCm. Elsewhere `usable` is False.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from snnlab.neuron.families import table_of
from snnlab.neuron.family import Density
from snnlab.neuron.spec import Neuron, Noise, Surrogate

BLOCK = 1024
"""Neurons of one program."""

HAS_TRITON = find_spec("triton") is not None

TYPES = (torch.float32, torch.float16, torch.bfloat16)


def usable(currents: Tensor, *used: Noise | Surrogate) -> bool:
    """Whether the fused kernels can run on this tensor with this noise and this surrogate.

    The tensor must be on a GPU and not float64; the Triton programs must know the distributions.
    """
    here = HAS_TRITON and currents.is_cuda and currents.dtype in TYPES
    return here and all(one.law.on_gpu is not None for one in used)


def programs(n: int) -> tuple[int]:
    """The launch grid for n neurons."""
    return (max(1, -(-n // BLOCK)),)


def draw_seed(generator: torch.Generator, device: torch.device) -> Tensor:
    """A seed for Philox as a tensor on the device, int64 (1,)."""
    return torch.empty(1, dtype=torch.int64, device=device).random_(generator=generator)


def arguments_of(law: Density, like: Tensor) -> tuple[Tensor, int, str]:
    """The arguments of a kernel that describe a distribution: table, number of intervals, name.

    Raises:
        ValueError: the Triton programs do not know the distribution, see `usable`.
    """
    if law.on_gpu is None:
        raise ValueError(f"the GPU programs do not know {law.name!r}")
    table = table_of(law.quantiles or (0.0,), torch.float32, like.device)
    return table, max(1, len(law.quantiles) - 1), law.on_gpu


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


def dense_timestep(current: Tensor) -> Tensor:
    """A current (B, *) that fills its memory without gaps: itself, or else a copy."""
    dense = torch.empty_like(current, device="meta").stride() == current.stride()
    return current if dense else current.contiguous()


def in_layout_of(grad: Tensor, like: Tensor) -> Tensor:
    """The gradient in the memory layout of `like`; copied only if its own differs."""
    return grad if grad.stride() == like.stride() else torch.empty_like(like).copy_(grad)


def noisy_spikes(
    current: Tensor, law: Density, offset: float, rate: float, generator: torch.Generator
) -> Tensor:
    """The forward pass of `kernels.noisy_fire` in one kernel, for a dense current.

    Spikes fall with probability F((current + offset) * rate), where F is that of the law.
    """
    from snnlab.neuron.fast.triton_kernels import noisy_step

    seed = draw_seed(generator, current.device)
    spikes, n = torch.empty_like(current), current.numel()
    table, block = arguments_of(law, current), BLOCK // 4
    with torch.cuda.device_of(current):
        noisy_step[programs(n)](current, spikes, n, seed, offset, rate, *table, block)
    return spikes


def weighted_slope(
    grad: Tensor, current: Tensor, surrogate: Surrogate, offset: float, v_th: float
) -> Tensor:
    """`kernels.WeightedSlope.times` in one kernel: the backward pass of `kernels.noisy_fire`."""
    from snnlab.neuron.fast.triton_kernels import weigh

    grad, out = in_layout_of(grad, current), torch.empty_like(current)
    n, width, table = current.numel(), surrogate.width * v_th, arguments_of(surrogate.law, current)
    with torch.cuda.device_of(current):
        weigh[programs(n)](grad, current, out, n, offset, width, *table, BLOCK)
    return out


def rounded_rates(current: Tensor, v_th: float, noise: Noise, generator: torch.Generator) -> Tensor:
    """The forward pass of `rounding.round_at_random` in one kernel, for a dense current."""
    from snnlab.neuron.fast.triton_kernels import rounding_step

    seed = draw_seed(generator, current.device)
    rates, n = torch.empty_like(current), current.numel()
    gain, T = noise.timesteps / v_th, float(noise.timesteps)
    law = arguments_of(noise.law, current)
    with torch.cuda.device_of(current):
        rounding_step[programs(n)](
            current, rates, n, seed, gain, T, noise.mu, noise.sigma, *law, BLOCK
        )
    return rates


def fused_scan(
    currents: Tensor,
    neuron: Neuron,
    v: Tensor,
    surrogate: Surrogate,
    noise: Noise | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """T timesteps, with or without noise at each, in one kernel.

    Args:
        currents: (T, B, *); may be one timestep expanded to T.
        neuron: threshold, leak, reset.
        v: potential to start from, (B, *).
        surrogate: slope for the backward pass.
        noise: random deviations, one per neuron and timestep; needs a generator.
        generator: on the device of the currents.

    Returns:
        Spikes (T, B, *) in the type of the currents, and the last potential (B, *), float32.

    Raises:
        ValueError: noise without a generator.
    """
    seed = None
    if noise is not None:
        if generator is None:
            raise ValueError("noise needs a torch.Generator: pass generator=")
        seed = draw_seed(generator, currents.device)
    spikes, last = FusedScan.apply(currents, neuron, v.float(), surrogate, noise, seed)
    return spikes, last


class FusedScan(torch.autograd.Function):
    """Charge, fire, reset over T; saves the potentials before firing if a gradient is due."""

    @staticmethod
    def forward(
        ctx: Any,
        currents: Tensor,
        neuron: Neuron,
        v: Tensor,
        surrogate: Surrogate,
        noise: Noise | None,
        seed: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Spikes and last potential."""
        from snnlab.neuron.fast.triton_kernels import scan_forward

        ctx.neuron, ctx.surrogate = neuron, surrogate
        ctx.set_materialize_grads(False)
        learning = ctx.needs_input_grad[0] or ctx.needs_input_grad[2]
        spikes = like_timesteps(currents)
        if currents[0].stride() != spikes[0].stride():
            currents = torch.empty_like(spikes).copy_(currents)
        start = in_layout_of(v, spikes[0])
        potentials = torch.empty_like(spikes, dtype=torch.float32) if learning else start
        last, n = torch.empty_like(spikes[0], dtype=torch.float32), start.numel()
        law = arguments_of(noise.law, start) if noise else (start, 1, "none")
        spread = noise.sigma * neuron.v_th if noise else 0.0
        with torch.cuda.device_of(start):
            scan_forward[programs(n)](
                currents, start, spikes, potentials, last, n, len(spikes), currents.stride(0),
                neuron.beta, neuron.v_th, start if seed is None else seed, spread, *law,
                neuron.reset == "subtract", learning, BLOCK,
            )  # fmt: skip
        if learning:
            ctx.save_for_backward(potentials, spikes)
        return spikes, last

    @staticmethod
    def backward(
        ctx: Any, *grads: Any
    ) -> tuple[Tensor | None, None, Tensor | None, None, None, None]:
        """Gradients with respect to the currents and the first potential."""
        from snnlab.neuron.fast.triton_kernels import scan_backward

        potentials, spikes = ctx.saved_tensors
        neuron, surrogate = ctx.neuron, ctx.surrogate
        first, n = potentials[0], potentials[0].numel()
        of_spikes, of_last = grads
        if of_spikes is not None and of_spikes[0].stride() != first.stride():
            of_spikes = torch.empty_like(spikes).copy_(of_spikes)
        if of_last is not None:
            of_last = in_layout_of(of_last.float(), first)
        grad_currents, grad_start = torch.empty_like(spikes), torch.empty_like(first)
        with torch.cuda.device_of(first):
            scan_backward[programs(n)](
                first if of_spikes is None else of_spikes, first if of_last is None else of_last,
                potentials, spikes, grad_currents, grad_start, n, len(potentials),
                0 if of_spikes is None else of_spikes.stride(0), neuron.beta, neuron.v_th,
                surrogate.width * neuron.v_th, *arguments_of(surrogate.law, first),
                neuron.reset == "subtract", of_spikes is not None,
                of_last is not None, BLOCK,
            )  # fmt: skip
        return grad_currents, None, grad_start, None, None, None
